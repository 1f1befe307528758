/**
 * What fits on a disk, to the byte: Talos' own partitions, EPHEMERAL and the volumes, in the order in which Talos makes them
 * (catalog §5.2: volumes that do not grow first, then the smaller maximum, then the name).
 */
import {
  EPHEMERAL_MIN_BYTES,
  GPT_HEAD_BYTES,
  GPT_TAIL_BYTES,
  systemPartitions,
  VOLUME_DEFAULT_MIN_BYTES,
  XFS_MIN_BYTES,
} from '../../catalog/disks.ts';
import type { BootLayout } from '../../catalog/disks.ts';
import { bothUnits } from './disk.ts';

export interface BudgetRequest {
  readonly diskSizeBytes: bigint;
  /** Present on the disk that Talos is installed on; `talos` is the version that installed it. */
  readonly system?: { readonly talos: string; readonly layout: BootLayout; readonly ephemeral?: VolumeSize };
  readonly volumes: readonly BudgetVolume[];
}

export interface VolumeSize {
  readonly minSizeBytes?: bigint | undefined;
  /** Without one it takes what is free. */
  readonly maxSizeBytes?: bigint | undefined;
  readonly grow?: boolean | undefined;
}

export interface BudgetVolume extends VolumeSize {
  /** Without `u-`. */
  readonly name: string;
}

export interface BudgetPartition {
  /** `EFI`, `EPHEMERAL`, `u-data`. */
  readonly label: string;
  readonly kind: 'system' | 'ephemeral' | 'volume';
  /** What it gets. */
  readonly sizeBytes: bigint;
  /** What it must have at least; more than `sizeBytes` where it does not fit. */
  readonly neededBytes: bigint;
}

export interface DiskBudget {
  readonly diskSizeBytes: bigint;
  /** GPT at both ends. */
  readonly overheadBytes: bigint;
  readonly partitions: readonly BudgetPartition[];
  readonly freeBytes: bigint;
  readonly fits: boolean;
  /** 0 when it fits. */
  readonly overByBytes: bigint;
  readonly findings: readonly BudgetFinding[];
}

export interface BudgetFinding {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
}

export function planDiskBudget(request: BudgetRequest): DiskBudget {
  const overheadBytes = GPT_HEAD_BYTES + GPT_TAIL_BYTES;
  const wants = [...systemWants(request), ...request.volumes.toSorted(inTalosOrder).map(volumeWant)];
  const needed = wants.reduce((sum, { neededBytes }) => sum + neededBytes, overheadBytes);
  const partitions: BudgetPartition[] = [];
  let left = request.diskSizeBytes - overheadBytes;
  for (const want of wants) {
    const available = left > 0n ? left : 0n;
    const size = want.wantedBytes === undefined || want.wantedBytes > available ? available : want.wantedBytes;
    partitions.push({ label: want.label, kind: want.kind, neededBytes: want.neededBytes, sizeBytes: size });
    left -= size;
  }
  const total = needed > request.diskSizeBytes ? needed - request.diskSizeBytes : 0n;
  const starved = partitions.filter(({ sizeBytes, neededBytes }) => sizeBytes < neededBytes);
  const fits = total === 0n && starved.length === 0;
  const overByBytes =
    total > 0n ? total : starved.reduce((sum, { sizeBytes, neededBytes }) => sum + neededBytes - sizeBytes, 0n);
  const budget = {
    diskSizeBytes: request.diskSizeBytes,
    overheadBytes,
    partitions,
    freeBytes: left > 0n ? left : 0n,
    fits,
    overByBytes,
  };
  return { ...budget, findings: findingsOf(request, { ...budget, findings: [] }, wants) };
}

interface Want {
  readonly label: string;
  readonly kind: BudgetPartition['kind'];
  readonly neededBytes: bigint;
  /** Undefined: all that is left. */
  readonly wantedBytes: bigint | undefined;
}

