/**
 * The port to one node's Talos API, in Ichor's own types: where a node is, how it is reached, and every call that Ichor makes.
 * Implementations are TLS sockets (`sockets.ts`) and the simulator's in-process door (`in-process.ts`); one contract suite holds
 * them equal (test/contract/talos-api.ts). Every failure is a `TalosApiError` (errors.ts).
 */
import type { Resource, ResourceEvent, ResourceQuery } from './resource.ts';

export const TALOS_API_PORT = 50_000;

export interface TalosTarget {
  /** The node's name in the spec, for messages. */
  readonly node: string;
  /** Address or DNS name: what the server's certificate is checked against. The socket that is dialled may be another one. */
  readonly host: string;
  readonly port: number;
}

export interface TalosCredentials {
  /** The Talos CA; several certificates while a CA is rotated. */
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export interface MaintenanceOptions {
  /** Base64 of SHA-256 of the node's public key, as its console shows it. Another key is refused before anything is sent. */
  readonly fingerprint?: string;
}

export interface SecureOptions {
  /** Reach `target` through this control plane node (one `node` metadata value a call); the TLS identity is then that node's. */
  readonly via?: TalosTarget;
}

/** Opens sessions. Nothing is dialled before the first call. */
export interface TalosConnector {
  /** The API of a node without a config: its certificate cannot be verified, no client certificate is shown. */
  maintenance(target: TalosTarget, options?: MaintenanceOptions): TalosNodeSession;
  secure(target: TalosTarget, credentials: TalosCredentials, options?: SecureOptions): TalosNodeSession;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds of the connector's clock; each call has a default (deadlines.ts). For streams: the longest silence allowed. */
  readonly timeoutMs?: number;
}

/**
 * The calls to one node. A session keeps one connection, drops it when it is found dead, and dials again at the next call.
 * Streams: breaking out of the loop ends the call. A node that goes down ends Events without an error, watches as `unreachable`. An answer of several nodes never occurs: `nodes` metadata is not used.
 */
export interface TalosNodeSession extends NodeCalls, ServiceCalls, EtcdCalls, ImageCalls, DiskCalls, ResourceCalls {
  readonly target: TalosTarget;
  /** Base64 of SHA-256 of the public key that the dialled node showed; undefined before the first connection. */
  peerFingerprint(): string | undefined;
  /** Ends open calls and the connection. Close maintenance sessions before an apply takes effect: open streams delay it by 10 s. */
  close(): void;
}

export type ApplyMode = 'auto' | 'no-reboot' | 'staged' | 'try' | 'reboot';

export interface ApplyRequest {
  /** The whole machine config, all documents. */
  readonly config: string;
  /** `auto` is right in maintenance for 1.11–1.14. `reboot` is refused by a configured 1.14 node. */
  readonly mode: ApplyMode;
  readonly dryRun?: boolean;
  /** With mode `try`: when the node takes it back by itself. One minute when absent. */
  readonly tryTimeoutMs?: number;
}

export interface ApplyResult {
  /** What the node made of the mode; a maintenance node of ≤1.12 and a dry run with a reboot on ≤1.13 say `reboot`. */
  readonly mode: ApplyMode;
  /** What the node says it did, or would do. */
  readonly details: string;
  /** Of a dry run: the node's own diff against its active config; empty for no changes. May hold secrets: never print it. */
  readonly diff: string;
  readonly warnings: readonly string[];
}

export interface TalosVersion {
  /** `v1.13.9` */
  readonly tag: string;
  readonly arch: string;
  /** `metal`, `nocloud`, `container` … and its mode; empty when the node does not say. */
  readonly platform: string;
  readonly platformMode: string;
}

/** A sequence that the node began; its events carry the actor's id. */
export interface StartedSequence {
  readonly actorId: string;
}

export interface ResetRequest {
  /** Cordon, drain and leave etcd first. Needs a working etcd and Kubernetes. */
  readonly graceful: boolean;
  readonly reboot: boolean;
  /** Empty with mode `all` or `system-disk`: the whole system disk, and the node no longer boots from it. */
  readonly partitions: readonly { readonly label: string; readonly wipe: boolean }[];
  readonly userDisks?: readonly string[];
  readonly mode?: 'all' | 'system-disk' | 'user-disks';
}

export interface UpgradeRequest {
  readonly image: string;
  readonly stage?: boolean;
  /** Skips the node's own etcd checks. */
  readonly force?: boolean;
  readonly rebootMode?: 'default' | 'powercycle';
}

export interface ClientConfiguration {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  /** A ready talosconfig without endpoints. */
  readonly talosconfig: string;
}

export interface NodeCalls {
  version(options?: CallOptions): Promise<TalosVersion>;
  applyConfiguration(request: ApplyRequest, options?: CallOptions): Promise<ApplyResult>;
  /** OK may be answered twice; `already-exists` means that it was done before (talos-1-api.md §1.6). */
  bootstrap(
    request?: { readonly recoverEtcd?: boolean; readonly skipHashCheck?: boolean },
    options?: CallOptions,
  ): Promise<void>;
  reboot(
    request?: { readonly mode?: 'default' | 'powercycle' | 'force' },
    options?: CallOptions,
  ): Promise<StartedSequence>;
  reset(request: ResetRequest, options?: CallOptions): Promise<StartedSequence>;
  shutdown(request?: { readonly force?: boolean }, options?: CallOptions): Promise<StartedSequence>;
  rollback(options?: CallOptions): Promise<void>;
  /** MachineService.Upgrade, the way of ≤1.12: it reboots by itself. */
  upgrade(request: UpgradeRequest, options?: CallOptions): Promise<StartedSequence>;
  metaWrite(key: number, value: string, options?: CallOptions): Promise<void>;
  metaDelete(key: number, options?: CallOptions): Promise<void>;
  generateClientConfiguration(
    request: { readonly roles: readonly string[]; readonly ttlMs: number },
    options?: CallOptions,
  ): Promise<ClientConfiguration>;
  /** The admin kubeconfig's text. Control plane nodes only. */
  kubeconfig(options?: CallOptions): Promise<string>;
  memory(options?: CallOptions): Promise<MemoryUsage>;
  hostname(options?: CallOptions): Promise<string>;
  readFile(path: string, options?: CallOptions): Promise<Uint8Array>;
  mounts(options?: CallOptions): Promise<readonly Mount[]>;
  /** The node's clock against a time server (its own choice when absent). ≥1.13 in maintenance. */
  time(request?: { readonly server?: string }, options?: CallOptions): Promise<TimeComparison>;
  events(request?: EventsRequest, options?: CallOptions): AsyncIterable<NodeEvent>;
  /** Kernel messages, a line each. */
  dmesg(request?: { readonly follow?: boolean }, options?: CallOptions): AsyncIterable<string>;
  /** The server-side health check's progress lines; ends in an error when the cluster is not healthy. Control plane nodes only. */
  healthCheck(request: HealthCheckRequest, options?: CallOptions): AsyncIterable<string>;
}

export interface MemoryUsage {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface Mount {
  readonly filesystem: string;
  readonly mountedOn: string;
  readonly sizeBytes: number;
  readonly availableBytes: number;
}

/** Milliseconds since the epoch. */
export interface TimeComparison {
  readonly server: string;
  readonly localMs: number;
  readonly remoteMs: number;
}

export interface HealthCheckRequest {
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  readonly waitMs: number;
}

export interface EventsRequest {
  /** How many past events first: -1 for the whole history since boot, 0 (default) for none. */
  readonly tailEvents?: number;
  /** Everything after this event's id. */
  readonly tailId?: string;
  /** Only this actor's. An event that a sequence could not start (`locked`) carries none and is never seen through this filter. */
  readonly actorId?: string;
}

export interface NodeEvent {
  readonly id: string;
  readonly actorId: string;
  readonly payload: EventPayload;
}

export type EventPayload =
  /** The first one of a stream: the subscription stands. */
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'sequence';
      readonly sequence: string;
      readonly action: 'noop' | 'start' | 'stop';
      readonly error?: SequenceError;
    }
  | { readonly kind: 'phase'; readonly phase: string; readonly action: 'start' | 'stop' }
  | { readonly kind: 'task'; readonly task: string; readonly action: 'start' | 'stop' }
  | {
      readonly kind: 'service';
      readonly service: string;
      readonly state: string;
      readonly message: string;
      readonly health: ServiceHealth;
    }
  | {
      readonly kind: 'machine-status';
      readonly stage: string;
      readonly ready: boolean;
      readonly unmet: readonly UnmetCondition[];
    }
  | { readonly kind: 'address'; readonly hostname: string; readonly addresses: readonly string[] }
  | { readonly kind: 'config-load-error'; readonly error: string }
  | { readonly kind: 'config-validation-error'; readonly error: string }
  | { readonly kind: 'restart' }
  /** A kind that this version of Ichor does not know. */
  | { readonly kind: 'unknown'; readonly typeUrl: string };

export interface SequenceError {
  readonly code: 'fatal' | 'locked' | 'canceled';
  readonly message: string;
}

export interface UnmetCondition {
  readonly name: string;
  readonly reason: string;
}

export type ServiceHealth = 'healthy' | 'unhealthy' | 'unknown';

export interface ServiceInfo {
  readonly id: string;
  /** Talos' word: `Running`, `Preparing`, `Waiting`, `Finished`, `Failed`, `Skipped` … */
  readonly state: string;
  readonly health: ServiceHealth;
  /** The last health message, else the last event's. */
  readonly message: string;
  readonly events: readonly { readonly state: string; readonly message: string; readonly atMs: number }[];
}

export interface LogsRequest {
  /** A service id, or a container id as `containers` gives it. */
  readonly id: string;
  /** `system` (default) or `k8s.io`. */
  readonly namespace?: 'system' | 'k8s.io';
  readonly follow?: boolean;
  /** The last so many lines; the whole log when absent. */
  readonly tailLines?: number;
}

export interface ServiceCalls {
  serviceList(options?: CallOptions): Promise<readonly ServiceInfo[]>;
  /** Only `kubelet` and `ext-*`; for one that already runs any id answers OK and nothing happens. */
  serviceStart(id: string, options?: CallOptions): Promise<void>;
  /** Only `ext-*`. */
  serviceStop(id: string, options?: CallOptions): Promise<void>;
  /** Only `kubelet` and `ext-*`. */
  serviceRestart(id: string, options?: CallOptions): Promise<void>;
  /** A line each, without its newline. */
  logs(request: LogsRequest, options?: CallOptions): AsyncIterable<string>;
}

/** Before etcd was bootstrapped every one of these hangs on a control plane node: `deadline` then means "no etcd" (talos-1-api.md). */
export interface EtcdCalls {
  /** `local` asks this node's member only; else any member answers. */
  etcdMemberList(request?: { readonly local?: boolean }, options?: CallOptions): Promise<readonly EtcdMember[]>;
  etcdStatus(options?: CallOptions): Promise<EtcdMemberStatus>;
  etcdAlarms(options?: CallOptions): Promise<readonly EtcdAlarm[]>;
  etcdDisarmAlarms(options?: CallOptions): Promise<readonly EtcdAlarm[]>;
  etcdDefragment(options?: CallOptions): Promise<void>;
  /** The new leader's name; undefined when this member did not lead. */
  etcdForfeitLeadership(options?: CallOptions): Promise<string | undefined>;
  /** Leaves, wipes its data; etcd stays finished until the next boot. */
  etcdLeave(options?: CallOptions): Promise<void>;
  etcdRemoveMember(id: bigint, options?: CallOptions): Promise<void>;
  /** The database with its checksum behind it: whole when `size % 512 === 32`. */
  etcdSnapshot(options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Uploads a snapshot for the next `bootstrap({recoverEtcd: true})`. It is not checked by the node before that. */
  etcdRecover(snapshot: AsyncIterable<Uint8Array>, options?: CallOptions): Promise<void>;
}

export interface EtcdMember {
  readonly id: bigint;
  /** Empty until etcd has started there. */
  readonly hostname: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface EtcdMemberStatus {
  readonly memberId: bigint;
  /** 0n without a leader. */
  readonly leaderId: bigint;
  readonly isLearner: boolean;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly raftIndex: bigint;
  readonly raftTerm: bigint;
  readonly raftAppliedIndex: bigint;
  readonly protocolVersion: string;
  readonly storageVersion: string;
  readonly errors: readonly string[];
}

export interface EtcdAlarm {
  readonly memberId: bigint;
  readonly alarm: 'none' | 'nospace' | 'corrupt';
}

/** Where images live: `system` for installers, `cri` for Kubernetes, `inmem` on a node that runs from memory. */
export type ImageStore = 'system' | 'cri' | 'inmem';

export interface PulledImage {
  /** With its digest where the node says it (≥1.13), else as asked for. */
  readonly name: string;
}

export type InstallerProgress =
  | { readonly kind: 'message'; readonly text: string }
  /** Not zero is a failure that no error announces. */
  | { readonly kind: 'exit'; readonly code: number };

export interface ImageCalls {
  /** ImageService.Pull, or MachineService.ImagePull where the node does not know that service (≤1.12). */
  imagePull(image: string, store: ImageStore, options?: CallOptions): Promise<PulledImage>;
  /** LifecycleService.Upgrade (≥1.13): the image must have been pulled into the same store. It does not reboot. */
  lifecycleUpgrade(
    request: { readonly image: string; readonly store: ImageStore },
    options?: CallOptions,
  ): AsyncIterable<InstallerProgress>;
  lifecycleInstall(
    request: { readonly image: string; readonly store: ImageStore; readonly disk: string },
    options?: CallOptions,
  ): AsyncIterable<InstallerProgress>;
}

export interface WipeRequest {
  /** Kernel name, `sda` or `sda1`. */
  readonly device: string;
  readonly method?: 'fast' | 'zeroes';
  readonly dropPartition?: boolean;
  readonly skipVolumeCheck?: boolean;
  readonly skipSecondaryCheck?: boolean;
}

export interface LegacyDisk {
  readonly devicePath: string;
  readonly sizeBytes: number;
  readonly model: string;
  readonly serial: string;
  readonly wwid: string;
  readonly uuid: string;
  readonly busPath: string;
  readonly type: 'unknown' | 'ssd' | 'hdd' | 'nvme' | 'sd' | 'cd';
  readonly isSystemDisk: boolean;
  readonly isReadonly: boolean;
}

export interface DiskCalls {
  /** storage.StorageService/Disks: answers in maintenance on every version. The COSI `Disks` say more. */
  disks(options?: CallOptions): Promise<readonly LegacyDisk[]>;
  blockDeviceWipe(request: WipeRequest, options?: CallOptions): Promise<void>;
}

export interface ResourceCalls {
  /** undefined when there is none of that id. A type that this Talos version does not know is `unimplemented`. */
  getResource(
    key: { readonly namespace: string; readonly type: string; readonly id: string },
    options?: CallOptions,
  ): Promise<Resource | undefined>;
  listResources(query: ResourceQuery, options?: CallOptions): Promise<readonly Resource[]>;
  /** First what is there (`created`), then `bootstrapped` when all of a kind was listed, then changes. */
  watchResources(query: ResourceQuery & { readonly id?: string }, options?: CallOptions): AsyncIterable<ResourceEvent>;
}
