/** Looking extensions up by name for one Talos version: exact, renamed, or unknown. Never by part of a name. */
import { nearestSeveral } from '../nearest.ts';
import { isAtLeastMinor, tagOf } from '../version.ts';
import { DEVICE_EXTENSIONS } from './devices.ts';
import type { Extension } from './extension.ts';
import { STORAGE_EXTENSIONS } from './gpus-and-storage.ts';
import { NETWORK_EXTENSIONS } from './networks.ts';
import { RUNTIME_EXTENSIONS } from './runtimes.ts';

export const EXTENSIONS: readonly Extension[] = [
  ...RUNTIME_EXTENSIONS,
  ...DEVICE_EXTENSIONS,
  ...NETWORK_EXTENSIONS,
  ...STORAGE_EXTENSIONS,
];

const BY_NAME: ReadonlyMap<string, Extension> = new Map(EXTENSIONS.map((extension) => [extension.name, extension]));

/** Old names; the Image Factory maps all but the last by itself, to other schematic ids. */
const RENAMED: Readonly<Record<string, string>> = {
  'amdgpu-firmware': 'amdgpu',
  'i915-ucode': 'i915',
  'v4l-uvc': 'v4l-uvc-drivers',
  'usb-modem': 'usb-modem-drivers',
  gasket: 'gasket-driver',
  'talos-vmtoolsd': 'vmtoolsd-guest-agent',
  'xe-guest-utilities': 'xen-guest-agent',
  'nonfree-kmod-nvidia': 'nonfree-kmod-nvidia-lts',
  'nvidia-open-gpu-kernel-modules': 'nvidia-open-gpu-kernel-modules-lts',
  'nvidia-container-toolkit': 'nvidia-container-toolkit-lts',
  'nvidia-fabricmanager': 'nvidia-fabricmanager-lts',
};

/** Words that people write and that no release ever had. */
const OFTEN_MEANT: Readonly<Record<string, readonly string[]>> = {
  nvidia: [
    'nvidia-open-gpu-kernel-modules-production',
    'nvidia-container-toolkit-production',
    'nvidia-open-gpu-kernel-modules-lts',
    'nvidia-container-toolkit-lts',
    'nonfree-kmod-nvidia-lts',
  ],
  iscsi: ['iscsi-tools'],
  nfs: ['nfs-utils', 'nfsd'],
  'intel-gpu': ['i915', 'xe'],
  realtek: ['realtek-firmware'],
  'qemu-agent': ['qemu-guest-agent'],
  'amd-gpu': ['amdgpu'],
  'util-linux': ['util-linux-tools'],
  coral: ['gasket-driver'],
};

export type ExtensionLookup =
  | { readonly kind: 'exact'; readonly extension: Extension }
  /** Use `extension`; `notice` says why, and that the schematic id changes with the name. */
  | { readonly kind: 'renamed'; readonly from: string; readonly extension: Extension; readonly notice: string }
  /** The catalogue knows it, but not in this Talos version. */
  | { readonly kind: 'unavailable'; readonly extension: Extension; readonly since: string }
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest: readonly string[] };

/** `name` with or without `siderolabs/`. The factory's own list for that version has the last word. */
export function findExtension(name: string, talos: string): ExtensionLookup {
  const short = shortName(name);
  const extension = BY_NAME.get(short);
  if (extension !== undefined) return available(extension, talos);
  const renamed = RENAMED[short];
  const target = renamed === undefined ? undefined : BY_NAME.get(renamed);
  if (target !== undefined) {
    const notice = `${short} is now ${target.name}; the schematic id depends on the name that is written`;
    return { kind: 'renamed', from: short, extension: target, notice };
  }
  return {
    kind: 'unknown',
    name: short,
    nearest: OFTEN_MEANT[short] ?? nearestSeveral(short, availableNames(talos), 3),
  };
}

/** Without `siderolabs/`. */
export function shortName(name: string): string {
  return name.startsWith('siderolabs/') ? name.slice('siderolabs/'.length) : name;
}

/** All that the catalogue lists for a Talos version. */
export function extensionsOf(talos: string): readonly Extension[] {
  return EXTENSIONS.filter(({ since }) => isAtLeastMinor(talos, since));
}

/** One sentence for a lookup that is not exact; undefined for one that is. */
export function describeLookup(lookup: ExtensionLookup, talos: string): string | undefined {
  switch (lookup.kind) {
    case 'exact':
      return undefined;
    case 'renamed':
      return lookup.notice;
    case 'unavailable':
      return `${lookup.extension.name} is in Talos ${lookup.since} and later, not in ${tagOf(talos)}`;
    case 'unknown':
      return `${lookup.name} is no official extension${lookup.nearest.length === 0 ? '' : `; did you mean ${lookup.nearest.join(' or ')}?`}`;
  }
}

function available(extension: Extension, talos: string): ExtensionLookup {
  return isAtLeastMinor(talos, extension.since)
    ? { kind: 'exact', extension }
    : { kind: 'unavailable', extension, since: extension.since };
}

function availableNames(talos: string): readonly string[] {
  return extensionsOf(talos).map((extension) => extension.name);
}
