/**
 * What a cluster's configs are generated from, and its completed form with all defaults worked in.
 */
import { IchorError } from '../../errors.ts';
import { defaultKubernetesVersion, namesEndpointInApiServer, parseContract } from '../contract.ts';
import type { VersionContract } from '../contract.ts';
import type { TalosMinor } from '../documents/tables.ts';
import type { SecretsBundle } from '../secrets-bundle.ts';
import { formatGoUrl, hostnameOf, parseGoUrl } from '../values/go-url.ts';
import { canonicalAddress } from '../values/ip-text.ts';
import { minorOf } from '../yaml/dialect.ts';

export interface GenerateInput {
  readonly clusterName: string;
  /** The Kubernetes API as clients see it: `https://host:port`. */
  readonly endpoint: string;
  readonly bundle: SecretsBundle;
  /** The Talos version whose generator is followed, `v1.13.9`. */
  readonly talos: string;
  /** The contract when it is older than `talos`; `current` means the newest. */
  readonly contract?: string;
  /** With or without `v`. Absent: the version that this Talos generates by default. */
  readonly kubernetes?: string;
  readonly options?: GenerateOptions;
  /** Patch texts, applied in this order: those for all, then those for the machine type. */
  readonly patches?: GeneratePatches;
}

export interface GeneratePatches {
  readonly all?: readonly string[];
  readonly controlplane?: readonly string[];
  readonly worker?: readonly string[];
}

/** The options of `talosctl gen config` and of Talos' library. */
export interface GenerateOptions {
  readonly installDisk?: string;
  readonly installImage?: string;
  readonly installExtraKernelArgs?: readonly string[];
  /** For Talos' own certificates and the API server's. */
  readonly certSANs?: readonly string[];
  readonly dnsDomain?: string;
  readonly podSubnets?: readonly string[];
  readonly serviceSubnets?: readonly string[];
  /** On unless false. */
  readonly discovery?: boolean;
  readonly allowSchedulingOnControlPlanes?: boolean;
  /** Host to endpoints. */
  readonly registryMirrors?: Readonly<Record<string, readonly string[]>>;
  /** Host to PEM text. */
  readonly registryCACerts?: Readonly<Record<string, string>>;
  readonly registryInsecure?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** 0 switches KubePrism off. */
  readonly kubePrismPort?: number;
  readonly localAPIServerPort?: number;
  readonly kubeSpan?: boolean;
  readonly cni?: CniChoice;
  readonly debug?: boolean;
  readonly persist?: boolean;
  readonly forwardKubeDNSToHost?: boolean;
  readonly skipUnattendedInstall?: boolean;
  /** No Kubernetes and no etcd: `talosctl gen config --skip-k8s-etcd` of 1.14. */
  readonly skipKubernetes?: boolean;
}

export interface CniChoice {
  readonly name: string;
  readonly urls?: readonly string[];
}

export type MachineType = 'controlplane' | 'worker';

/** The input with defaults, and the machine type it is for. */
export interface Generation {
  readonly type: MachineType;
  readonly minor: TalosMinor;
  readonly contract: VersionContract;
  readonly clusterName: string;
  readonly endpoint: string;
  readonly bundle: SecretsBundle;
  readonly kubernetes: string;
  readonly options: GenerateOptions;
  readonly certSANs: readonly string[];
  readonly apiServerSANs: readonly string[];
  readonly dnsDomain: string;
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  readonly discovery: boolean;
}

export function completeInput(input: GenerateInput, type: MachineType): Generation {
  const options = input.options ?? {};
  const minor = minorOf(input.talos);
  const contract = parseContract(options.skipKubernetes === true ? 'current' : (input.contract ?? input.talos));
  const url = parseGoUrl(input.endpoint);
  const isIpv6 = canonicalAddress(input.endpoint)?.includes(':') === true;
  const certSANs = options.certSANs ?? [];
  if (options.skipKubernetes === true && minor !== '1.14') {
    throw new IchorError('invalid-input', `Talos ${minor} cannot be configured without Kubernetes`, {
      hint: 'This needs Talos v1.14 or later.',
    });
  }
  return {
    type,
    minor,
    contract,
    clusterName: input.clusterName,
    endpoint: formatGoUrl(url),
    bundle: input.bundle,
    kubernetes: (input.kubernetes ?? defaultKubernetesVersion(minor)).replace(/^v/, ''),
    options,
    certSANs,
    apiServerSANs: namesEndpointInApiServer(contract) ? [hostnameOf(url), ...certSANs] : certSANs,
    dnsDomain: options.dnsDomain ?? 'cluster.local',
    podSubnets: options.podSubnets ?? [isIpv6 ? 'fc00:db8:10::/56' : '10.244.0.0/16'],
    serviceSubnets: options.serviceSubnets ?? [isIpv6 ? 'fc00:db8:20::/112' : '10.96.0.0/12'],
    discovery: options.discovery ?? true,
  };
}

/** The values that a condition lets through; for objects whose keys depend on the version. */
export function when<Fields extends object>(condition: boolean, fields: Fields): Fields | Record<never, never> {
  return condition ? fields : {};
}
