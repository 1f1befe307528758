/** Kubernetes objects out of the cluster's state: Nodes, pods of kube-system, workloads, leases. */
import type { Latencies } from '../latencies.ts';
import { seededUuid } from '../seeded.ts';
import type { ClusterState, World } from '../machine/turn.ts';
import { readinessOf, type KubernetesNode } from './kubernetes.ts';

export interface ClusterMoment {
  readonly world: World;
  readonly cluster: ClusterState;
  readonly now: number;
  readonly latencies: Latencies;
}

export type KubernetesObject = Readonly<Record<string, unknown>> & { readonly metadata: ObjectMeta };

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export function nodeObjects(moment: ClusterMoment): readonly KubernetesObject[] {
  return Object.values(moment.cluster.kubernetes.nodes)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => nodeObject(node, moment));
}

function nodeObject(node: KubernetesNode, moment: ClusterMoment): KubernetesObject {
  const { now, latencies, world, cluster } = moment;
  const readiness = readinessOf(node, now, latencies.nodeMonitorGrace);
  const definition = world.machines[node.machine]?.definition;
  const resources = {
    cpu: String(definition?.cores ?? 4),
    memory: `${Math.round((definition?.memoryBytes ?? 0) / 1024)}Ki`,
    pods: '110',
  };
  const taints = taintsOf(node, readiness);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      uid: node.uid,
      resourceVersion: String(cluster.kubernetes.resourceVersion),
      creationTimestamp: timeText(node.registeredAt),
      labels: node.labels,
      annotations: node.annotations,
    },
    spec: {
      podCIDR: node.podCidr,
      podCIDRs: [node.podCidr],
      ...(node.unschedulable ? { unschedulable: true } : {}),
      ...(taints.length > 0 ? { taints } : {}),
    },
    status: {
      addresses: [
        ...node.addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: node.name },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: nodeConditions(node, readiness, now),
      nodeInfo: nodeInfo(node, moment),
    },
  };
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function nodeConditions(
  node: KubernetesNode,
  readiness: 'True' | 'False' | 'Unknown',
  now: number,
): readonly Readonly<Record<string, string>>[] {
  const times = {
    lastHeartbeatTime: timeText(node.isKubeletUp ? now : node.heardAt),
    lastTransitionTime: timeText(node.registeredAt),
  };
  const pressure = readiness === 'Unknown' ? 'Unknown' : 'False';
  const condition = (
    type: string,
    status: string,
    reason: string,
    message: string,
  ): Readonly<Record<string, string>> => ({
    type,
    status,
    reason,
    message,
    ...times,
  });
  return [
    condition('MemoryPressure', pressure, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    condition('DiskPressure', pressure, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition('PIDPressure', pressure, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    readyCondition(readiness, condition),
  ];
}

function nodeInfo(node: KubernetesNode, { world }: ClusterMoment): Readonly<Record<string, string>> {
  const machine = world.machines[node.machine];
  return {
    machineID: node.uid.replaceAll('-', ''),
    systemUUID: machine?.definition.uuid ?? '',
    bootID: machine?.run?.bootId ?? '',
    kernelVersion: node.kernel,
    osImage: `Talos (${node.talos})`,
    containerRuntimeVersion: 'containerd://2.1.5',
    kubeletVersion: node.kubeletVersion,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: machine?.definition.arch ?? 'amd64',
  };
}

function readyCondition(
  readiness: 'True' | 'False' | 'Unknown',
  condition: (type: string, status: string, reason: string, message: string) => Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  switch (readiness) {
    case 'True':
      return condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status');
    case 'False':
      return condition(
        'Ready',
        'False',
        'KubeletNotReady',
        'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
      );
    case 'Unknown':
      return condition('Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.');
  }
}

function taintsOf(
  node: KubernetesNode,
  readiness: 'True' | 'False' | 'Unknown',
): readonly Readonly<Record<string, string>>[] {
  const own = node.taints.map((taint) => ({
    key: taint.key,
    effect: taint.effect,
    ...(taint.value === undefined ? {} : { value: taint.value }),
  }));
  const cordon = node.unschedulable ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : [];
  const unready =
    readiness === 'True'
      ? []
      : [
          {
            key: readiness === 'Unknown' ? 'node.kubernetes.io/unreachable' : 'node.kubernetes.io/not-ready',
            effect: 'NoSchedule',
          },
        ];
  return [...own, ...cordon, ...unready];
}

/** Static pods of the control planes, and what the manifests bring: flannel, kube-proxy, CoreDNS. */
export function podObjects(moment: ClusterMoment): readonly KubernetesObject[] {
  const { cluster, world } = moment;
  const pods: KubernetesObject[] = [];
  const nodes = Object.values(cluster.kubernetes.nodes).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const node of nodes) {
    const facts = world.machines[node.machine]?.run?.config?.facts;
    for (const [component, state] of Object.entries(world.machines[node.machine]?.run?.staticPods ?? {})) {
      const isReady = state === 'running' && node.isKubeletUp;
      const labels = { component, 'k8s-app': component, tier: 'control-plane' };
      pods.push(
        pod(moment, node, {
          name: `${component}-${node.name}`,
          labels,
          image: imageOf(facts?.images, component),
          isReady,
          annotations: { 'talos.dev/config-version': '1' },
        }),
      );
    }
    if (cluster.kubernetes.manifestsAppliedAt === undefined) continue;
    if (facts?.cni === 'flannel')
      pods.push(
        pod(moment, node, {
          name: `kube-flannel-${short(node)}`,
          labels: { 'k8s-app': 'flannel', tier: 'node' },
          image: 'ghcr.io/siderolabs/flannel:0.28.8',
          isReady: node.hasNetwork && node.isKubeletUp,
        }),
      );
    if (facts?.hasProxy === true)
      pods.push(
        pod(moment, node, {
          name: `kube-proxy-${short(node)}`,
          labels: { 'k8s-app': 'kube-proxy', tier: 'node' },
          image: facts.images.proxy,
          isReady: node.isKubeletUp,
        }),
      );
  }
  return [...pods, ...coreDnsPods(moment, nodes)];
}

function coreDnsPods(moment: ClusterMoment, nodes: readonly KubernetesNode[]): readonly KubernetesObject[] {
  if (!hasCoreDns(moment)) return [];
  const ready = nodes.filter((node) => readinessOf(node, moment.now, moment.latencies.nodeMonitorGrace) === 'True');
  return [0, 1].map((index) => {
    const node = ready[index % Math.max(1, ready.length)];
    return pod(moment, node, {
      name: `coredns-${index}`,
      labels: { 'k8s-app': 'kube-dns' },
      image: 'registry.k8s.io/coredns/coredns:v1.14.6',
      isReady: node !== undefined,
    });
  });
}

function hasCoreDns({ cluster, world }: ClusterMoment): boolean {
  if (cluster.kubernetes.manifestsAppliedAt === undefined) return false;
  return Object.values(world.machines).some(
    (machine) =>
      machine.run?.config?.facts.clusterKey === cluster.id &&
      machine.run.config.facts.role === 'controlplane' &&
      machine.run.config.facts.hasCoreDns,
  );
}

export function daemonSetObjects(moment: ClusterMoment): readonly KubernetesObject[] {
  const pods = podObjects(moment);
  return [
    ['kube-flannel', 'flannel'],
    ['kube-proxy', 'kube-proxy'],
  ].flatMap(([name = '', app = '']) => {
    const own = pods.filter((candidate) => candidate.metadata.labels?.['k8s-app'] === app);
    if (own.length === 0) return [];
    return [
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name, namespace: 'kube-system', labels: { 'k8s-app': app } },
        spec: {},
        status: { desiredNumberScheduled: own.length, numberReady: own.filter(isReadyPod).length },
      },
    ];
  });
}

