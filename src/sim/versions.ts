/**
 * What differs between Talos 1.11, 1.12, 1.13 and 1.14 on the outside of a node, as named predicates: nothing else in the simulator
 * compares version numbers.
 */
import { IchorError } from '../errors.ts';

export interface TalosVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

export function parseTalosVersion(text: string): TalosVersion {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null)
    throw new IchorError('invalid-input', `"${text}" is not a version of Talos`, { hint: 'Write it like v1.13.9.' });
  return {
    text: text.startsWith('v') ? text : `v${text}`,
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: Number(match[3] ?? 0),
  };
}

function atLeast(version: TalosVersion, minor: number): boolean {
  return version.major > 1 || (version.major === 1 && version.minor >= minor);
}

/** The whole API answers in maintenance, with the rights of os:reader (talos-1-api.md §1.1). */
export function maintenanceIsFullApi(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** LifecycleService, ImageService and DebugService exist. */
export function hasLifecycleService(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

export function hasGenerateConfiguration(version: TalosVersion): boolean {
  return !atLeast(version, 13);
}

/** 127.0.0.1 stands in the API certificate, and `node: 127.0.0.1` works (FINDINGS 1.3, 1.5). */
export function loopbackIsInCertificate(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

export function requiresTls13(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** The apply mode REBOOT is refused on a configured node, and nothing ever reboots by itself (talos-1-api.md §1.6). */
export function applyNeverReboots(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** `mode=99` is an error instead of a reboot (FINDINGS 2.6). */
export function refusesUnknownApplyMode(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** The yaml_spec of a MachineConfig is a YAML string that holds the config (talos-2-resources.md §2.2). */
export function machineConfigIsWrapped(version: TalosVersion): boolean {
  return atLeast(version, 12);
}

/** Network and registry documents such as HostnameConfig are registered. */
export function hasNetworkDocuments(version: TalosVersion): boolean {
  return atLeast(version, 12);
}

export function hasBootIdResource(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

export function hasApiServiceConfigs(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

export function hasImageFactorySchematics(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

export function hasUnattendedInstall(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** `machine.install` may be absent; the node then runs on from memory. */
export function installIsOptional(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** Refusals on a worker have code Unimplemented; before, Bootstrap there is FailedPrecondition. */
export function workerRefusesBootstrapAsUnimplemented(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

export function nameIsInVersionResource(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** Errors of decoding and validation share InvalidArgument in maintenance (FINDINGS 2.5). */
export function maintenanceParseErrorIsInvalidArgument(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** Copy of a missing path is an error of the call, not a text in the message (FINDINGS 5.6). */
export function copyFailsAsCall(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** The `options` message of a Watch may be left out (FINDINGS 6.1). */
export function watchWorksWithoutOptions(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** GenerateClientConfiguration without any role is refused (FINDINGS 5.7). */
export function requiresClientRole(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

/** Empty namespace of Logs is InvalidArgument, before that Unknown (FINDINGS 1.9). */
export function emptyLogNamespaceIsInvalidArgument(version: TalosVersion): boolean {
  return atLeast(version, 13);
}

/** The reboot sequence passes the phase `preShutdown` (FINDINGS 5.11). */
export function hasPreShutdownPhase(version: TalosVersion): boolean {
  return atLeast(version, 14);
}

export function knowsRole(version: TalosVersion, role: string): boolean {
  if (role === 'os:meta:writer' || role === 'os:image:verifier') return atLeast(version, 13);
  return ['os:admin', 'os:operator', 'os:reader', 'os:etcd:backup', 'os:impersonator'].includes(role);
}

/** The etcd image that a node runs when its config names none (FINDINGS 4.6). */
export function defaultEtcdImage(version: TalosVersion): string {
  if (atLeast(version, 14)) return 'registry.k8s.io/etcd:3.7.1';
  if (atLeast(version, 13)) return 'registry.k8s.io/etcd:v3.6.12';
  if (atLeast(version, 12)) return 'registry.k8s.io/etcd:v3.6.11';
  return 'gcr.io/etcd-development/etcd:v3.6.5';
}

/** How long apid waits for open streams before it lets go of the port after an apply (FINDINGS 3.1). */
export function handoverGraceMs(version: TalosVersion): number {
  return atLeast(version, 13) ? 10_000 : 5_000;
}

/** From the apply to the first answer of the secured API with no stream open (FINDINGS 3.1). */
export function handoverMs(version: TalosVersion): number {
  return atLeast(version, 13) ? 300 : 500;
}

/** From power of the process to the first answer in maintenance (FINDINGS 2.8). */
export function maintenanceStartMs(version: TalosVersion): number {
  return atLeast(version, 13) ? 1_500 : 1_300;
}

/** From joining as a learner to voter: 46 s, 17 s and 3 s were measured (FINDINGS 3.7). */
export function learnerPromotionMs(version: TalosVersion): number {
  if (atLeast(version, 14)) return 3_000;
  return atLeast(version, 13) ? 17_000 : 46_000;
}

/** Whether a document or resource that came with 1.`since` (and went with 1.`until`) exists. */
export function existsIn(version: TalosVersion, since: number, until?: number): boolean {
  return atLeast(version, since) && (until === undefined || !atLeast(version, until));
}
