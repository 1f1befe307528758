/** A machine's disks, what stands on them, and which one Talos is installed on. */
import type { CallOptions, TalosNodeSession } from '../../talos-api/port.ts';
import type { Resource } from '../../talos-api/resource.ts';
import type { ObservedDisk, SystemDisk } from '../observation.ts';
import { fieldsOf, numberField, optional, textField, type Fields } from '../../health/resource-fields.ts';
import { DISCOVERED_VOLUMES, DISKS, SYSTEM_DISK } from './talos-types.ts';

/** Partitions that every install makes anew and that hold nothing of anybody's. */
const BOOT_PARTITIONS = new Set(['EFI', 'BIOS', 'BOOT', 'META']);
/** Loop devices carry Talos' own squashfs images. */
const NOT_A_DISK = /^(loop|ram|zram|dm-)/;

export async function readDisks(session: TalosNodeSession, options: CallOptions): Promise<readonly ObservedDisk[]> {
  const [disks, volumes] = await Promise.all([
    session.listResources(DISKS, options),
    session.listResources(DISCOVERED_VOLUMES, options),
  ]);
  return disks.filter((disk) => !NOT_A_DISK.test(disk.metadata.id)).map((disk) => diskOf(disk, volumes));
}

/** Null when Talos runs from memory. */
export async function readSystemDisk(session: TalosNodeSession, options: CallOptions): Promise<SystemDisk | null> {
  const resource = await session.getResource(SYSTEM_DISK, options);
  const fields = fieldsOf(resource?.spec);
  const devPath = textField(fields, 'devPath');
  if (devPath === undefined) return null;
  const id = textField(fields, 'diskID') ?? devPath.slice('/dev/'.length);
  const disk = await session.getResource({ ...DISKS, id }, options);
  return { devPath, ...optional('serial', textField(fieldsOf(disk?.spec), 'serial')) };
}

/** Labels of the partitions of all disks. */
export async function readPartitionLabels(session: TalosNodeSession, options: CallOptions): Promise<readonly string[]> {
  const volumes = await session.listResources(DISCOVERED_VOLUMES, options);
  return volumes.flatMap((volume) => textField(fieldsOf(volume.spec), 'partition_label') ?? []);
}

function diskOf(disk: Resource, volumes: readonly Resource[]): ObservedDisk {
  const fields = fieldsOf(disk.spec);
  const rotational = fields['rotational'];
  return {
    name: disk.metadata.id,
    devPath: textField(fields, 'dev_path') ?? `/dev/${disk.metadata.id}`,
    sizeBytes: numberField(fields, 'size') ?? 0,
    readonly: fields['readonly'] === true,
    cdrom: fields['cdrom'] === true,
    ...optional('model', textField(fields, 'model')),
    ...optional('serial', textField(fields, 'serial')),
    ...optional('wwid', textField(fields, 'wwid')),
    ...optional('uuid', textField(fields, 'uuid')),
    ...optional('modalias', textField(fields, 'modalias')),
    ...optional('busPath', textField(fields, 'bus_path')),
    ...optional('transport', textField(fields, 'transport')),
    ...(typeof rotational === 'boolean' ? { rotational } : {}),
    contents: volumes.flatMap((volume) => contentOf(disk.metadata.id, volume.metadata.id, fieldsOf(volume.spec))),
  };
}

function contentOf(disk: string, volume: string, fields: Fields): readonly string[] {
  const label = textField(fields, 'partition_label');
  if (volume === disk) {
    // A file system on the bare disk. A partition table alone is nothing that could be lost.
    const name = textField(fields, 'name');
    return name === undefined || name === 'gpt' || name === 'mbr' || name === 'dos' ? [] : [name];
  }
  if (textField(fields, 'parent') !== disk) return [];
  if (label !== undefined && BOOT_PARTITIONS.has(label)) return [];
  return [label ?? textField(fields, 'name') ?? volume];
}
