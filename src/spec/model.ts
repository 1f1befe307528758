/**
 * The cluster as it is wanted, after layers, classes and defaults: what every other room reads. The loader makes it once out of
 * the cluster file; nothing here knows YAML. Meaning, units and defaults of each key are those of design §2.
 */
import type { SourcePosition } from '../errors.ts';

export type Role = 'controlplane' | 'worker';
/** Talos platforms that the spec knows by name; any other platform name of Talos is carried through. */
export type Platform = string;
export type Arch = 'amd64' | 'arm64';

/** Which layer of the spec set a value (the last one wins). */
export type Layer =
  | { readonly kind: 'default' }
  | { readonly kind: 'base'; readonly file: string }
  | { readonly kind: 'cluster' }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string };

export interface Origin {
  readonly layer: Layer;
  /** Absent for defaults. */
  readonly where?: SourcePosition;
}

/** A value that must not stand in the file itself; resolved once a run by `secrets/`. */
export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'sops'; readonly path: string; readonly key: string }
  | { readonly kind: 'exec'; readonly command: readonly string[] };

export interface Endpoint {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What stands behind the host when it is no node and no VIP of this cluster. */
  readonly outside?: string;
}

export type Cni =
  | { readonly kind: 'flannel' }
  | { readonly kind: 'none' }
  | { readonly kind: 'custom'; readonly urls: readonly string[] };

export interface ClusterNetwork {
  readonly subnet?: string;
  readonly gateway?: string;
  readonly nameservers: readonly string[];
  readonly timeservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly vip?: string;
  /** Default 10.244.0.0/16 and 10.96.0.0/12, Talos' own. Two of each for dual stack. */
  readonly pods: readonly string[];
  readonly services: readonly string[];
  readonly domain: string;
  readonly cni: Cni;
  readonly kubeProxy: boolean;
  readonly discovery: boolean;
  readonly kubePrism: { readonly enabled: boolean; readonly port: number };
  readonly kubeSpan: boolean;
}

/** The address by which the node is to be reached for good. */
export type NodeAddress =
  | { readonly kind: 'static'; readonly ip: string; readonly prefix: number }
  | { readonly kind: 'reserved'; readonly ip: string }
  | { readonly kind: 'dhcp' };

/** What the machine is, whatever it is called and wherever it answers. */
export interface Identity {
  readonly macs: readonly string[];
  readonly uuid?: string;
  readonly serial?: string;
  readonly vmid?: number;
}

/** Sizes are bytes; a comparison as Talos writes it (`>= 100GB`) stays text. */
export interface DiskSelector {
  readonly serial?: string;
  readonly wwid?: string;
  readonly model?: string;
  readonly type?: 'ssd' | 'hdd' | 'nvme' | 'sd' | 'virtio';
  readonly size?: string;
  readonly busPath?: string;
  readonly name?: string;
  readonly modalias?: string;
  readonly uuid?: string;
  /** A CEL expression, Talos' own. */
  readonly match?: string;
}

export interface Install {
  readonly disk?: DiskSelector;
  /** `/dev/…`; allowed, linted. */
  readonly device?: string;
  readonly wipe: boolean;
}

export interface ImageWants {
  readonly extensions: readonly string[];
  readonly kernelArgs: readonly string[];
  readonly schematic?: string;
  readonly installer?: string;
  readonly factory?: string;
  readonly secureboot: boolean;
  readonly arch: Arch;
}

/** One network link in Talos' own words, checked only as far as Ichor needs to know the effective network. */
export interface Link {
  readonly name?: string;
  readonly mac?: string;
  readonly selector?: Readonly<Record<string, unknown>>;
  readonly addresses: readonly string[];
  readonly dhcp?: boolean;
  readonly mtu?: number;
  readonly routes: readonly Readonly<Record<string, unknown>>[];
  readonly bond?: Readonly<Record<string, unknown>>;
  readonly bridge?: Readonly<Record<string, unknown>>;
  readonly vlans: readonly Readonly<Record<string, unknown>>[];
  readonly vip?: string;
  /** Keys of Talos that Ichor carries through untouched. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface Volume {
  readonly name: string;
  /** Bytes. `size` means minimum = maximum. */
  readonly minSizeBytes?: bigint;
  readonly maxSizeBytes?: bigint;
  readonly grow: boolean;
  readonly disk: DiskSelector;
  readonly filesystem?: 'xfs' | 'ext4';
  readonly encryption?: Readonly<Record<string, unknown>>;
  readonly kind: 'user' | 'raw' | 'existing' | 'swap' | 'system';
}

export interface Taint {
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** A patch as the person wrote it: any Talos document or fragment, or a JSON6902 list. */
export interface Patch {
  readonly text: string;
  readonly origin: Origin;
}

export interface Feature {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Names of the nodes that get it; all when the spec names none. */
  readonly nodes: readonly string[];
  readonly origin: Origin;
}

export interface NodeSpec {
  readonly name: string;
  readonly role: Role;
  /** The class chain, base first. */
  readonly classes: readonly string[];
  readonly platform: Platform;
  readonly talos: string;
  readonly kubernetes: string;
  readonly address: NodeAddress;
  readonly identity: Identity;
  /** The link that carries `address`, by name; without it the link with the first MAC. */
  readonly link?: string;
  readonly links: readonly Link[];
  readonly nameservers: readonly string[];
  readonly timeservers: readonly string[];
  readonly gateway?: string;
  readonly install: Install;
  readonly hardware: readonly string[];
  readonly image: ImageWants;
  readonly volumes: readonly Volume[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: Readonly<Record<string, Taint>>;
  readonly certSANs: readonly string[];
  readonly boot: Readonly<Record<string, unknown>>;
  readonly proxmox?: Readonly<Record<string, unknown>>;
  readonly power?: Readonly<Record<string, unknown>>;
  /** Cluster patches, then each class's from base to derived, then the node's: in order of application. */
  readonly patches: readonly Patch[];
  readonly origin: Origin;
}

export interface Limits {
  /** Workers that may be in disruption at once; at least 1. */
  readonly maxUnavailable: number;
}

export interface Cluster {
  readonly name: string;
  /** The file that was loaded, as the person named it. Relative paths inside it are relative to its folder. */
  readonly file: string;
  readonly endpoint: Endpoint;
  readonly talos: string;
  readonly kubernetes: string;
  /** Path of the secrets bundle, resolved against the file's folder. */
  readonly secrets: string;
  readonly network: ClusterNetwork;
  /** Workloads on control planes (`scheduling: true`). */
  readonly scheduleOnControlPlanes: boolean;
  readonly certSANs: readonly string[];
  readonly limits: Limits;
  readonly features: readonly Feature[];
  readonly gitops?: Readonly<Record<string, unknown>>;
  /** In spec order: the first control plane of this list is the one that is bootstrapped. */
  readonly nodes: readonly NodeSpec[];
  /** Where the value at `path` (keys from the root of the file's own form, `['nodes','cp-1','address']`) was set. */
  originOf(path: readonly (string | number)[]): Origin | undefined;
}

export function controlPlanes(cluster: Cluster): readonly NodeSpec[] {
  return cluster.nodes.filter((node) => node.role === 'controlplane');
}

/** The wanted IP of a node where the spec knows it. */
export function wantedIp(node: NodeSpec): string | undefined {
  return node.address.kind === 'dhcp' ? undefined : node.address.ip;
}
