/**
 * Which disk an install wish means: a device name, v1alpha1's `diskSelector`, or a CEL expression, evaluated as Talos does: the first
 * disk in kernel order that matches (talos-4-documents.md §6.3).
 */
import type { DiskDefinition } from '../definition.ts';
import type { InstallWish } from './config.ts';
import { evaluateDiskExpression } from './disk-expression.ts';
import { diskLinks } from './disk-links.ts';
import { glob } from './network.ts';
import type { Machine } from './state.ts';
import { textAt, type Tree } from './tree.ts';

export type DiskChoice =
  | { readonly kind: 'found'; readonly disk: DiskDefinition }
  | { readonly kind: 'missing'; readonly reason: string };

export function presentDisks(machine: Machine): readonly DiskDefinition[] {
  return machine.definition.disks.filter((disk) => !machine.missingDisks.includes(disk.name));
}

export function chooseDisk(machine: Machine, wish: InstallWish): DiskChoice {
  const disks = presentDisks(machine);
  if (wish.match !== undefined)
    return first(
      disks.filter((disk) => evaluateDiskExpression(wish.match ?? '', disk, false)),
      `no disk matches the expression "${wish.match}"`,
    );
  if (wish.selector !== undefined) {
    const { selector } = wish;
    return first(
      disks.filter((disk) => !disk.readonly && !disk.cdrom && matchesSelector(selector, disk)),
      'no disk found matching provided parameters',
    );
  }
  const device = wish.device ?? '';
  const name = device.replace(/^\/dev\//, '');
  const found = disks.filter((disk) => disk.name === name || diskLinks(disk).includes(device));
  return first(found, `failed to get disk ${device}: no such file or directory`);
}

function first(disks: readonly DiskDefinition[], reason: string): DiskChoice {
  const [disk] = disks;
  return disk === undefined ? { kind: 'missing', reason } : { kind: 'found', disk };
}

function matchesSelector(selector: Tree, disk: DiskDefinition): boolean {
  const matches = (key: string, value: string | undefined): boolean => {
    const pattern = textAt(selector, key);
    return pattern === undefined || (value !== undefined && glob(pattern, value));
  };
  const type = textAt(selector, 'type');
  const size = textAt(selector, 'size');
  return (
    matches('name', disk.name) &&
    matches('model', disk.model) &&
    matches('serial', disk.serial) &&
    matches('modalias', disk.modalias) &&
    matches('uuid', disk.uuid) &&
    matches('wwid', disk.wwid) &&
    matches('busPath', disk.busPath) &&
    (type === undefined || diskType(disk) === type.toLowerCase()) &&
    (size === undefined || matchesSize(size, disk.sizeBytes))
  );
}

export function diskType(disk: DiskDefinition): 'nvme' | 'sd' | 'hdd' | 'ssd' {
  if (disk.transport === 'nvme') return 'nvme';
  if (disk.transport === 'mmc') return 'sd';
  return disk.rotational === true ? 'hdd' : 'ssd';
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

/** `4GB`, `>= 1TiB`. */
function matchesSize(wish: string, sizeBytes: number): boolean {
  const match = /^\s*(==|>=|<=|>|<)?\s*([\d.]+)\s*([a-zA-Z]*)\s*$/.exec(wish);
  const unit = UNITS[(match?.[3] ?? '').toLowerCase()];
  if (match === null || unit === undefined) return false;
  const bytes = Number(match[2]) * unit;
  switch (match[1] ?? '==') {
    case '>=':
      return sizeBytes >= bytes;
    case '<=':
      return sizeBytes <= bytes;
    case '>':
      return sizeBytes > bytes;
    case '<':
      return sizeBytes < bytes;
    default:
      return sizeBytes === bytes;
  }
}
