/** The storage service: the disks that every version lists in maintenance, and wiping one. */
import { BlockDeviceWipeDescriptor_Method, Disk_DiskType, StorageService } from '../../gen/proto/storage/storage_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import type { DiskCalls, LegacyDisk } from '../port.ts';
import { ask, toNumber } from './reply.ts';

export function createDiskCalls(caller: Caller): DiskCalls {
  return {
    async disks(options) {
      const reply = await ask(caller, {
        call: 'Disks',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => caller.client(StorageService).disks({}, wire),
      });
      return reply.disks.map((disk) => ({
        devicePath: disk.deviceName,
        sizeBytes: toNumber(disk.size),
        model: disk.model,
        serial: disk.serial,
        wwid: disk.wwid,
        uuid: disk.uuid,
        busPath: disk.busPath,
        type: diskType(disk.type),
        isSystemDisk: disk.systemDisk,
        isReadonly: disk.readonly,
      }));
    },
    async blockDeviceWipe(request, options) {
      await ask(caller, {
        call: `BlockDeviceWipe of ${request.device}`,
        deadlineMs: request.method === 'zeroes' ? DEADLINES_MS.image : DEADLINES_MS.change,
        options,
        run: (wire) =>
          caller.client(StorageService).blockDeviceWipe(
            {
              devices: [
                {
                  device: request.device,
                  method:
                    request.method === 'zeroes'
                      ? BlockDeviceWipeDescriptor_Method.ZEROES
                      : BlockDeviceWipeDescriptor_Method.FAST,
                  dropPartition: request.dropPartition ?? false,
                  skipVolumeCheck: request.skipVolumeCheck ?? false,
                  skipSecondaryCheck: request.skipSecondaryCheck ?? false,
                },
              ],
            },
            wire,
          ),
      });
    },
  };
}

function diskType(type: Disk_DiskType): LegacyDisk['type'] {
  switch (type) {
    case Disk_DiskType.SSD:
      return 'ssd';
    case Disk_DiskType.HDD:
      return 'hdd';
    case Disk_DiskType.NVME:
      return 'nvme';
    case Disk_DiskType.SD:
      return 'sd';
    case Disk_DiskType.CD:
      return 'cd';
    default: // UNKNOWN, and what a newer Talos may add.
      return 'unknown';
  }
}
