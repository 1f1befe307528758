/**
 * The state of one simulated machine. Everything is immutable: a transition makes a new state out of the old one, an input and the
 * time, and nothing else.
 */
import type { BootImage, InitialAddress, MachineDefinition } from '../definition.ts';
import type { TalosVersion } from '../versions.ts';
import type { ConfigFacts } from './config.ts';

export type Stage =
  | 'unknown'
  | 'booting'
  | 'installing'
  | 'maintenance'
  | 'running'
  | 'rebooting'
  | 'shutting down'
  | 'resetting'
  | 'upgrading';

export type ServiceState =
  | 'Initialized'
  | 'Preparing'
  | 'Waiting'
  | 'Running'
  | 'Stopping'
  | 'Finished'
  | 'Failed'
  | 'Skipped'
  | 'Starting';

export interface ServiceNote {
  readonly message: string;
  readonly state: ServiceState;
  readonly at: number;
}

export interface Service {
  readonly state: ServiceState;
  /** Absent while unknown. */
  readonly healthy?: boolean;
  readonly healthMessage: string;
  readonly healthChanged: number;
  readonly notes: readonly ServiceNote[];
}

export interface UnmetCondition {
  readonly name: string;
  readonly reason: string;
}

/** What the Events stream carries; the door turns it into protobuf. */
export type TalosEventData =
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
      readonly state: ServiceState;
      readonly message: string;
      readonly healthy?: boolean;
      readonly healthMessage: string;
      readonly healthChanged: number;
    }
  | {
      readonly kind: 'machine-status';
      readonly stage: Stage;
      readonly ready: boolean;
      readonly unmet: readonly UnmetCondition[];
    }
  | { readonly kind: 'address'; readonly hostname: string; readonly addresses: readonly string[] }
  | { readonly kind: 'config-error'; readonly error: string; readonly phase: 'load' | 'validation' }
  | { readonly kind: 'restart'; readonly cmd: number };

export interface SequenceError {
  readonly code: 'fatal' | 'locked' | 'canceled';
  readonly message: string;
}

export interface TalosEvent {
  readonly id: string;
  readonly at: number;
  readonly actor?: string;
  readonly data: TalosEventData;
}

/** What stands on the system disk. */
export interface Installation {
  /** Kernel name of the disk. */
  readonly disk: string;
  readonly current: BootImage;
  /** The boot entry that a Rollback goes back to. */
  readonly previous?: BootImage;
  /** STATE: the config as it was sent. Absent: STATE is empty. */
  readonly config?: string;
  /** EPHEMERAL holds etcd's data: the cluster that it belongs to. */
  readonly etcd?: { readonly cluster: string; readonly memberId: string };
  readonly hasEphemeral: boolean;
  readonly userVolumes: readonly string[];
  /** Container images that are already there. */
  readonly images: readonly string[];
  readonly stagedUpgrade?: BootImage;
}

/** How the API on port 50000 behaves. */
export type ApiMode =
  | { readonly kind: 'down' }
  /** TLS without client certificates. */
  | { readonly kind: 'maintenance' }
  | { readonly kind: 'secure' };

export type EtcdPhase =
  /** Not a control plane, or its turn has not come. */
  | 'absent'
  /** The service waits for Bootstrap or for members to join: state Preparing. */
  | 'waiting'
  | 'starting'
  | 'running'
  /** Left the cluster; stays down until a reboot. */
  | 'left'
  | 'failed';

export interface Sequence {
  readonly name: 'initialize' | 'install' | 'boot' | 'reboot' | 'shutdown' | 'reset' | 'upgrade';
  readonly actor?: string;
  readonly options: SequenceOptions;
}

export interface SequenceOptions {
  readonly reset?: {
    readonly wholeDisk: boolean;
    readonly labels: readonly string[];
    readonly reboot: boolean;
    readonly graceful: boolean;
  };
  readonly upgrade?: { readonly image: BootImage; readonly stage: boolean };
  readonly powerCycle?: boolean;
  /** The image to install. */
  readonly install?: { readonly disk: string; readonly image: BootImage; readonly wipe: boolean };
}

/** A tried config (mode TRY) that falls back when its time is over. */
export interface Trial {
  readonly previous: ActiveConfig | undefined;
}

export interface ActiveConfig {
  readonly text: string;
  readonly facts: ConfigFacts;
}

export interface RecoveryUpload {
  readonly bytes: number;
  readonly valid: boolean;
}

/** One life of the machine between two boots. */
export interface Run {
  readonly bootId: string;
  readonly startedAt: number;
  readonly source: 'disk' | 'media';
  readonly image: BootImage;
  readonly version: TalosVersion;
  readonly api: ApiMode;
  /** Counts every change of how the API listens: a new certificate, another mode. */
  readonly apiGeneration: number;
  readonly stage: Stage;
  readonly unmet: readonly UnmetCondition[];
  readonly ready: boolean;
  readonly config?: ActiveConfig;
  /** What is stored but maybe not active: the same as `config.text` unless STAGED or TRY. In maintenance kept in memory. */
  readonly stored?: string;
  readonly trial?: Trial;
  readonly services: Readonly<Record<string, Service>>;
  readonly events: readonly TalosEvent[];
  readonly sequence?: Sequence;
  readonly etcd: EtcdPhase;
  readonly etcdDirectory: boolean;
  readonly recovery?: RecoveryUpload;
  readonly kubelet: 'down' | 'running' | 'healthy';
  readonly staticPods: Readonly<Record<string, 'pulling' | 'running'>>;
  readonly cordoned: boolean;
  /** Bootstrap was accepted in this run: the boot sequence need not wait for etcd any more. */
  readonly isBootstrapping: boolean;
  readonly hadVip: boolean;
}

export interface Machine {
  readonly definition: MachineDefinition;
  readonly power: boolean;
  readonly run?: Run;
  readonly installation?: Installation;
  readonly meta: Readonly<Record<string, string>>;
  /** Addresses that DHCP or the platform gives at this moment; faults may change them. */
  readonly leases: readonly InitialAddress[];
  /** Names of disks that a fault has taken out. */
  readonly missingDisks: readonly string[];
  readonly clockSkewMs: number;
  /** Takes connections and answers nothing. */
  readonly isSilent: boolean;
  readonly hasWrongCertificate: boolean;
  /** The address that DHCP hands out from the next boot on. */
  readonly nextLease?: string;
  /** Work that is under way, by name, and when it ends. */
  readonly jobs: Readonly<Record<string, number>>;
  /** How many things were drawn from the seed so far. */
  readonly draws: number;
  readonly boots: number;
}

export function newMachine(definition: MachineDefinition): Machine {
  return {
    definition,
    power: false,
    meta: definition.meta ?? {},
    leases: definition.addresses,
    missingDisks: [],
    clockSkewMs: 0,
    isSilent: false,
    hasWrongCertificate: false,
    jobs: {},
    draws: 0,
    boots: 0,
  };
}
