/**
 * Which of a machine's own disks `install` selects, found out before the config is sent: a selector that matches nothing leaves a
 * node sitting in maintenance without a word (field.md F0-1).
 */
import type { DiskSelector, Install } from '../spec/model.ts';
import type { ObservedDisk } from './observation.ts';

export type InstallDisk =
  | { readonly kind: 'found'; readonly disk: ObservedDisk }
  /** Talos takes the first; which that is can change between boots. */
  | { readonly kind: 'ambiguous'; readonly disks: readonly ObservedDisk[] }
  | { readonly kind: 'missing'; readonly why: string }
  /** The spec names none, or its selector can only be judged by Talos. */
  | { readonly kind: 'unjudged'; readonly why: string };

export function resolveInstallDisk(install: Install, disks: readonly ObservedDisk[]): InstallDisk {
  const usable = disks.filter((disk) => !disk.readonly && !disk.cdrom);
  if (install.device !== undefined) {
    const device = install.device;
    if (device.startsWith('/dev/disk/')) return { kind: 'unjudged', why: `${device} is a link that only the node can follow` };
    const disk = usable.find((candidate) => candidate.devPath === device);
    return disk ? { kind: 'found', disk } : { kind: 'missing', why: `${device} does not exist; there ${list(usable)}` };
  }
  const selector = install.disk;
  if (selector === undefined) return { kind: 'unjudged', why: 'the spec names no install disk' };
  if (selector.match !== undefined || selector.size !== undefined) return { kind: 'unjudged', why: 'the selector is an expression that Talos evaluates' };
  const matching = usable.filter((disk) => matches(selector, disk));
  const [first] = matching;
  if (first === undefined) return { kind: 'missing', why: `no disk matches ${describeSelector(selector)}; there ${list(usable)}` };
  return matching.length === 1 ? { kind: 'found', disk: first } : { kind: 'ambiguous', disks: matching };
}

function matches(selector: DiskSelector, disk: ObservedDisk): boolean {
  const texts: readonly (readonly [string | undefined, string | undefined])[] = [
    [selector.serial, disk.serial],
    [selector.wwid, disk.wwid],
    [selector.model, disk.model],
    [selector.busPath, disk.busPath],
    [selector.modalias, disk.modalias],
    [selector.uuid, disk.uuid],
  ];
  if (selector.name !== undefined && selector.name !== disk.devPath) return false;
  // Without a transport it might be a device mapper target; Talos leaves it out (InstallConfig.DiskMatchExpression).
  if (disk.transport === undefined) return false;
  return texts.every(([pattern, value]) => pattern === undefined || glob(pattern, value)) && (selector.type === undefined || isOfType(selector.type, disk));
}

/** Talos' selectors are globs with `*` and `?` (go-blockdevice match). */
function glob(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(value);
}

function isOfType(type: string, disk: ObservedDisk): boolean {
  switch (type) {
    case 'nvme':
      return disk.transport === 'nvme';
    case 'virtio':
      return disk.transport === 'virtio';
    case 'sd':
      return disk.transport === 'mmc';
    case 'hdd':
      return disk.rotational === true;
    case 'ssd':
      return disk.rotational !== true;
    default:
      return false;
  }
}

function list(disks: readonly ObservedDisk[]): string {
  if (disks.length === 0) return 'are no disks at all';
  const names = disks.map((disk) => [disk.devPath, disk.model, disk.serial].filter((part) => part !== undefined).join(' '));
  return `${disks.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}

function describeSelector(selector: DiskSelector): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');
}
