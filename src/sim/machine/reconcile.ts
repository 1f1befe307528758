/**
 * What a running machine does next, looked at anew after everything that happens: images, kubelet, etcd, static pods, the Node, its network, the
 * VIP. Level-triggered, so that nothing is lost when machines come and go.
 */
import { hasQuorum, memberOf } from '../cluster/etcd.ts';
import { isApiUp, registerNode, setApiServer, updateNode } from '../cluster/kubernetes.ts';
import { seededUuid } from '../seeded.ts';
import { completeBoot } from './etcd.ts';
import { networkOf } from './network.ts';
import { isHealthy, setHealth, setService } from './services.ts';
import type { Run } from './state.ts';
import { nodeNameOf, refreshStatus } from './status.ts';
import {
  clusterOf,
  hasJob,
  machineOf,
  runOf,
  startJob,
  updateCluster,
  updateMachine,
  updateRun,
  type ClusterState,
  type Turn,
} from './turn.ts';

export function reconcile(turn: Turn): void {
  const { run } = machineOf(turn);
  if (run?.config?.facts.isComplete !== true || !['booting', 'running'].includes(run.stage)) {
    if (run !== undefined) refreshStatus(turn);
    return;
  }
  if (isHealthy(turn, 'cri')) startContainers(turn);
  const cluster = clusterOf(turn);
  if (cluster !== undefined) {
    if (run.config.facts.role === 'controlplane') reconcileControlPlane(turn, cluster);
    reconcileNode(turn);
  }
  completeBoot(turn);
  refreshStatus(turn);
}

function startContainers(turn: Turn): void {
  const run = runOf(turn);
  const { latencies } = turn;
  if (run.services['kubelet']?.state === 'Waiting') {
    setService(turn, 'kubelet', 'Preparing', 'Running pre state');
    startJob(
      turn,
      'kubelet-pull',
      pullTime(turn, run.config?.facts.images.kubelet ?? 'kubelet', latencies.kubeletPull),
    );
  }
  if (run.services['etcd']?.state === 'Waiting') {
    setService(turn, 'etcd', 'Preparing', 'Running pre state');
    startJob(turn, 'etcd-pull', pullTime(turn, run.config?.facts.images.etcd ?? 'etcd', latencies.etcdPull));
  }
  for (const [id, service] of Object.entries(run.services)) {
    if (!id.startsWith('ext-') || service.state !== 'Waiting') continue;
    setService(turn, id, 'Running', `Started task ${id} (PID 2020) for container ${id}`);
    setHealth(turn, id, { healthy: true });
  }
}

function pullTime(turn: Turn, image: string, ms: number): number {
  return machineOf(turn).installation?.images.includes(image) === true ? 100 : ms;
}

/** Notes that an image is on the disk from now on. */
export function keepImage(turn: Turn, image: string): void {
  const { installation } = machineOf(turn);
  if (installation === undefined || installation.images.includes(image)) return;
  updateMachine(turn, {
    installation: { ...installation, hasEphemeral: true, images: [...installation.images, image] },
  });
}

function reconcileControlPlane(turn: Turn, cluster: ClusterState): void {
  const run = runOf(turn);
  if (run.etcd === 'waiting' && hasQuorum(cluster.etcd) && canFindOthers(run) && !hasJob(turn, 'etcd-join'))
    startJob(turn, 'etcd-join', turn.latencies.etcdJoin);
  if (run.etcd !== 'running' || run.kubelet !== 'healthy') return;
  const pods: readonly (readonly [string, number])[] = [
    ['kube-apiserver', turn.latencies.apiServer],
    ['kube-controller-manager', turn.latencies.controllerManager],
    ['kube-scheduler', turn.latencies.scheduler],
  ];
  for (const [pod, startMs] of pods) {
    if (run.staticPods[pod] !== undefined) continue;
    updateRun(turn, { staticPods: { ...runOf(turn).staticPods, [pod]: 'pulling' } });
    startJob(turn, pod, pullTime(turn, pod, turn.latencies.staticPodPull) + startMs);
  }
  reconcileVip(turn, cluster);
}

/** Members find each other through the discovery service or, without it, through the endpoint, which needs a running API. */
function canFindOthers(run: Run): boolean {
  return run.config !== undefined;
}

export function staticPodStarted(turn: Turn, pod: string): void {
  updateRun(turn, { staticPods: { ...runOf(turn).staticPods, [pod]: 'running' } });
  keepImage(turn, pod);
  const cluster = clusterOf(turn);
  if (pod !== 'kube-apiserver' || cluster === undefined) return;
  const kubernetes = setApiServer(cluster.kubernetes, turn.name, turn.now);
  updateCluster(turn, {
    ...cluster,
    kubernetes: {
      ...kubernetes,
      manifestsAppliedAt: kubernetes.manifestsAppliedAt ?? turn.now,
      // The CNI is a manifest of the control planes; what a worker's config says of it does not matter.
      ...(runOf(turn).config?.facts.cni === 'none' ? {} : { cniInstalledAt: kubernetes.cniInstalledAt ?? turn.now }),
    },
  });
}

