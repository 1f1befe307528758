/** All features by name. */
import { GUEST_AND_STORAGE_PROFILES } from '../hardware/guests-and-storage.ts';
import { modulesOf, sysctlsOf } from '../hardware/hardware.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { nearest } from '../nearest.ts';
import type { FeatureDefinition } from './feature.ts';
import { AMD_GPU, NVIDIA } from './gpus.ts';
import { LLDPD, NUT_CLIENT, QEMU_GUEST_AGENT, REGISTRY_MIRRORS, WATCHDOG } from './machine.ts';
import { GVISOR, KATA, KATA_FIRECRACKER, PLAIN_RUNTIMES } from './runtimes.ts';
import { ISCSI, LONGHORN, NFS } from './storage.ts';
import { TAILSCALE } from './tailscale.ts';
import { BIRD, CLOUDFLARED, NEBULA, NETBIRD, NEWT, ZEROTIER } from './tunnels.ts';

const OWN: readonly FeatureDefinition[] = [
  TAILSCALE,
  CLOUDFLARED,
  NETBIRD,
  NEWT,
  ZEROTIER,
  NEBULA,
  BIRD,
  KATA,
  KATA_FIRECRACKER,
  GVISOR,
  ...PLAIN_RUNTIMES,
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

/** What storage needs of a node may be named as a feature of the cluster as well: its profile is then the image's part of it. */
export const FEATURES: readonly FeatureDefinition[] = [
  ...OWN,
  ...GUEST_AND_STORAGE_PROFILES.filter(
    ({ group, name }) => group === 'storage' && !OWN.some((feature) => feature.name === name),
  ).map(ofProfile),
];

function ofProfile(profile: HardwareProfile): FeatureDefinition {
  const {
    name,
    title,
    extensions,
    kernelArgs = [],
    checks = ['its extensions are on the node'],
    notes,
    source,
  } = profile;
  return {
    name,
    title,
    options: {},
    image: ({ node }) => ({
      extensions,
      kernelArgs,
      modules: modulesOf(profile, node.talos),
      sysctls: sysctlsOf(profile, node.talos),
    }),
    checks,
    ...(profile.inCluster === undefined ? {} : { inCluster: profile.inCluster.replace(/\.$/, '') }),
    removal: ['What uses it in the cluster first, then the extensions with an upgrade.'],
    ...(notes === undefined ? {} : { notes }),
    source,
  };
}

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
