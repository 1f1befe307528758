/** Disks, the system disk and volumes (talos-2-resources.md §2.3). */
import type { DiskDefinition } from '../../definition.ts';
import { seededUuid } from '../../seeded.ts';
import { diskLinks } from '../disk-links.ts';
import { presentDisks } from '../disk-selector.ts';
import { one, type Projection, type ResourceDraft, type RunningView } from './resource.ts';

export const DISK_PROJECTIONS: Readonly<Record<string, Projection>> = {
  'Disks.block.talos.dev': ({ machine }) =>
    presentDisks(machine).map((disk) => ({ id: disk.name, owner: 'block.DisksController', spec: diskSpec(disk) })),
  'SystemDisks.block.talos.dev': (view) => {
    const disk = systemDisk(view);
    return disk === undefined
      ? []
      : one('system-disk', 'block.SystemDiskController', { diskID: disk.name, devPath: `/dev/${disk.name}` });
  },
  'DiscoveredVolumes.block.talos.dev': discoveredVolumes,
  'VolumeStatuses.block.talos.dev': volumeStatuses,
  'UserDiskConfigStatuses.block.talos.dev': ({ run }) =>
    run.config === undefined
      ? []
      : one('user-disks', 'block.UserDiskConfigController', { ready: true, tornDown: true }),
};

/** Only a system that runs from its disk, or whose partitions were found there, has one. */
export function systemDisk({ machine }: RunningView): DiskDefinition | undefined {
  const name = machine.installation?.disk;
  return presentDisks(machine).find((disk) => disk.name === name);
}

export function diskSpec(disk: DiskDefinition): Readonly<Record<string, unknown>> {
  return {
    dev_path: `/dev/${disk.name}`,
    size: disk.sizeBytes,
    pretty_size: prettySize(disk.sizeBytes),
    io_size: 512,
    sector_size: 512,
    readonly: disk.readonly === true,
    cdrom: disk.cdrom === true,
    model: disk.model,
    serial: disk.serial,
    modalias: disk.modalias,
    wwid: disk.wwid,
    uuid: disk.uuid,
    bus_path: disk.busPath ?? '/pci0000:00/0000:00:1f.2/',
    sub_system: '/sys/class/block',
    transport: disk.transport,
    rotational: disk.rotational,
    symlinks: diskLinks(disk).length === 0 ? undefined : diskLinks(disk),
  };
}

/** As Talos prints sizes: decimal units, two digits. */
export function prettySize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? 'B'}`;
}

interface Partition {
  readonly label: string;
  readonly size: number;
  readonly name: string;
}

const MIB = 2 ** 20;

function partitions(disk: DiskDefinition, hasEphemeral: boolean): readonly Partition[] {
  const fixed = [
    { label: 'EFI', size: 2101 * MIB, name: 'vfat' },
    { label: 'META', size: MIB, name: 'talosmeta' },
    { label: 'STATE', size: 100 * MIB, name: 'xfs' },
  ];
  const used = fixed.reduce((sum, partition) => sum + partition.size, 0);
  return hasEphemeral
    ? [...fixed, { label: 'EPHEMERAL', size: Math.max(0, disk.sizeBytes - used - 10 * MIB), name: 'xfs' }]
    : fixed;
}

function partitionName(disk: string, index: number): string {
  return /\d$/.test(disk) ? `${disk}p${index}` : `${disk}${index}`;
}

function discoveredVolumes(view: RunningView): readonly ResourceDraft[] {
  const system = systemDisk(view);
  return presentDisks(view.machine).flatMap((disk) => {
    const isSystem = disk.name === system?.name;
    const whole = {
      id: disk.name,
      owner: 'block.DiscoveryController',
      spec: {
        dev_path: `/dev/${disk.name}`,
        type: 'disk',
        device_path: `/sys/block/${disk.name}`,
        size: disk.sizeBytes,
        pretty_size: prettySize(disk.sizeBytes),
        sector_size: 512,
        io_size: 512,
        name: isSystem ? 'gpt' : '',
      },
    };
    if (!isSystem) return [whole];
    const parts = partitions(disk, view.machine.installation?.hasEphemeral === true).map((partition, index) => {
      const name = partitionName(disk.name, index + 1);
      return {
        id: name,
        owner: 'block.DiscoveryController',
        spec: {
          dev_path: `/dev/${name}`,
          type: 'partition',
          device_path: `/sys/block/${disk.name}/${name}`,
          parent: disk.name,
          parent_dev_path: `/dev/${disk.name}`,
          size: partition.size,
          pretty_size: prettySize(partition.size),
          sector_size: 512,
          io_size: 512,
          name: partition.name,
          partition_uuid: seededUuid(view.world.seed, `${view.name}/${name}`),
          partition_label: partition.label,
          partition_index: index + 1,
        },
      };
    });
    return [whole, ...parts];
  });
}

function volumeStatuses(view: RunningView): readonly ResourceDraft[] {
  const disk = systemDisk(view);
  const isBooted = view.run.config?.facts.isComplete === true && view.run.source === 'disk';
  const draft = (id: string, label: string, spec: unknown): ResourceDraft => ({
    id,
    owner: 'block.VolumeManagerController',
    labels: { [`talos.dev/${label}`]: '' },
    spec,
  });
  if (disk === undefined) {
    return ['META', 'STATE', 'EPHEMERAL'].map((id) =>
      draft(id, 'system-volume', { phase: id === 'EPHEMERAL' ? 'waiting' : 'missing', type: 'partition' }),
    );
  }
  const system = partitions(disk, isBooted || view.machine.installation?.hasEphemeral === true)
    .filter((partition) => partition.label !== 'EFI')
    .map((partition) => {
      const index = ['EFI', 'META', 'STATE', 'EPHEMERAL'].indexOf(partition.label) + 1;
      const location = `/dev/${partitionName(disk.name, index)}`;
      const phase = partition.label === 'META' || isBooted ? 'ready' : 'located';
      return draft(partition.label, 'system-volume', {
        phase,
        type: 'partition',
        location,
        mountLocation: location,
        partitionIndex: index,
        parentLocation: `/dev/${disk.name}`,
        partitionUUID: seededUuid(view.world.seed, `${view.name}/${partitionName(disk.name, index)}`),
        size: partition.size,
        prettySize: prettySize(partition.size),
        filesystem: partition.label === 'META' ? 'none' : 'xfs',
        encryptionProvider: 'none',
      });
    });
  if (!isBooted) return system;
  const users = (view.run.config?.facts.userVolumes ?? []).map((volume) => {
    const other = presentDisks(view.machine).find((candidate) => candidate.name !== disk.name) ?? disk;
    return draft(`u-${volume.name}`, 'user-volume', {
      phase: 'ready',
      type: 'partition',
      location: `/dev/${partitionName(other.name, 5)}`,
      mountLocation: `/dev/${partitionName(other.name, 5)}`,
      parentLocation: `/dev/${other.name}`,
      filesystem: 'xfs',
      mountSpec: { targetPath: `/var/mnt/${volume.name}` },
    });
  });
  return [...system, ...users];
}