function reconcileVip(turn: Turn, cluster: ClusterState): void {
  const wish = runOf(turn).config?.facts.network.vip;
  const member = memberOf(cluster.etcd, turn.name);
  if (wish === undefined || member === undefined || member.isLearner || !hasQuorum(cluster.etcd)) return;
  const vip = cluster.kubernetes.vip;
  if (vip?.owner !== undefined || hasJob(turn, 'vip-claim')) return;
  startJob(turn, 'vip-claim', Math.max(0, (vip?.freeAt ?? 0) - turn.now) + turn.latencies.vipClaim);
}

/** Whoever comes first owns the address until its etcd session ends. */
export function claimVip(turn: Turn): void {
  const cluster = clusterOf(turn);
  const wish = runOf(turn).config?.facts.network.vip;
  if (
    cluster === undefined ||
    wish === undefined ||
    cluster.kubernetes.vip?.owner !== undefined ||
    !hasQuorum(cluster.etcd) ||
    runOf(turn).etcd !== 'running'
  )
    return;
  if ((cluster.kubernetes.vip?.freeAt ?? 0) > turn.now) return;
  updateCluster(turn, {
    ...cluster,
    kubernetes: { ...cluster.kubernetes, vip: { ip: wish.ip, owner: turn.name, freeAt: 0 } },
  });
  updateRun(turn, { hadVip: true, apiGeneration: runOf(turn).apiGeneration + 1 });
}

function reconcileNode(turn: Turn): void {
  const cluster = clusterOf(turn);
  const run = runOf(turn);
  if (cluster === undefined || run.kubelet !== 'healthy' || !isApiUp(cluster.kubernetes, cluster.etcd)) return;
  const node = cluster.kubernetes.nodes[nodeNameOf(turn)];
  if (node === undefined || node.machine !== turn.name || !node.isKubeletUp) {
    if (!hasJob(turn, 'node-register')) startJob(turn, 'node-register', turn.latencies.nodeRegistration);
    return;
  }
  if (!node.hasNetwork && cluster.kubernetes.cniInstalledAt !== undefined && !hasJob(turn, 'cni'))
    startJob(turn, 'cni', turn.latencies.cni);
}

export function nodeRegistered(turn: Turn): void {
  const cluster = clusterOf(turn);
  const run = runOf(turn);
  const { config } = run;
  if (cluster === undefined || config === undefined || !isApiUp(cluster.kubernetes, cluster.etcd)) return;
  const name = nodeNameOf(turn);
  const before = cluster.kubernetes.nodes[name];
  const network = networkOf(machineOf(turn), config.facts.network, turn.world.seed);
  const addresses = network.addresses.filter((address) => address.source !== 'vip').map((address) => address.ip);
  const live = {
    machine: turn.name,
    addresses,
    isKubeletUp: true,
    heardAt: turn.now,
    kubeletVersion: tagOf(config.facts.images.kubelet),
    talos: run.version.text,
  };
  if (before !== undefined) {
    const unschedulable = before.unschedulable && run.cordoned;
    updateCluster(turn, {
      ...cluster,
      kubernetes: updateNode(cluster.kubernetes, name, {
        ...live,
        unschedulable,
        labels: { ...before.labels, ...config.facts.labels },
      }),
    });
    return;
  }
  const count = Object.keys(cluster.kubernetes.nodes).length;
  updateCluster(turn, {
    ...cluster,
    kubernetes: registerNode(cluster.kubernetes, {
      ...live,
      name,
      uid: seededUuid(turn.world.seed, `${turn.name}/node`),
      isControlPlane: config.facts.role === 'controlplane',
      kernel: '6.18.33-talos',
      labels: {
        'beta.kubernetes.io/arch': machineOf(turn).definition.arch,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': machineOf(turn).definition.arch,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...config.facts.labels,
      },
      annotations: config.facts.annotations,
      taints: config.facts.taints,
      podCidr: `${config.facts.podCidrs[0]?.split('.').slice(0, 2).join('.') ?? '10.244'}.${count}.0/24`,
      registeredAt: turn.now,
      hasNetwork: false,
      unschedulable: false,
    }),
  });
}

export function nodeNetworkReady(turn: Turn): void {
  const cluster = clusterOf(turn);
  if (cluster === undefined) return;
  updateCluster(turn, {
    ...cluster,
    kubernetes: updateNode(cluster.kubernetes, nodeNameOf(turn), { hasNetwork: true }),
  });
}

function tagOf(image: string): string {
  const tag = /:([^/:@]+)(?:@.*)?$/.exec(image)?.[1] ?? 'v0.0.0';
  return tag.replace(/-(fat|slim)$/, '');
}
