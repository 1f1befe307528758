/**
 * What it takes to get from the volumes that a node has to those that are wanted. Talos makes a volume once: it grows it into free space
 * behind it, and never shrinks, moves, encrypts or reformats one (catalog §5.2; field.md F1-22).
 */
import { bothUnits } from './disk.ts';

/** As `VolumeStatuses` and the partition table show it. */
export interface PresentVolume {
  /** Volume id, which is the partition label: `u-data`, `EPHEMERAL`. */
  readonly id: string;
  readonly sizeBytes: bigint;
  /** Of the disk that the partition is on. */
  readonly diskDevPath: string;
  readonly filesystem?: string;
  readonly isEncrypted: boolean;
  /** Free space directly behind the partition. */
  readonly freeBehindBytes?: bigint;
}

export interface WantedVolume {
  readonly id: string;
  readonly minSizeBytes?: bigint | undefined;
  readonly maxSizeBytes?: bigint | undefined;
  readonly grow: boolean;
  /** Where its selector resolves to; absent when that is not known. */
  readonly diskDevPath?: string;
  readonly filesystem?: string;
  readonly isEncrypted: boolean;
}

export type VolumeChange =
  | { readonly kind: 'create'; readonly id: string; readonly text: string }
  /** At the next boot, without loss. */
  | { readonly kind: 'grow'; readonly id: string; readonly text: string }
  /** Data on the volume is lost: needs its name as confirmation. */
  | { readonly kind: 'destroys'; readonly id: string; readonly text: string; readonly procedure: readonly string[] }
  /** No longer wanted: its document goes, and its data stays on the disk until it is wiped by name. */
  | { readonly kind: 'leave'; readonly id: string; readonly text: string };

/** In the order of `wanted`, then what is left over. Volumes that are as wanted do not appear. */
export function planVolumeChanges(
  present: readonly PresentVolume[],
  wanted: readonly WantedVolume[],
  role: 'controlplane' | 'worker',
): readonly VolumeChange[] {
  const changes: VolumeChange[] = [];
  for (const want of wanted) {
    const now = present.find(({ id }) => id === want.id);
    const change = now === undefined ? creation(want) : changeOf(now, want, role);
    if (change !== undefined) changes.push(change);
  }
  const wantedIds = new Set(wanted.map(({ id }) => id));
  const leftOver = present.filter(({ id }) => /^[urs]-/.test(id) && !wantedIds.has(id));
  return [
    ...changes,
    ...leftOver.map(({ id }): VolumeChange => ({
      kind: 'leave',
      id,
      text: `${id} is no longer declared: it is unmounted, its data and its partition stay until it is wiped by name`,
    })),
  ];
}

function creation({ id, minSizeBytes, maxSizeBytes }: WantedVolume): VolumeChange {
  const size = maxSizeBytes ?? minSizeBytes;
  return { kind: 'create', id, text: `${id} is made${size === undefined ? '' : ` with ${bothUnits(size)}`}` };
}

function changeOf(now: PresentVolume, want: WantedVolume, role: 'controlplane' | 'worker'): VolumeChange | undefined {
  const reasons = reasonsToRemake(now, want);
  if (reasons.length > 0)
    return {
      kind: 'destroys',
      id: now.id,
      text: `destroys ${now.id}: ${reasons.join('; ')}`,
      procedure: procedureFor(now.id, role),
    };
  const target = want.maxSizeBytes;
  if (!want.grow || (target !== undefined && target <= now.sizeBytes)) return undefined;
  const free = now.freeBehindBytes ?? 0n;
  if (free === 0n) return undefined;
  const reached = target !== undefined && target < now.sizeBytes + free ? target : now.sizeBytes + free;
  return {
    kind: 'grow',
    id: now.id,
    text: `${now.id} grows from ${bothUnits(now.sizeBytes)} to ${bothUnits(reached)} at the next boot`,
  };
}

/** A tenth of a percent, for alignment and for sizes relative to a disk. */
function isClearlyAbove(sizeBytes: bigint, limit: bigint): boolean {
  return sizeBytes > limit + limit / 1000n;
}

function reasonsToRemake(now: PresentVolume, want: WantedVolume): readonly string[] {
  const reasons: string[] = [];
  const { maxSizeBytes: max, minSizeBytes: min } = want;
  if (max !== undefined && isClearlyAbove(now.sizeBytes, max))
    reasons.push(
      `it has ${bothUnits(now.sizeBytes)} and is to have ${bothUnits(max)} at most, and Talos never shrinks a partition`,
    );
  const reachable = now.sizeBytes + (want.grow ? (now.freeBehindBytes ?? 0n) : 0n);
  if (min !== undefined && isClearlyAbove(min, reachable))
    reasons.push(
      `it has ${bothUnits(now.sizeBytes)} and is to have ${bothUnits(min)} at least, and ${want.grow ? 'there is not enough free space directly behind it' : 'it does not grow'}`,
    );
  if (want.diskDevPath !== undefined && want.diskDevPath !== now.diskDevPath)
    reasons.push(`it is on ${now.diskDevPath} and is to be on ${want.diskDevPath}`);
  if (want.isEncrypted !== now.isEncrypted)
    reasons.push(want.isEncrypted ? 'it is to be encrypted' : 'it is no longer to be encrypted');
  if (want.filesystem !== undefined && now.filesystem !== undefined && want.filesystem !== now.filesystem)
    reasons.push(`it has ${now.filesystem} and is to have ${want.filesystem}`);
  return reasons;
}

/** Wiping EPHEMERAL alone keeps the partition as large as it is: its partition has to go (F1-22). */
function procedureFor(id: string, role: 'controlplane' | 'worker'): readonly string[] {
  if (id !== 'EPHEMERAL')
    return [
      `take what uses ${id} off the node`,
      `reset ${id} by its label and drop its partition`,
      'reboot: Talos makes it anew',
    ];
  const etcd = role === 'controlplane' ? ['leave etcd, while a majority remains without this node'] : [];
  return [
    'drain the node',
    ...etcd,
    'go to maintenance with STATE and EPHEMERAL wiped',
    'drop the partition of EPHEMERAL',
    'apply the configuration: Talos makes it anew',
    ...(role === 'controlplane' ? ['wait until etcd on it is a voter again'] : []),
  ];
}
