/** The names under /dev/disk that udev gives a disk. */
import type { DiskDefinition } from '../definition.ts';

/** The udev names of a disk that people write into configs. */
export function diskLinks(disk: DiskDefinition): readonly string[] {
  const links: string[] = [];
  const model = (disk.model ?? '').trim().replaceAll(' ', '_');
  if (disk.serial !== undefined)
    links.push(
      `/dev/disk/by-id/${disk.transport === 'nvme' ? 'nvme' : disk.transport === 'virtio' ? 'virtio' : 'ata'}-${model === '' ? '' : `${model}_`}${disk.serial}`,
    );
  if (disk.wwid !== undefined) links.push(`/dev/disk/by-id/wwn-${disk.wwid.replace(/^naa\./, '0x')}`);
  if (disk.busPath !== undefined) links.push(`/dev/disk/by-path/${disk.busPath}`);
  return links;
}
