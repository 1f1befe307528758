/** Which disk of a machine a selector takes, found out before anything is written to it. */
import { IchorError } from '../../errors.ts';
import type { DiskSelector } from '../../spec/model.ts';
import { parseSize } from '../../spec/size.ts';
import { describeDisk } from './disk.ts';
import type { DiskFacts } from './disk.ts';
import { evaluateDiskExpression, matchesGlob } from './expression.ts';

export type ResolvedDisk =
  | { readonly kind: 'one'; readonly disk: DiskFacts }
  | { readonly kind: 'none'; readonly why: string }
  /** Talos takes the first, and which that is may change between boots. */
  | { readonly kind: 'many'; readonly disks: readonly DiskFacts[] }
  /** It cannot be judged with certainty here. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface SelectorSurroundings {
  readonly disks: readonly DiskFacts[];
  /** Device path of the disk that Talos is on; null when it is not installed; undefined when not known. */
  readonly systemDisk?: string | null;
}

/** `selector`: the fields of `machine.install.diskSelector`, or a CEL expression (as text or under `match`). */
export function resolveDiskSelector(selector: DiskSelector | string, surroundings: SelectorSurroundings): ResolvedDisk {
  const { disks } = surroundings;
  try {
    const expression = typeof selector === 'string' ? selector : selector.match;
    const usable = disks.filter((disk) => !disk.readonly && !disk.cdrom);
    const taken = usable.filter((disk) => {
      if (
        expression !== undefined &&
        !evaluateDiskExpression(expression, { disk, isSystemDisk: isSystemDisk(disk, surroundings.systemDisk) })
      )
        return false;
      return typeof selector === 'string' || matchesFields(selector, disk);
    });
    const [first] = taken;
    if (first === undefined)
      return { kind: 'none', why: `no disk matches ${describeSelector(selector)}; there ${listOf(usable)}` };
    return taken.length === 1 ? { kind: 'one', disk: first } : { kind: 'many', disks: taken };
  } catch (reason) {
    if (reason instanceof IchorError && reason.code === 'invalid-input')
      return { kind: 'unknown', why: reason.message };
    throw reason;
  }
}

/** What Talos makes of `machine.install.diskSelector` (machinery `InstallConfig.DiskMatchExpression`): all fields must hold, texts are patterns. */
function matchesFields(selector: DiskSelector, disk: DiskFacts): boolean {
  // Without a transport it might be a device mapper target.
  if (selector.match === undefined && (disk.transport ?? '') === '') return false;
  if (selector.name !== undefined && selector.name !== disk.devPath) return false;
  if (selector.type !== undefined && !isOfType(selector.type, disk)) return false;
  if (selector.size !== undefined && !matchesSize(selector.size, BigInt(disk.sizeBytes))) return false;
  const texts = [
    [selector.serial, disk.serial],
    [selector.wwid, disk.wwid],
    [selector.model, disk.model],
    [selector.modalias, disk.modalias],
    [selector.uuid, disk.uuid],
    [selector.busPath, disk.busPath],
  ] as const;
  return texts.every(([pattern, value]) => pattern === undefined || matchesGlob(pattern, value ?? ''));
}

function isOfType(type: NonNullable<DiskSelector['type']>, disk: DiskFacts): boolean {
  switch (type) {
    case 'nvme':
    case 'virtio':
      return disk.transport === type;
    case 'sd':
      return disk.transport === 'mmc';
    case 'hdd':
      return disk.rotational === true;
    case 'ssd':
      return disk.rotational !== true;
  }
}

/** `>= 100GB`; without operator the size is exact. */
function matchesSize(text: string, sizeBytes: bigint): boolean {
  const match = /^\s*(==|>=|<=|>|<)?\s*(.+)$/.exec(text);
  const wanted = parseSize(match?.[2] ?? '');
  if (wanted === undefined)
    throw new IchorError('invalid-input', `${JSON.stringify(text)} is no size to compare with`, {
      hint: 'Write for instance ">= 100GB".',
    });
  switch (match?.[1]) {
    case '>=':
      return sizeBytes >= wanted;
    case '<=':
      return sizeBytes <= wanted;
    case '>':
      return sizeBytes > wanted;
    case '<':
      return sizeBytes < wanted;
    default:
      return sizeBytes === wanted;
  }
}

function describeSelector(selector: DiskSelector | string): string {
  if (typeof selector === 'string') return selector;
  return Object.entries(selector)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(' and ');
}

/** As a sentence for people, before anything is written. */
export function describeResolvedDisk(resolved: ResolvedDisk): string {
  switch (resolved.kind) {
    case 'one':
      return describeDisk(resolved.disk);
    case 'many':
      return `${resolved.disks.length} disks match: ${resolved.disks.map(describeDisk).join('; ')}`;
    case 'none':
    case 'unknown':
      return resolved.why;
  }
}

function isSystemDisk(disk: DiskFacts, systemDisk: string | null | undefined): boolean | undefined {
  if (systemDisk === undefined) return undefined;
  // Not installed: Talos leaves the variable out of the environment.
  return systemDisk === null ? undefined : disk.devPath === systemDisk;
}

function listOf(disks: readonly DiskFacts[]): string {
  return disks.length === 0 ? 'are none that could be written' : `are ${disks.map(describeDisk).join('; ')}`;
}
