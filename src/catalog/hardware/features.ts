/**
 * Features: what is wanted of a node rather than what is in it. Each brings its extension, what the node's configuration needs for it, and
 * what must run in the cluster besides. Same shape as a hardware profile; storage profiles can be named as features too.
 */
import { nearest } from '../nearest.ts';
import { GUEST_AND_STORAGE_PROFILES } from './guests-and-storage.ts';
import type { HardwareProfile } from './profile.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions/tree/main';

interface Service {
  readonly name: string;
  readonly folder: string;
  readonly title: string;
  readonly since?: string;
  readonly notes?: readonly string[];
}

/** Extensions that run a service with an ExtensionServiceConfig of the same name. */
const SERVICES: readonly Service[] = [
  {
    name: 'tailscale',
    folder: 'network/tailscale',
    title: 'Tailscale on the node',
    notes: [
      'Subnet routes have to be approved in the tailnet.',
      'An auth key of one use or past its date breaks the next boot unless TS_AUTH_ONCE is true.',
    ],
  },
  { name: 'netbird', folder: 'network/netbird', title: 'NetBird on the node', since: '1.12' },
  { name: 'zerotier', folder: 'network/zerotier', title: 'ZeroTier on the node' },
  { name: 'nebula', folder: 'network/nebula', title: 'Nebula on the node', since: '1.10' },
  { name: 'newt', folder: 'network/newt', title: 'Pangolin tunnel on the node', since: '1.11' },
  { name: 'cloudflared', folder: 'network/cloudflared', title: 'Cloudflare Tunnel on the node' },
  {
    name: 'bird2',
    folder: 'network/bird2',
    title: 'BIRD routing daemon',
    since: '1.12',
    notes: ['Restarts, and drops its sessions, on every change.'],
  },
  { name: 'lldpd', folder: 'network/lldpd', title: 'LLDP daemon' },
  {
    name: 'nut-client',
    folder: 'power/nut-client',
    title: 'Shutdown by a UPS (NUT client)',
    notes: ['SHUTDOWNCMD must be /sbin/poweroff.'],
  },
];

const RUNTIMES: readonly HardwareProfile[] = [
  runtime({
    name: 'kata',
    extension: 'kata-containers',
    handlers: ['kata'],
    notes: ['Cloud Hypervisor; kata-qemu from Talos 1.14 on. Virtual machines need nested virtualisation.'],
  }),
  runtime({
    name: 'kata-firecracker',
    extension: 'kata-containers',
    handlers: ['kata-fc'],
    notes: [
      'Firecracker is not in the extension (siderolabs/talos#9579): its files and its containerd handler are brought by other means, its snapshotter needs a volume of its own.',
      'From Talos 1.14 on a user volume is mounted noexec unless mount.secure is false.',
    ],
  }),
  runtime({
    name: 'gvisor',
    extension: 'gvisor',
    handlers: ['runsc', 'runsc-kvm'],
    sysctls: { 'user.max_user_namespaces': '11255' },
  }),
  runtime({ name: 'spin', extension: 'spin', handlers: ['spin'] }),
  runtime({ name: 'wasmedge', extension: 'wasmedge', handlers: ['wasmedge'] }),
  runtime({ name: 'crun', extension: 'crun', handlers: ['crun'] }),
  runtime({ name: 'youki', extension: 'youki', handlers: ['youki'], since: '1.10.1' }),
];

interface Runtime {
  readonly name: string;
  readonly extension: string;
  readonly handlers: readonly string[];
  readonly since?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly notes?: readonly string[];
}

function runtime({ name, extension, handlers, since, sysctls, notes }: Runtime): HardwareProfile {
  return {
    name,
    group: 'feature',
    title: `Container runtime ${extension}`,
    extensions: [extension],
    inCluster: `A RuntimeClass with the handler ${handlers.join(' or ')}.`,
    source: `${EXTENSIONS}/container-runtime/${extension}`,
    ...(since === undefined ? {} : { since }),
    ...(sysctls === undefined ? {} : { sysctls }),
    ...(notes === undefined ? {} : { notes }),
  };
}

export const FEATURES: readonly HardwareProfile[] = [
  ...SERVICES.map(({ name, folder, title, since, notes }): HardwareProfile => ({
    name,
    group: 'feature',
    title,
    extensions: [name],
    checks: [`ext-${name} is Running`],
    source: `${EXTENSIONS}/${folder}`,
    ...(since === undefined ? {} : { since }),
    ...(notes === undefined ? {} : { notes }),
  })),
  ...RUNTIMES,
  ...GUEST_AND_STORAGE_PROFILES.filter(({ group }) => group === 'storage').map((profile) => ({
    ...profile,
    group: 'feature' as const,
  })),
];

export type FeatureLookup =
  | { readonly kind: 'exact'; readonly profile: HardwareProfile }
  /** It may still be something that only the cluster needs. */
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest?: string };

/** By exact name only. */
export function findFeature(name: string): FeatureLookup {
  const profile = FEATURES.find((feature) => feature.name === name);
  if (profile !== undefined) return { kind: 'exact', profile };
  const guess = nearest(
    name,
    FEATURES.map((feature) => feature.name),
  );
  return guess === undefined ? { kind: 'unknown', name } : { kind: 'unknown', name, nearest: guess };
}
