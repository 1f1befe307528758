/** Disks, and which of them carries the system. */
import { z } from 'zod';
import { count, defineKind, flag, text, texts, type ResourceKind } from './kind.ts';

/** Empty strings where the disk or the kernel says nothing. */
export interface Disk {
  /** Kernel name, `nvme0n1`. */
  readonly name: string;
  readonly devPath: string;
  readonly sizeBytes: number;
  readonly isReadonly: boolean;
  readonly isCdrom: boolean;
  readonly model: string;
  readonly serial: string;
  readonly wwid: string;
  readonly uuid: string;
  readonly modalias: string;
  readonly busPath: string;
  readonly subSystem: string;
  /** `nvme`, `ata`, `virtio`, `usb`, `mmc` … */
  readonly transport: string;
  readonly isRotational: boolean;
  readonly secondaryDisks: readonly string[];
  readonly symlinks: readonly string[];
}

export const diskKind: ResourceKind<Disk> = defineKind({
  namespace: 'runtime',
  type: 'Disks.block.talos.dev',
  schema: z.object({
    dev_path: text,
    size: count,
    readonly: flag,
    cdrom: flag,
    model: text,
    serial: text,
    wwid: text,
    uuid: text,
    modalias: text,
    bus_path: text,
    sub_system: text,
    transport: text,
    rotational: flag,
    secondary_disks: texts,
    symlinks: texts,
  }),
  map: (spec, { id }) => ({
    name: id,
    devPath: spec.dev_path,
    sizeBytes: spec.size,
    isReadonly: spec.readonly,
    isCdrom: spec.cdrom,
    model: spec.model,
    serial: spec.serial,
    wwid: spec.wwid,
    uuid: spec.uuid,
    modalias: spec.modalias,
    busPath: spec.bus_path,
    subSystem: spec.sub_system,
    transport: spec.transport,
    isRotational: spec.rotational,
    secondaryDisks: spec.secondary_disks,
    symlinks: spec.symlinks,
  }),
});

/** Absent while Talos is not installed, or runs from memory beside an installation that it does not use. */
export interface SystemDisk {
  readonly diskId: string;
  readonly devPath: string;
}

export const systemDiskKind: ResourceKind<SystemDisk> = defineKind({
  namespace: 'runtime',
  type: 'SystemDisks.block.talos.dev',
  id: 'system-disk',
  schema: z.object({ diskID: text, devPath: text }),
  map: ({ diskID, devPath }) => ({ diskId: diskID, devPath }),
});