export function deploymentObjects(moment: ClusterMoment): readonly KubernetesObject[] {
  const own = podObjects(moment).filter((candidate) => candidate.metadata.labels?.['k8s-app'] === 'kube-dns');
  if (own.length === 0) return [];
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
      spec: { replicas: 2 },
      status: { replicas: own.length, readyReplicas: own.filter(isReadyPod).length },
    },
  ];
}

export function leaseObjects(moment: ClusterMoment): readonly KubernetesObject[] {
  return Object.values(moment.cluster.kubernetes.nodes).map((node) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: node.name, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: node.name,
      leaseDurationSeconds: 40,
      renewTime: new Date(node.isKubeletUp ? moment.now : node.heardAt).toISOString().replace('Z', '000Z'),
    },
  }));
}

interface PodOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly isReady: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

function pod(moment: ClusterMoment, node: KubernetesNode | undefined, options: PodOptions): KubernetesObject {
  const status = options.isReady ? 'True' : 'False';
  const hostIP = node?.addresses[0];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: options.name,
      namespace: 'kube-system',
      uid: seededUuid(moment.world.seed, `pod/${options.name}`),
      labels: options.labels,
      annotations: options.annotations ?? {},
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node.name }),
      containers: [{ name: options.labels['k8s-app'] ?? options.name, image: options.image }],
      hostNetwork: true,
    },
    status: {
      phase: node === undefined || !options.isReady ? 'Pending' : 'Running',
      ...(hostIP === undefined ? {} : { hostIP, podIP: hostIP }),
      conditions: [
        { type: 'PodScheduled', status: node === undefined ? 'False' : 'True' },
        { type: 'Initialized', status },
        { type: 'ContainersReady', status },
        { type: 'Ready', status },
      ],
      containerStatuses: [
        {
          name: options.labels['k8s-app'] ?? options.name,
          ready: options.isReady,
          restartCount: 0,
          image: options.image,
          imageID: '',
          state: options.isReady ? { running: {} } : { waiting: { reason: 'ContainerCreating' } },
        },
      ],
    },
  };
}

function isReadyPod(object: KubernetesObject): boolean {
  const { status } = object;
  return typeof status === 'object' && status !== null && 'phase' in status && status.phase === 'Running';
}

function imageOf(
  images: { readonly apiServer: string; readonly controllerManager: string; readonly scheduler: string } | undefined,
  component: string,
): string {
  if (images === undefined) return component;
  if (component === 'kube-apiserver') return images.apiServer;
  return component === 'kube-scheduler' ? images.scheduler : images.controllerManager;
}

function short(node: KubernetesNode): string {
  return node.uid.slice(0, 5);
}
