/**
 * Which of a machine's own disks `install` selects, found out before the config is sent: a selector that matches nothing leaves a
 * node sitting in maintenance without a word (field.md F0-1).
 */
import { describeDisk } from '../images/disks/disk.ts';
import { resolveDiskSelector } from '../images/disks/selector.ts';
import type { Install } from '../spec/model.ts';
import type { ObservedDisk } from './observation.ts';

export type InstallDisk =
  | { readonly kind: 'found'; readonly disk: ObservedDisk }
  /** Talos takes the first; which that is can change between boots. */
  | { readonly kind: 'ambiguous'; readonly disks: readonly ObservedDisk[] }
  | { readonly kind: 'missing'; readonly why: string }
  /** The spec names none, or only the node itself can tell. */
  | { readonly kind: 'unjudged'; readonly why: string };

export function resolveInstallDisk(install: Install, disks: readonly ObservedDisk[]): InstallDisk {
  if (install.device !== undefined) return resolveDevice(install.device, disks);
  if (install.disk === undefined) return { kind: 'unjudged', why: 'the spec names no install disk' };
  // In maintenance Talos is on no disk yet.
  const resolved = resolveDiskSelector(install.disk, { disks, systemDisk: null });
  const own = (found: { readonly devPath: string }): readonly ObservedDisk[] =>
    disks.filter((disk) => disk.devPath === found.devPath);
  switch (resolved.kind) {
    case 'none':
      return { kind: 'missing', why: resolved.why };
    case 'unknown':
      return { kind: 'unjudged', why: resolved.why };
    case 'one':
    case 'many': {
      const found = (resolved.kind === 'one' ? [resolved.disk] : resolved.disks).flatMap(own);
      const [first] = found;
      return found.length === 1 && first !== undefined
        ? { kind: 'found', disk: first }
        : { kind: 'ambiguous', disks: found };
    }
  }
}

/** What will be written over, for a person to recognise: the disk and what stands on it now. Undefined where it is not known for sure. */
export function installDiskText(install: Install, disks: readonly ObservedDisk[]): string | undefined {
  const chosen = resolveInstallDisk(install, disks);
  if (chosen.kind !== 'found') return undefined;
  const { contents } = chosen.disk;
  return `${describeDisk(chosen.disk)}; ${contents.length === 0 ? 'nothing is on it' : `holds ${contents.join(', ')}`}`;
}

function resolveDevice(device: string, disks: readonly ObservedDisk[]): InstallDisk {
  if (device.startsWith('/dev/disk/'))
    return { kind: 'unjudged', why: `${device} is a link that only the node can follow` };
  const usable = disks.filter((disk) => !disk.readonly && !disk.cdrom);
  const disk = usable.find((candidate) => candidate.devPath === device);
  if (disk) return { kind: 'found', disk };
  return {
    kind: 'missing',
    why: `${device} does not exist; there ${usable.length === 0 ? 'are no disks' : `are ${usable.map(describeDisk).join('; ')}`}`,
  };
}
