/** Resources about the cluster, etcd and Kubernetes as the node sees them (talos-2-resources.md §2.6, §2.7). */
import { readinessOf } from '../../cluster/kubernetes.ts';
import { defaultEtcdImage } from '../../versions.ts';
import { clusterViews, type MachineView } from '../view.ts';
import { nodeIdentity } from './node.ts';
import { isRunningView, one, type Projection, type ResourceDraft, type RunningView } from './resource.ts';

export const CLUSTER_PROJECTIONS: Readonly<Record<string, Projection>> = {
  'Members.cluster.talos.dev': (view) =>
    view.run.config?.facts.isComplete === true ? knownViews(view).map(memberDraft) : [],
  'Affiliates.cluster.talos.dev': (view) =>
    view.run.config?.facts.isComplete === true
      ? knownViews(view).map((other) => ({
          ...memberDraft(other),
          id: nodeIdentity(other),
          owner: 'cluster.LocalAffiliateController',
        }))
      : [],
  'Identities.cluster.talos.dev': (view) =>
    one('local', 'cluster.NodeIdentityController', { nodeId: nodeIdentity(view) }),
  'Infos.cluster.talos.dev': ({ run }) =>
    run.config?.facts.isComplete === true
      ? one('current', 'cluster.InfoController', {
          clusterId: run.config.facts.clusterId,
          clusterName: run.config.facts.clusterName,
        })
      : [],
  'EtcdMembers.etcd.talos.dev': ({ run, member }) =>
    run.etcd === 'running' && run.services['etcd']?.healthy === true && member !== undefined
      ? one('local', 'etcd.MemberController', { memberID: member.id })
      : [],
  'EtcdSpecs.etcd.talos.dev': (view) =>
    controlPlane(view, () =>
      one('etcd', 'etcd.SpecController', {
        name: view.network.hostname,
        advertisedAddresses: ownIps(view),
        listenPeerAddresses: ['0.0.0.0'],
        listenClientAddresses: ['0.0.0.0'],
        image: view.run.config?.facts.images.etcd ?? defaultEtcdImage(view.run.version),
        extraArgs: {},
      }),
    ),
  'EtcdConfigs.etcd.talos.dev': (view) =>
    controlPlane(view, () =>
      one('etcd', 'etcd.ConfigController', {
        advertiseExcludeSubnets: [],
        listenExcludeSubnets: [],
        image: view.run.config?.facts.images.etcd ?? defaultEtcdImage(view.run.version),
        extraArgs: {},
      }),
    ),
  'PKIStatuses.etcd.talos.dev': (view) =>
    controlPlane(view, () => one('etcd', 'etcd.PKIController', { ready: true, version: '1' })),
  'Nodenames.kubernetes.talos.dev': ({ run, network }) =>
    run.config?.facts.isComplete === true
      ? one('nodename', 'k8s.NodenameController', {
          nodename: network.hostname,
          hostnameVersion: '1',
          skipNodeRegistration: false,
        })
      : [],
  'NodeStatuses.kubernetes.talos.dev': (view) => {
    const { node } = view;
    if (node === undefined) return [];
    return one(node.name, 'k8s.NodeStatusController', {
      nodename: node.name,
      nodeReady: readinessOf(node, view.now, view.latencies.nodeMonitorGrace) === 'True',
      unschedulable: node.unschedulable,
      labels: node.labels,
      annotations: node.annotations,
      podCIDRs: [node.podCidr],
    });
  },
  'NodeIPs.kubernetes.talos.dev': (view) =>
    view.run.config?.facts.isComplete === true
      ? one('kubelet', 'k8s.NodeIPController', { addresses: ownIps(view) })
      : [],
  'KubeletSpecs.kubernetes.talos.dev': (view) =>
    view.run.config?.facts.isComplete === true
      ? one('kubelet', 'k8s.KubeletSpecController', {
          image: view.run.config.facts.images.kubelet,
          args: [`--hostname-override=${view.network.hostname}`, `--node-ip=${ownIps(view).join(',')}`],
          expectedNodename: view.network.hostname,
          config: {
            apiVersion: 'kubelet.config.k8s.io/v1beta1',
            kind: 'KubeletConfiguration',
            clusterDomain: view.run.config.facts.dnsDomain,
          },
        })
      : [],
  'StaticPods.kubernetes.talos.dev': (view) =>
    view.run.etcd === 'running'
      ? components(view).map(([name, image]) => ({
          id: name,
          owner: 'k8s.ControlPlaneStaticPodController',
          spec: staticPod(name, image),
        }))
      : [],
  'StaticPodStatuses.kubernetes.talos.dev': (view) =>
    components(view)
      .filter(([name]) => view.run.staticPods[name] !== undefined)
      .map(([name]) => ({
        id: `kube-system/${name}-${view.network.hostname}`,
        owner: 'k8s.KubeletStaticPodController',
        spec: podStatus(view.run.staticPods[name] === 'running'),
      })),
  'APIServerConfigs.kubernetes.talos.dev': (view) =>
    componentConfig(view, 'kube-apiserver', { controlPlaneEndpoint: view.run.config?.facts.endpoint, localPort: 6443 }),
  'ControllerManagerConfigs.kubernetes.talos.dev': (view) =>
    componentConfig(view, 'kube-controller-manager', {
      enabled: true,
      podCIDRs: view.run.config?.facts.podCidrs,
      serviceCIDRs: view.run.config?.facts.serviceCidrs,
    }),
  'SchedulerConfigs.kubernetes.talos.dev': (view) => componentConfig(view, 'kube-scheduler', { enabled: true }),
  'KubePrismStatuses.kubernetes.talos.dev': ({ run, cluster }) =>
    run.config?.facts.isComplete === true
      ? one('k8s-loadbalancer', 'k8s.KubePrismController', {
          host: '127.0.0.1:7445',
          healthy: Object.keys(cluster?.kubernetes.apiServers ?? {}).length > 0,
        })
      : [],
  'BootstrapManifestsConfigs.kubernetes.talos.dev': (view) =>
    controlPlane(view, ({ run: { config } }) =>
      one('manifests', 'k8s.ControlPlaneBootstrapManifestsController', {
        proxyEnabled: config?.facts.hasProxy,
        proxyImage: config?.facts.images.proxy,
        coreDNSEnabled: config?.facts.hasCoreDns,
        flannelEnabled: config?.facts.cni === 'flannel',
      }),
    ),
  'ManifestStatuses.kubernetes.talos.dev': (view) =>
    view.cluster?.kubernetes.manifestsAppliedAt === undefined
      ? []
      : controlPlane(view, () =>
          one('manifests', 'k8s.ManifestApplyController', {
            manifestsApplied: [
              '00-kubelet-bootstrapping-token',
              '01-csr-node-bootstrap',
              '05-flannel',
              '10-kube-proxy',
              '11-core-dns',
            ],
          }),
        ),
  'Endpoints.kubernetes.talos.dev': (view) =>
    view.run.config?.facts.isComplete === true
      ? one('controlplane', 'k8s.StaticEndpointController', {
          addresses: knownViews(view)
            .filter((other) => other.run.config?.facts.role === 'controlplane')
            .flatMap(ownIps),
          hosts: [],
        })
      : [],
  'OSRootSecrets.secrets.talos.dev': ({ run }) => {
    const ca = run.config?.facts.talosCa;
    if (ca === undefined) return [];
    const encode = (pem: string | undefined): string => Buffer.from(pem ?? '').toString('base64');
    return one('os', 'secrets.RootOSController', {
      issuingCA: { crt: encode(ca.crt), key: encode(ca.key) },
      acceptedCAs: [ca.crt, ...(run.config?.facts.acceptedCas ?? [])].map((crt) => ({ crt: encode(crt) })),
      certSANIPs: [],
      certSANDNSNames: run.config?.facts.certSans ?? [],
    });
  },
};