function systemWants({ system }: BudgetRequest): readonly Want[] {
  if (system === undefined) return [];
  const { talos, layout, ephemeral = {} } = system;
  const minimum = ephemeral.minSizeBytes ?? EPHEMERAL_MIN_BYTES;
  return [
    ...systemPartitions(talos, layout).map(({ label, sizeBytes }): Want => ({
      label,
      kind: 'system',
      neededBytes: sizeBytes,
      wantedBytes: sizeBytes,
    })),
    {
      label: 'EPHEMERAL',
      kind: 'ephemeral',
      neededBytes: largest(minimum, ephemeral.maxSizeBytes),
      wantedBytes: ephemeral.maxSizeBytes,
    },
  ];
}

/** Talos gives a volume less than its maximum without a word when less is free, so the maximum is what is needed. */
function volumeWant({ name, minSizeBytes, maxSizeBytes }: BudgetVolume): Want {
  return {
    label: `u-${name}`,
    kind: 'volume',
    neededBytes: largest(minSizeBytes ?? VOLUME_DEFAULT_MIN_BYTES, maxSizeBytes),
    wantedBytes: maxSizeBytes,
  };
}

function largest(minimum: bigint, maximum: bigint | undefined): bigint {
  return maximum !== undefined && maximum > minimum ? maximum : minimum;
}

function inTalosOrder(left: BudgetVolume, right: BudgetVolume): number {
  if ((left.grow === true) !== (right.grow === true)) return left.grow === true ? 1 : -1;
  const a = left.maxSizeBytes;
  const b = right.maxSizeBytes;
  if (a !== b) {
    if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
    return a < b ? -1 : 1;
  }
  return left.name < right.name ? -1 : 1;
}

function findingsOf(request: BudgetRequest, budget: DiskBudget, wants: readonly Want[]): readonly BudgetFinding[] {
  const findings: BudgetFinding[] = [];
  const openEphemeral =
    request.system !== undefined && request.system.ephemeral?.maxSizeBytes === undefined && request.volumes.length > 0;
  if (openEphemeral) {
    findings.push({
      severity: 'error',
      rule: 'ephemeral-takes-all',
      message: 'EPHEMERAL has no maxSize and takes the whole disk before any volume is made',
      hint: 'Give it a cap: a VolumeConfig named EPHEMERAL with maxSize.',
    });
  } else if (!budget.fits) {
    const sum = wants.reduce((total, { neededBytes }) => total + neededBytes, budget.overheadBytes);
    findings.push({
      severity: 'error',
      rule: 'disk-over-committed',
      message: `${bothUnits(sum)} do not fit on ${bothUnits(budget.diskSizeBytes)}: short by ${bothUnits(budget.overByBytes)}`,
      hint: smallerHint(budget),
    });
  }
  for (const { name, minSizeBytes, maxSizeBytes } of request.volumes) {
    const smallest = minSizeBytes ?? VOLUME_DEFAULT_MIN_BYTES;
    if (maxSizeBytes !== undefined && smallest > maxSizeBytes) continue;
    if (smallest >= XFS_MIN_BYTES) continue;
    findings.push({
      severity: 'notice',
      rule: 'volume-below-xfs',
      message: `${name} may become as small as ${bothUnits(smallest)}; below ${bothUnits(XFS_MIN_BYTES)} XFS is made in a way that its makers do not support`,
      hint: 'Give it a minSize.',
    });
  }
  const inverted = [
    ...request.volumes,
    ...(request.system?.ephemeral === undefined ? [] : [{ ...request.system.ephemeral, name: 'EPHEMERAL' }]),
  ].filter(
    ({ minSizeBytes, maxSizeBytes }) =>
      minSizeBytes !== undefined && maxSizeBytes !== undefined && minSizeBytes > maxSizeBytes,
  );
  for (const { name } of inverted)
    findings.push({
      severity: 'error',
      rule: 'volume-sizes-inverted',
      message: `${name} has a minSize above its maxSize`,
    });
  return findings;
}

function smallerHint({ partitions, overByBytes }: DiskBudget): string {
  const volume = partitions
    .filter(({ kind }) => kind === 'volume')
    .toSorted((left, right) => (left.neededBytes > right.neededBytes ? 1 : -1))[0];
  if (volume === undefined || volume.neededBytes <= overByBytes) return 'Take a larger disk, or less for EPHEMERAL.';
  return `${volume.label} could have ${bothUnits(volume.neededBytes - overByBytes)} at most.`;
}
