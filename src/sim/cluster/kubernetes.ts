/**
 * Kubernetes as bring-up sees it: which API servers answer, the Nodes with their readiness, the layer 2 VIP's owner. Pods and
 * leases are derived from it when they are asked for.
 */
import { hasQuorum, type EtcdCluster } from './etcd.ts';

export interface KubernetesNode {
  readonly name: string;
  readonly machine: string;
  readonly uid: string;
  readonly isControlPlane: boolean;
  readonly addresses: readonly string[];
  readonly kubeletVersion: string;
  readonly talos: string;
  readonly kernel: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly podCidr: string;
  readonly registeredAt: number;
  /** The CNI runs on it. */
  readonly hasNetwork: boolean;
  readonly isKubeletUp: boolean;
  /** When the kubelet was last heard of; meaningful while it is down. */
  readonly heardAt: number;
  readonly unschedulable: boolean;
}

export interface VipState {
  readonly ip: string;
  /** Machine that has the address now. */
  readonly owner?: string;
  /** Until when a silent owner's lease blocks the others. */
  readonly freeAt: number;
}

export interface KubernetesCluster {
  readonly nodes: Readonly<Record<string, KubernetesNode>>;
  /** Machines whose kube-apiserver is up, and since when. */
  readonly apiServers: Readonly<Record<string, number>>;
  readonly manifestsAppliedAt?: number;
  /** With the manifests of a control plane, or from outside where the config has none. */
  readonly cniInstalledAt?: number;
  readonly vip?: VipState;
  readonly resourceVersion: number;
}

export const NO_KUBERNETES: KubernetesCluster = { nodes: {}, apiServers: {}, resourceVersion: 1 };

/** Some API server answers requests: it runs, and etcd has its majority. */
export function isApiUp(kubernetes: KubernetesCluster, etcd: EtcdCluster): boolean {
  return Object.keys(kubernetes.apiServers).length > 0 && hasQuorum(etcd);
}

export type NodeReadiness = 'True' | 'False' | 'Unknown';

export function readinessOf(node: KubernetesNode, now: number, graceMs: number): NodeReadiness {
  if (!node.isKubeletUp && now - node.heardAt >= graceMs) return 'Unknown';
  return node.hasNetwork ? 'True' : 'False';
}

export function updateNode(
  kubernetes: KubernetesCluster,
  name: string,
  patch: Partial<KubernetesNode>,
): KubernetesCluster {
  const node = kubernetes.nodes[name];
  if (node === undefined) return kubernetes;
  return {
    ...kubernetes,
    nodes: { ...kubernetes.nodes, [name]: { ...node, ...patch } },
    resourceVersion: kubernetes.resourceVersion + 1,
  };
}

export function registerNode(kubernetes: KubernetesCluster, node: KubernetesNode): KubernetesCluster {
  return {
    ...kubernetes,
    nodes: { ...kubernetes.nodes, [node.name]: node },
    resourceVersion: kubernetes.resourceVersion + 1,
  };
}

export function setApiServer(
  kubernetes: KubernetesCluster,
  machine: string,
  upSince: number | undefined,
): KubernetesCluster {
  const { [machine]: _, ...others } = kubernetes.apiServers;
  const apiServers = upSince === undefined ? others : { ...others, [machine]: upSince };
  return { ...kubernetes, apiServers, resourceVersion: kubernetes.resourceVersion + 1 };
}