/** The address that the cluster knows the node by. */
export function ownIps(view: MachineView): readonly string[] {
  return view.network.addresses
    .filter((address) => address.source !== 'vip')
    .map((address) => address.ip)
    .slice(0, 1);
}

/** With discovery, all machines of the cluster; without it, what Kubernetes knows: only this one. */
export function knownViews(view: RunningView): readonly RunningView[] {
  if (view.run.config?.facts.isDiscoveryOn === false) return [view];
  return clusterViews(view).filter(isRunningView);
}

function memberDraft(view: RunningView): ResourceDraft {
  const role = view.run.config?.facts.role ?? 'worker';
  return {
    id: view.network.hostname,
    owner: 'cluster.MemberController',
    spec: {
      nodeId: nodeIdentity(view),
      addresses: ownIps(view),
      hostname: view.network.hostname,
      machineType: role,
      operatingSystem: `Talos (${view.run.version.text})`,
      controlPlane: role === 'controlplane' ? { port: 6443 } : undefined,
    },
  };
}

function controlPlane(
  view: RunningView,
  make: (view: RunningView) => readonly ResourceDraft[],
): readonly ResourceDraft[] {
  return view.run.config?.facts.isComplete === true && view.run.config.facts.role === 'controlplane' ? make(view) : [];
}

function components(view: RunningView): readonly (readonly [string, string])[] {
  const images = view.run.config?.facts.images;
  if (images === undefined || view.run.config?.facts.role !== 'controlplane') return [];
  return [
    ['kube-apiserver', images.apiServer],
    ['kube-controller-manager', images.controllerManager],
    ['kube-scheduler', images.scheduler],
  ];
}

function componentConfig(
  view: RunningView,
  id: string,
  more: Readonly<Record<string, unknown>>,
): readonly ResourceDraft[] {
  const image = components(view).find(([name]) => name === id)?.[1];
  return image === undefined ? [] : one(id, 'k8s.ControlPlaneController', { image, extraArgs: {}, ...more });
}

function staticPod(name: string, image: string): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      annotations: { 'talos.dev/config-version': '1' },
      labels: { component: name, 'k8s-app': name, tier: 'control-plane' },
      name,
      namespace: 'kube-system',
    },
    spec: {
      containers: [{ name, image, command: [`/usr/local/bin/${name}`] }],
      hostNetwork: true,
      priorityClassName: 'system-cluster-critical',
    },
  };
}

function podStatus(isRunning: boolean): Readonly<Record<string, unknown>> {
  const status = isRunning ? 'True' : 'False';
  return {
    phase: isRunning ? 'Running' : 'Pending',
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: type === 'PodScheduled' ? 'True' : status,
    })),
  };
}
