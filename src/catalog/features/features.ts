/** All features by name. */
import { nearest } from '../nearest.ts';
import type { FeatureDefinition } from './feature.ts';
import { AMD_GPU, NVIDIA } from './gpus.ts';
import { LLDPD, NUT_CLIENT, QEMU_GUEST_AGENT, REGISTRY_MIRRORS, WATCHDOG } from './machine.ts';
import { GVISOR, KATA, KATA_FIRECRACKER } from './runtimes.ts';
import { ISCSI, LONGHORN, NFS } from './storage.ts';
import { TAILSCALE } from './tailscale.ts';
import { CLOUDFLARED, NETBIRD, NEWT, ZEROTIER } from './tunnels.ts';

export const FEATURES: readonly FeatureDefinition[] = [
  TAILSCALE,
  CLOUDFLARED,
  NETBIRD,
  NEWT,
  ZEROTIER,
  KATA,
  KATA_FIRECRACKER,
  GVISOR,
  ISCSI,
  LONGHORN,
  NFS,
  NVIDIA,
  AMD_GPU,
  NUT_CLIENT,
  QEMU_GUEST_AGENT,
  WATCHDOG,
  LLDPD,
  REGISTRY_MIRRORS,
];

const BY_NAME: ReadonlyMap<string, FeatureDefinition> = new Map(FEATURES.map((feature) => [feature.name, feature]));

export type FeatureLookup =
  | { readonly kind: 'exact'; readonly definition: FeatureDefinition }
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest?: string };

export function findFeature(name: string): FeatureLookup {
  const definition = BY_NAME.get(name);
  if (definition !== undefined) return { kind: 'exact', definition };
  const guess = nearest(name, BY_NAME.keys());
  return { kind: 'unknown', name, ...(guess === undefined ? {} : { nearest: guess }) };
}
