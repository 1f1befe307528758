/**
 * What the machines say of themselves at one moment: plain JSON data without secrets. Each fact is either read, with its source, or
 * not read, with the reason; nothing is ever assumed in its place (design §1.6).
 */
import type { IchorErrorCode } from '../errors.ts';

export type Fact<T> =
  | { readonly kind: 'read'; readonly value: T; readonly source: string }
  | { readonly kind: 'unread'; readonly why: string };

export interface Observation {
  readonly v: 1;
  /** Milliseconds since the epoch, by the run's clock. */
  readonly at: number;
  /** One for each node of the spec that was asked for, in spec order. */
  readonly nodes: readonly NodeObservation[];
  readonly kubernetes: Fact<KubernetesObservation>;
}

/** How a machine was met. `foreign` answers, but belongs to another cluster; `mistaken` is another machine than the spec means. */
export type Reached =
  | { readonly kind: 'maintenance'; readonly address: string; readonly fingerprint?: string }
  | { readonly kind: 'secure'; readonly address: string; readonly via?: string }
  | { readonly kind: 'foreign'; readonly address: string; readonly why: string }
  | { readonly kind: 'mistaken'; readonly address: string; readonly why: string }
  | {
      readonly kind: 'unreachable';
      readonly tried: readonly string[];
      readonly code: IchorErrorCode;
      readonly why: string;
    };

export interface NodeObservation {
  /** Name in the spec. */
  readonly node: string;
  readonly reached: Reached;
  readonly facts: NodeFacts;
}

export interface NodeFacts {
  readonly identity: Fact<MachineIdentity>;
  /** Version tag as the node prints it, `v1.13.9`. */
  readonly talos: Fact<string>;
  readonly stage: Fact<MachineStage>;
  readonly bootId: Fact<string>;
  readonly schematic: Fact<string>;
  readonly extensions: Fact<readonly string[]>;
  readonly disks: Fact<readonly ObservedDisk[]>;
  readonly links: Fact<readonly ObservedLink[]>;
  /** The disk that Talos is installed on; null when it runs from memory. */
  readonly systemDisk: Fact<SystemDisk | null>;
  readonly config: Fact<ConfigObservation>;
  readonly etcd: Fact<EtcdObservation>;
  readonly services: Fact<readonly ServiceObservation[]>;
  /** Addresses with prefix length, loopback and Kubernetes' own left out. */
  readonly addresses: Fact<readonly string[]>;
  readonly kubernetesNode: Fact<KubernetesNodeObservation | null>;
}

export type FactName = keyof NodeFacts;

export interface MachineIdentity {
  readonly macs: readonly string[];
  readonly hostname?: string;
  readonly uuid?: string;
  readonly serial?: string;
}

export interface MachineStage {
  /** Talos' own word: `maintenance`, `installing`, `booting`, `running`, `rebooting` … */
  readonly stage: string;
  readonly ready: boolean;
  readonly unmet: readonly { readonly name: string; readonly reason: string }[];
}

export interface ObservedDisk {
  readonly name: string;
  readonly devPath: string;
  readonly sizeBytes: number;
  readonly readonly: boolean;
  readonly cdrom: boolean;
  readonly model?: string;
  readonly serial?: string;
  readonly wwid?: string;
  readonly uuid?: string;
  readonly modalias?: string;
  readonly busPath?: string;
  readonly transport?: string;
  readonly rotational?: boolean;
  /** What stands on it, by partition label or file system; Talos' own boot partitions left out. Empty: nothing that could be lost. */
  readonly contents: readonly string[];
}

export interface SystemDisk {
  readonly devPath: string;
  /** Kernel names change between boots; this does not. */
  readonly serial?: string;
}

export interface ObservedLink {
  readonly name: string;
  readonly mac: string;
  /** The factory's address, where it differs from the present one (bonds). */
  readonly permanentMac?: string;
  readonly physical: boolean;
  readonly up: boolean;
}

/** The running machine config against the rendered one. Values never appear: the digest is keyed, the differences redacted. */
export interface ConfigObservation {
  readonly digest: string;
  readonly wantedDigest: string;
  readonly differences: readonly ConfigDifference[];
}

/** One leaf that differs. Values of places that may hold a secret are replaced by `(secret)`. */
export interface ConfigDifference {
  /** `v1alpha1` for the legacy document, else `Kind` or `Kind/name`. */
  readonly document: string;
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly from?: string;
  readonly to?: string;
}

export type EtcdObservation =
  /** Neither data nor membership: etcd waits to be bootstrapped or to join. */
  | { readonly kind: 'none'; readonly service: string }
  /** There is data, or the service runs, but it does not answer (yet): it must be taken for a member. */
  | { readonly kind: 'silent'; readonly service: string; readonly why: string }
  | {
      readonly kind: 'member';
      readonly service: string;
      readonly healthy: boolean;
      readonly self: EtcdMember;
      readonly members: readonly EtcdMember[];
    };

export interface EtcdMember {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Empty until etcd has started there. */
  readonly hostname: string;
  readonly learner: boolean;
  readonly peerUrls: readonly string[];
}

export interface ServiceObservation {
  readonly id: string;
  readonly state: string;
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  readonly message?: string;
}

export interface KubernetesObservation {
  readonly version: string;
  /** The control plane address that answered. */
  readonly server: string;
  readonly nodes: readonly KubernetesNodeObservation[];
}

export interface KubernetesNodeObservation {
  readonly name: string;
  readonly internalIps: readonly string[];
  readonly kubelet: string;
  readonly ready: boolean;
  /** The Ready condition's message when not ready. */
  readonly why?: string;
  /** Not ready for no other reason than that no CNI runs yet. */
  readonly waitsForCni: boolean;
  readonly schedulable: boolean;
}

export function read<T>(value: T, source: string): Fact<T> {
  return { kind: 'read', value, source };
}

export function unread<T>(why: string): Fact<T> {
  return { kind: 'unread', why };
}

/** The value of a fact, or undefined when it could not be read. Only for places where "unknown" and "absent" mean the same. */
export function valueOf<T>(fact: Fact<T>): T | undefined {
  return fact.kind === 'read' ? fact.value : undefined;
}

export function nodeIn(observation: Observation, name: string): NodeObservation | undefined {
  return observation.nodes.find((node) => node.node === name);
}
