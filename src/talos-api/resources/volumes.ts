/** What is found on disks (DiscoveredVolumes), and what Talos made of it (VolumeStatuses). */
import { z } from 'zod';
import { count, defineKind, text, word, type ResourceKind } from './kind.ts';

export interface DiscoveredVolume {
  /** Kernel name, `sda1`. */
  readonly name: string;
  readonly devPath: string;
  readonly type: string;
  /** The disk's name; empty for a disk. */
  readonly parent: string;
  readonly sizeBytes: number;
  /** What it holds: `xfs`, `gpt`, `luks`, `talosmeta` …; empty when nothing is recognized. */
  readonly content: string;
  readonly label: string;
  readonly partitionLabel: string;
  readonly partitionType: string;
  readonly partitionIndex: number;
}

export const discoveredVolumeKind: ResourceKind<DiscoveredVolume> = defineKind({
  namespace: 'runtime',
  type: 'DiscoveredVolumes.block.talos.dev',
  schema: z.object({
    dev_path: text,
    type: text,
    parent: text,
    size: count,
    name: text,
    label: text,
    partition_label: text,
    partition_type: text,
    partition_index: count,
  }),
  map: (spec, { id }) => ({
    name: id,
    devPath: spec.dev_path,
    type: spec.type,
    parent: spec.parent,
    sizeBytes: spec.size,
    content: spec.name,
    label: spec.label,
    partitionLabel: spec.partition_label,
    partitionType: spec.partition_type,
    partitionIndex: spec.partition_index,
  }),
});

export interface VolumeStatus {
  /** `STATE`, `EPHEMERAL`, `META`, `u-<name>`, `r-<name>` … */
  readonly id: string;
  /** `waiting`, `failed`, `missing`, `located`, `provisioned`, `prepared`, `ready`, `closed` */
  readonly phase: string;
  /** `partition`, `disk`, `tmpfs`, `directory`, `symlink`, `overlay`, `external` */
  readonly type: string;
  readonly location: string;
  readonly parentLocation: string;
  readonly sizeBytes: number;
  /** `none`, `xfs`, `vfat`, `ext4`, `iso9660`, `swap` … */
  readonly filesystem: string;
  /** `none`, `luks2` */
  readonly encryptionProvider: string;
  readonly mountPath: string;
  readonly errorMessage: string;
}

export const volumeStatusKind: ResourceKind<VolumeStatus> = defineKind({
  namespace: 'runtime',
  type: 'VolumeStatuses.block.talos.dev',
  schema: z.object({
    phase: z.string(),
    type: text,
    location: text,
    parentLocation: text,
    size: count,
    filesystem: word('none'),
    encryptionProvider: word('none'),
    mountSpec: z.object({ targetPath: text }).nullish(),
    errorMessage: text,
  }),
  map: (spec, { id }) => ({
    id,
    phase: spec.phase,
    type: spec.type,
    location: spec.location,
    parentLocation: spec.parentLocation,
    sizeBytes: spec.size,
    // 1.13 and later print swap as `swapi` (talos-2-resources.md §2.3, an upstream slip).
    filesystem: spec.filesystem === 'swapi' ? 'swap' : spec.filesystem,
    encryptionProvider: spec.encryptionProvider,
    mountPath: spec.mountSpec?.targetPath ?? '',
    errorMessage: spec.errorMessage,
  }),
});
