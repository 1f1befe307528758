/** Data on a disk that is not this cluster's: what it is, so that nobody overwrites it without having named the disk. */
import type { DiscoveredVolume } from './disk.ts';

export type ForeignKind = 'talos' | 'lvm' | 'ceph' | 'zfs' | 'raid' | 'windows' | 'luks' | 'linux' | 'unknown';

export interface ForeignContent {
  readonly kind: ForeignKind;
  readonly devPath: string;
  /** `Ceph OSD on /dev/sdb`. */
  readonly text: string;
}

export interface DiskOwnership {
  /** Whether Talos of this very cluster is known to be on the disk: its own partitions are then not foreign. */
  readonly isOwn: boolean;
  /** Partition labels of volumes that this cluster declares: `u-data`. */
  readonly ownLabels?: readonly string[];
}

/** Empty: nothing that could be lost. `volumes` may be those of the whole machine; only the disk's are looked at. */
export function foreignContent(
  devPath: string,
  volumes: readonly DiscoveredVolume[],
  ownership: DiskOwnership,
): readonly ForeignContent[] {
  const found: ForeignContent[] = [];
  for (const volume of volumes.filter(
    (candidate) => candidate.devPath === devPath || candidate.parentDevPath === devPath,
  )) {
    const kind = kindOf(volume);
    if (kind === undefined) continue;
    if (ownership.isOwn && (kind === 'talos' || isOwnVolume(volume, ownership))) continue;
    found.push({ kind, devPath: volume.devPath, text: `${NAMES[kind]} on ${volume.devPath}${nameOf(volume)}` });
  }
  return withoutDoubles(found);
}

const NAMES: Readonly<Record<ForeignKind, string>> = {
  talos: 'Talos of another cluster',
  lvm: 'LVM',
  ceph: 'Ceph OSD',
  zfs: 'ZFS pool',
  raid: 'Linux software RAID',
  windows: 'Windows',
  luks: 'an encrypted volume',
  linux: 'a file system',
  unknown: 'a partition of unknown content',
};

const TALOS_LABELS = new Set(['META', 'STATE', 'EPHEMERAL', 'BOOT', 'BIOS', 'IMAGECACHE']);

/** Partition type GUIDs (UEFI specification and the Discoverable Partitions list). */
const TYPES: Readonly<Record<string, ForeignKind>> = {
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'windows',
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': 'windows',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'lvm',
  'a19d880f-05fc-4d3b-a006-743f0f84911e': 'raid',
  '4fbd7e29-9d25-41b8-afd0-062c0ceff05d': 'ceph',
  '6a898cc3-1dd2-11b2-99a6-080020736631': 'zfs',
};

function kindOf(volume: DiscoveredVolume): ForeignKind | undefined {
  const content = (volume.name ?? '').toLowerCase();
  const label = volume.partitionLabel ?? '';
  const byContent = kindOfContent(content);
  if (byContent !== undefined) return byContent;
  const byType = TYPES[(volume.partitionType ?? '').toLowerCase()];
  if (byType !== undefined) return byType;
  if (content === 'talosmeta' || TALOS_LABELS.has(label) || /^[urs]-/.test(label)) return 'talos';
  if (['xfs', 'ext4', 'ext3', 'ext2', 'extfs', 'btrfs', 'swap', 'squashfs', 'f2fs'].includes(content)) return 'linux';
  // The partition table itself, and boot partitions that every system has.
  if (volume.kind === 'disk' || content === 'vfat') return undefined;
  return label === 'EFI' || isTiny(volume) ? undefined : 'unknown';
}

function kindOfContent(content: string): ForeignKind | undefined {
  if (/^lvm2?/.test(content)) return 'lvm';
  if (/bluestore|ceph/.test(content)) return 'ceph';
  if (content.startsWith('zfs')) return 'zfs';
  if (/^(?:linux_raid_member|mdraid|md)/.test(content)) return 'raid';
  if (/^(?:ntfs|bitlocker|refs)/.test(content)) return 'windows';
  return content === 'luks' ? 'luks' : undefined;
}

function isOwnVolume(volume: DiscoveredVolume, { ownLabels = [] }: DiskOwnership): boolean {
  return (
    volume.partitionLabel !== undefined &&
    (ownLabels.includes(volume.partitionLabel) || TALOS_LABELS.has(volume.partitionLabel))
  );
}

function isTiny(volume: DiscoveredVolume): boolean {
  return volume.sizeBytes !== undefined && BigInt(volume.sizeBytes) <= 2n ** 21n;
}

function nameOf({ partitionLabel, label }: DiscoveredVolume): string {
  const name = partitionLabel === undefined || partitionLabel === '' ? label : partitionLabel;
  return name === undefined || name === '' ? '' : ` (${name})`;
}

/** One line for Talos, however many partitions it has. */
function withoutDoubles(found: readonly ForeignContent[]): readonly ForeignContent[] {
  const first = found.find(({ kind }) => kind === 'talos');
  return found.filter((content) => content.kind !== 'talos' || content === first);
}
