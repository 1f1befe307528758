/** Where and with which installer image Talos is put on the disk. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import { IchorError } from '../../errors.ts';
import type { DiskSelector, NodeSpec } from '../../spec/model.ts';
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
  if (disk.name !== undefined) return byName(node.name, disk);
  const diskSelector = installDiskSelector(disk);
  if (diskSelector !== undefined) return { diskSelector };
  // The legacy selector has no word for virtio; such VMs have one virtio disk, and its bus path says that it is one.
  const { type, ...others } = disk;
  return type === 'virtio' ? { diskSelector: { ...others, busPath: others.busPath ?? '/pci*/virtio*' } } : {};
}

/** Up to 1.13 a disk is named or selected, never both. */
function byName(node: string, { name, ...others }: DiskSelector): Fragment {
  const [other] = Object.keys(others);
  if (other === undefined) return { disk: name };
  throw new IchorError(
    'invalid-input',
    `the install disk of ${node} has a name and ${other}: until 1.14 Talos takes one of the two`,
    {
      hint: `Leave out \`name\` or \`${other}\`.`,
    },
  );
}
