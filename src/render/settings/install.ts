/** Where and with which installer image Talos is put on the disk. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { NodeSpec } from '../../spec/model.ts';
import { diskExpression, installDiskSelector } from '../disk-expression.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

export function installSetting(node: NodeSpec, installerImage: string, minor: TalosMinor): Setting {
  const from = ['nodes', node.name, 'install'];
  const { disk, device, wipe } = node.install;
  if (isAtLeast(minor, '1.14')) {
    const match =
      disk === undefined
        ? device === undefined
          ? undefined
          : `disk.dev_path == ${JSON.stringify(device)}`
        : diskExpression(disk);
    if (match === undefined) return { from, fragments: [] };
    return {
      from,
      fragments: [
        talosDocument('UnattendedInstallConfig', {
          installer: { image: installerImage },
          provisioning: { diskSelector: { match }, wipe },
        }),
      ],
    };
  }
  return {
    from,
    fragments: [{ machine: { install: compact({ ...legacyTarget(node), image: installerImage, wipe }) } }],
  };
}

function legacyTarget(node: NodeSpec): Fragment {
  const { disk, device } = node.install;
  if (device !== undefined) return { disk: device };
  if (disk === undefined) return {};
  const diskSelector = installDiskSelector(disk);
  if (diskSelector !== undefined) return { diskSelector };
  // The legacy selector has no word for virtio; such VMs have one virtio disk, and its bus path says that it is one.
  if (disk.type === 'virtio')
    return { diskSelector: { ...disk, type: undefined, busPath: disk.busPath ?? '/pci*/virtio*' } };
  return disk.name === undefined ? {} : { disk: disk.name };
}
