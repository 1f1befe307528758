/** A disk as Talos' `Disks.block.talos.dev` describes it, and what stands on it by `DiscoveredVolumes`. */

export interface DiskFacts {
  /** `/dev/nvme0n1`. */
  readonly devPath: string;
  readonly sizeBytes: number | bigint;
  readonly readonly: boolean;
  readonly cdrom: boolean;
  readonly model?: string;
  readonly serial?: string;
  readonly wwid?: string;
  readonly uuid?: string;
  readonly modalias?: string;
  readonly busPath?: string;
  readonly subSystem?: string;
  readonly transport?: string;
  readonly rotational?: boolean;
  readonly symlinks?: readonly string[];
  readonly secondaryDisks?: readonly string[];
  readonly ioSizeBytes?: number;
  readonly sectorSizeBytes?: number;
}

/** One row of `DiscoveredVolumes`: a whole disk or a partition, with what its content was recognised as. */
export interface DiscoveredVolume {
  readonly devPath: string;
  readonly kind: 'disk' | 'partition';
  /** Disk that a partition is on. */
  readonly parentDevPath?: string;
  /** Content: `xfs`, `gpt`, `luks`, `talosmeta`, `lvm2-pv`, `bluestore`, `zfs`, `ntfs` …; empty when not recognised. */
  readonly name?: string;
  readonly label?: string;
  readonly partitionLabel?: string;
  /** GUID. */
  readonly partitionType?: string;
  readonly sizeBytes?: number | bigint;
}

/** `Samsung SSD 990 PRO 2TB, serial S6Z1, 2000.4 GB (1863.0 GiB)`. */
export function describeDisk(disk: DiskFacts): string {
  const name = [
    disk.model ?? 'disk',
    ...(disk.serial === undefined || disk.serial === '' ? [] : [`serial ${disk.serial}`]),
  ].join(', ');
  return `${disk.devPath}: ${name}, ${bothUnits(BigInt(disk.sizeBytes))}`;
}

/** Decimal and binary side by side: `2000.4 GB (1863.0 GiB)`. */
export function bothUnits(bytes: bigint): string {
  return `${tenths(bytes, 10n ** 9n)} GB (${tenths(bytes, 2n ** 30n)} GiB)`;
}

function tenths(bytes: bigint, unit: bigint): string {
  const sign = bytes < 0n ? '-' : '';
  const value = ((bytes < 0n ? -bytes : bytes) * 10n + unit / 2n) / unit;
  return `${sign}${value / 10n}.${value % 10n}`;
}
