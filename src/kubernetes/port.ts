/**
 * The port to a cluster's Kubernetes API, as far as bringing a cluster up and judging its health read it, in Ichor's own types. One
 * session speaks to one server; which control plane that is decides the caller, and it is never the VIP before that exists (S2-54).
 */

export const KUBERNETES_API_PORT = 6443;

export interface KubernetesTarget {
  /** What the server's certificate is checked against. The socket that is dialled may be another one. */
  readonly host: string;
  readonly port: number;
}

export interface KubernetesCredentials {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** Opens sessions. Nothing is dialled before the first call. */
export interface KubernetesConnector {
  connect(target: KubernetesTarget, credentials: KubernetesCredentials): KubernetesSession;
}

export interface KubernetesCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds of the connector's clock; 5 s by default. */
  readonly timeoutMs?: number;
}

/** Every failure is an `IchorError`: `unreachable`, `deadline`, `permission-denied`, `identity-mismatch`, `not-found`, `failed`. */
export interface KubernetesSession {
  readonly target: KubernetesTarget;
  /** `v1.36.3` */
  version(options?: KubernetesCallOptions): Promise<string>;
  /** Resolves when `/readyz` says ok; else fails with the checks that do not pass. */
  ready(options?: KubernetesCallOptions): Promise<void>;
  nodes(options?: KubernetesCallOptions): Promise<readonly KubernetesNode[]>;
  pods(query: ObjectQuery, options?: KubernetesCallOptions): Promise<readonly KubernetesPod[]>;
  deployments(query: ObjectQuery, options?: KubernetesCallOptions): Promise<readonly Workload[]>;
  daemonSets(query: ObjectQuery, options?: KubernetesCallOptions): Promise<readonly Workload[]>;
  close(): void;
}

export interface ObjectQuery {
  readonly namespace: string;
  /** `k8s-app in (kube-apiserver,kube-scheduler)`; all when absent. */
  readonly labelSelector?: string;
}

export interface KubernetesCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface KubernetesNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly internalIps: readonly string[];
  readonly kubeletVersion: string;
  readonly conditions: readonly KubernetesCondition[];
  readonly unschedulable: boolean;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

export interface KubernetesPod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly nodeName?: string;
  readonly hostIp?: string;
  readonly phase: string;
  readonly conditions: readonly KubernetesCondition[];
}

export interface Workload {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Replicas of a Deployment, nodes of a DaemonSet. */
  readonly desired: number;
  readonly ready: number;
}

export function isTrue(conditions: readonly KubernetesCondition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}
