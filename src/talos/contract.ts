/**
 * The version contract: for which Talos a config is made. Each difference that Talos' own generator makes between versions is one
 * named predicate here (`pkg/machinery/config/contract.go`; talos-3-config.md §4.3).
 */
import { IchorError } from '../errors.ts';
import type { TalosMinor } from './documents/tables.ts';

export interface VersionContract {
  readonly major: number;
  readonly minor: number;
}

/** `v1.13.9`, `1.13`; `current` and the empty text mean the newest known. */
export function parseContract(text: string): VersionContract {
  if (text === '' || text === 'current') return NEWEST;
  const match = /^v?(\d+)\.(\d+)(?:$|\.)/.exec(text);
  if (match === null) {
    throw new IchorError('invalid-input', `${JSON.stringify(text)} is not a Talos version`, {
      hint: 'Write it as v1.13 or v1.13.9.',
    });
  }
  return { major: Number(match[1]), minor: Number(match[2]) };
}

const NEWEST: VersionContract = { major: 1, minor: 14 };

/** Strictly newer than 1.`minor`. */
function isNewer(contract: VersionContract, minor: number): boolean {
  return contract.major > 1 || (contract.major === 1 && contract.minor > minor);
}

// --- since 1.1 and 1.2 ---

export function hasPodSecurityAdmission(contract: VersionContract): boolean {
  return isNewer(contract, 0);
}

export function hasStableHostname(contract: VersionContract): boolean {
  return isNewer(contract, 1);
}

export function hasDefaultSeccompProfile(contract: VersionContract): boolean {
  return isNewer(contract, 1);
}

/** Before, the key was `allowSchedulingOnMasters`. */
export function allowsSchedulingOnControlPlanes(contract: VersionContract): boolean {
  return isNewer(contract, 1);
}

export function disablesKubernetesDiscovery(contract: VersionContract): boolean {
  return isNewer(contract, 1);
}

/** 1.2 alone mirrored k8s.gcr.io to its successor. */
export function mirrorsOldKubernetesRegistry(contract: VersionContract): boolean {
  return isNewer(contract, 1) && !isNewer(contract, 2);
}

// --- since 1.3 ---

export function checksApidKeyUsage(contract: VersionContract): boolean {
  return isNewer(contract, 2);
}

export function hasAuditPolicy(contract: VersionContract): boolean {
  return isNewer(contract, 2);
}

export function disablesManifestsDirectory(contract: VersionContract): boolean {
  return isNewer(contract, 2);
}

/** Before, the secret for etcd's data was an AES-CBC one. */
export function hasSecretboxEncryption(contract: VersionContract): boolean {
  return isNewer(contract, 2);
}

// --- since 1.5 to 1.8 ---

export function hasDiskQuota(contract: VersionContract): boolean {
  return isNewer(contract, 4);
}

export function hasKubePrism(contract: VersionContract): boolean {
  return isNewer(contract, 5);
}

export function hasHostDns(contract: VersionContract): boolean {
  return isNewer(contract, 6);
}

export function hasRsaServiceAccountKey(contract: VersionContract): boolean {
  return isNewer(contract, 6);
}

export function namesClusterOnWorkers(contract: VersionContract): boolean {
  return isNewer(contract, 7);
}

export function forwardsKubeDns(contract: VersionContract): boolean {
  return isNewer(contract, 7);
}

export function excludesControlPlanesFromLoadBalancers(contract: VersionContract): boolean {
  return isNewer(contract, 7);
}

// --- since 1.12 ---

/** Hostname and registries as documents. */
export function hasNetworkDocuments(contract: VersionContract): boolean {
  return isNewer(contract, 11);
}

/** `disablePodSecurityPolicy` is written before. */
export function hidesPodSecurityPolicy(contract: VersionContract): boolean {
  return isNewer(contract, 11);
}

/** `features.rbac` and `apidCheckExtKeyUsage` are written before. */
export function hidesRbac(contract: VersionContract): boolean {
  return isNewer(contract, 11);
}

/** Before, the endpoint's host was put into the API server's certificate names. */
export function namesEndpointInApiServer(contract: VersionContract): boolean {
  return !isNewer(contract, 11);
}

export function usesUkiCommandLine(contract: VersionContract): boolean {
  return isNewer(contract, 11);
}

// --- since 1.13 ---

/** KubeSpan as a document; before, an empty `machine.network` is written. */
export function hasKubeSpanDocument(contract: VersionContract): boolean {
  return isNewer(contract, 12);
}

// --- since 1.14 ---

export function hasHostDnsDocument(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function hasDiscoveryDocuments(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function hasUnattendedInstall(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function hasKubernetesDocuments(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function trimsFilesystems(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function isolatesWorkloads(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

export function hasSysctlDocument(contract: VersionContract): boolean {
  return isNewer(contract, 13);
}

// --- what depends on the generating program and not on the contract ---

/** `--persist` was removed in 1.13: from then on true is written whatever is asked. */
export function honoursPersist(minor: TalosMinor): boolean {
  return minor === '1.11' || minor === '1.12';
}

/** Older programs write KubeSpan only when it is switched on. */
export function writesKubeSpanOff(minor: TalosMinor): boolean {
  return minor === '1.13' || minor === '1.14';
}

/** 1.14 takes one custom CNI manifest and no longer writes `cni: {name: none}`. */
export function takesCniNames(minor: TalosMinor): boolean {
  return minor !== '1.14';
}

/** The Kubernetes version that the last known release of the minor generates when none is given. */
export function defaultKubernetesVersion(minor: TalosMinor): string {
  return { '1.11': '1.34.1', '1.12': '1.35.4', '1.13': '1.36.3', '1.14': '1.37.0' }[minor];
}
