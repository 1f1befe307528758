/** A hardware profile: one name for what a machine has, and all that Talos needs for it. */

export type HardwareGroup = 'cpu' | 'gpu' | 'nic' | 'accelerator' | 'media' | 'guest' | 'storage' | 'board' | 'feature';

export interface HardwareProfile {
  /** As written under `hardware:`. */
  readonly name: string;
  readonly group: HardwareGroup;
  readonly title: string;
  /** Short extension names. Empty when the base image has all that is needed, or nothing exists. */
  readonly extensions: readonly string[];
  readonly kernelArgs?: readonly string[];
  /** For `machine.kernel.modules`; with parameters where one is needed. */
  readonly modules?: readonly KernelModule[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** What only Talos before a minor needs. */
  readonly older?: {
    readonly before: string;
    readonly sysctls?: Readonly<Record<string, string>>;
    readonly modules?: readonly KernelModule[];
  };
  /** For the schematic: boot files of the board. */
  readonly overlay?: { readonly image: string; readonly name: string };
  /** First Talos minor that has what is needed. */
  readonly since?: string;
  readonly arch?: 'amd64' | 'arm64';
  readonly detect?: Detection;
  /** What to look at after boot. */
  readonly checks?: readonly string[];
  readonly notes?: readonly string[];
  /** What must run in the cluster besides. */
  readonly inCluster?: string;
  /** Older Talos or other circumstances where something else is right. */
  readonly source: string;
}

export interface KernelModule {
  readonly name: string;
  readonly parameters?: readonly string[];
}

/** How Talos' hardware resources show it. Product ids are hints; vendor and class decide. */
export interface Detection {
  /** Part of `Processors.manufacturer`. */
  readonly cpu?: string;
  /** Part of `SystemInformations.manufacturer`. */
  readonly machine?: string;
  readonly pci?: readonly PciPattern[];
}

/** Lower-case hexadecimal without `0x`. */
export interface PciPattern {
  readonly vendor: string;
  readonly products?: readonly string[];
  /** Class and subclass: `0300`. */
  readonly classes?: readonly string[];
}
