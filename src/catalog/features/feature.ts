/**
 * A feature: what a person turns on under `features:` and all that it is made of on a node. Extensions, kernel arguments, modules and
 * sysctls of the image; Talos documents; what must be looked at after boot; what runs in the cluster; how it is taken away again.
 */
import type { KernelModule } from '../hardware/profile.ts';

/** A Talos document (`apiVersion`, `kind`, …) or a fragment of the legacy one, as plain data. */
export type FeatureDocument = Readonly<Record<string, unknown>>;

export type FeatureOptions = Readonly<Record<string, unknown>>;

export interface FeatureOption {
  /**
   * `secret`: a reference in the file, text when documents are made. `texts`: text or a list of them. `map`: anything below it is
   * Talos' or the program's own; references may stand in it.
   */
  readonly kind: 'text' | 'texts' | 'boolean' | 'number' | 'secret' | 'map';
  readonly brief: string;
  readonly isRequired?: boolean;
  readonly values?: readonly string[];
  /** Stands for the secret where nothing real may be used: in a rehearsal. Recognisable as a sample. */
  readonly sample?: string;
}

export interface FeatureUse {
  readonly options: FeatureOptions;
  readonly node: FeatureNode;
  readonly cluster: FeatureCluster;
}

export interface FeatureNode {
  readonly name: string;
  readonly role: 'controlplane' | 'worker';
  readonly talos: string;
  readonly platform: string;
  readonly arch: 'amd64' | 'arm64';
  readonly isVirtual: boolean;
  readonly volumes: readonly { readonly name: string; readonly kind: string }[];
  /** Whether one of the person's patches names the word: what they set themselves is not set for them. */
  isPatched(word: string): boolean;
}

export interface FeatureCluster {
  readonly name: string;
  readonly subnet?: string;
  readonly pods: readonly string[];
  readonly services: readonly string[];
  readonly nodeCount: number;
  /** How many of them have this feature. */
  readonly featureNodeCount: number;
}

/** No secret is needed for it: it must be known before anything is opened. */
export interface FeatureImage {
  readonly extensions?: readonly string[];
  readonly kernelArgs?: readonly string[];
  readonly modules?: readonly KernelModule[];
  readonly sysctls?: Readonly<Record<string, string>>;
}

export interface FeatureConfig {
  readonly documents?: readonly FeatureDocument[];
  /** Tables of containerd's configuration, by their names. Those of all features become one part. */
  readonly containerd?: FeatureDocument;
}

export interface FeatureRemark {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
  /** Option that it is about. */
  readonly option?: string;
}

export interface FeatureDefinition {
  readonly name: string;
  readonly title: string;
  readonly options: Readonly<Record<string, FeatureOption>>;
  readonly image?: (use: FeatureUse) => FeatureImage;
  /** Called with resolved secrets. */
  readonly config?: (use: FeatureUse) => FeatureConfig;
  /** Names of the ExtensionServiceConfig documents that `config` makes. */
  readonly serviceConfigs?: readonly string[];
  readonly lint?: (use: FeatureUse) => readonly FeatureRemark[];
  /** What speaks against the value of a secret option; the text must not show the value. */
  readonly checkSecret?: (option: string, value: string, options: FeatureOptions) => FeatureRemark | undefined;
  /** What lapses with time. */
  readonly remind?: (options: FeatureOptions, now: Date) => FeatureRemark | undefined;
  /** What proves it on the node, after boot. */
  readonly checks: readonly string[];
  /** What must run in the cluster for it to be of use. */
  readonly inCluster?: string;
  /** Steps that are not done by leaving the feature out of the file. */
  readonly notDone?: readonly string[];
  /** In the order in which it is taken away. */
  readonly removal: readonly string[];
  readonly notes?: readonly string[];
  readonly source: string;
}
