/**
 * What changes with each Talos minor for a cluster that goes there: what breaks, and what has to be done before. From the release notes
 * and the component versions inside extensions (catalog §1.7, §4.3). Only what touches the node in question is told.
 */
import { parseVersion } from './version.ts';

export interface UpgradeNote {
  /** With this minor. */
  readonly minor: string;
  readonly severity: 'warning' | 'notice';
  readonly text: string;
  /** Before the upgrade, where something is to be done. */
  readonly before?: string;
}

interface Change extends UpgradeNote {
  /** Told only to nodes that have one of these extensions (a whole name, or all that begin with it when it ends in `-`). */
  readonly extensions?: readonly string[];
  readonly hardware?: readonly string[];
}

const CHANGES: readonly Change[] = [
  {
    minor: '1.9',
    severity: 'warning',
    text: 'Intel and AMD graphics drivers moved out of the base image: without the extension the GPU is gone',
    before: 'Add i915 or amdgpu to the image.',
    hardware: ['intel-gpu', 'intel-arc', 'amd-gpu', 'amd-apu', 'amd-strix-halo'],
  },
  {
    minor: '1.10',
    severity: 'notice',
    text: 'cgroup v1 is removed; new UEFI installations use systemd-boot and take kernel arguments from the image only',
  },
  {
    minor: '1.10',
    severity: 'warning',
    text: 'machine.install.extensions has no effect any more',
    before: 'Take the extensions into the schematic.',
  },
  {
    minor: '1.10',
    severity: 'warning',
    text: 'the iSCSI initiator name is derived from the node: the targets must allow the new one',
    before: 'Update the access lists of the targets.',
    extensions: ['iscsi-tools'],
  },
  {
    minor: '1.11',
    severity: 'notice',
    text: 'etcd goes from 3.5 to 3.6; new installations have a boot partition of 2 GiB, present ones keep theirs of 1 GiB',
  },
  {
    minor: '1.12',
    severity: 'warning',
    text: 'the legacy iptables tables are removed from the kernel: what uses them instead of nftables fails',
    before: 'Check the CNI and host-network pods.',
  },
  {
    minor: '1.12',
    severity: 'warning',
    text: 'the NVIDIA production driver of 1.12 (570) is older than its long-term driver (580)',
    extensions: ['nvidia-open-gpu-kernel-modules-production', 'nonfree-kmod-nvidia-production'],
  },
  { minor: '1.12', severity: 'notice', text: 'the etcd image comes from registry.k8s.io: mirrors must carry it' },
  {
    minor: '1.13',
    severity: 'warning',
    text: 'CDI replaces the NVIDIA runtime class',
    before: 'Uninstall the device plugin and delete the RuntimeClass nvidia; afterwards install the GPU operator.',
    extensions: ['nvidia-container-toolkit-'],
  },
  {
    minor: '1.13',
    severity: 'warning',
    text: 'the NVIDIA production driver goes to 595, which has no Maxwell, Pascal and Volta',
    before: 'Such cards need nonfree-kmod-nvidia-lts.',
    extensions: ['nonfree-kmod-nvidia-production'],
  },
  {
    minor: '1.13',
    severity: 'warning',
    text: 'DRBD goes from 9.2 to 9.3: there is no way back once its metadata is converted',
    extensions: ['drbd'],
  },
  {
    minor: '1.13',
    severity: 'warning',
    text: 'machine.install.extraKernelArgs is lost by an upgrade',
    before: 'Take the arguments into the schematic.',
  },
  { minor: '1.13', severity: 'notice', text: 'user volumes are mounted nosuid and nodev' },
  {
    minor: '1.14',
    severity: 'notice',
    text: 'user, existing and external volumes are mounted noexec unless mount.secure is false',
  },
  {
    minor: '1.14',
    severity: 'warning',
    text: 'the installer at ghcr.io is not published any more',
    before: 'Take the installer of an Image Factory.',
  },
  {
    minor: '1.14',
    severity: 'warning',
    text: 'etcd goes to 3.7, and etcd and API server take TLS 1.3 only',
    before: 'Check old clients and monitoring.',
  },
  {
    minor: '1.14',
    severity: 'warning',
    text: 'the in-tree iSCSI volume plugin fails on new clusters with workload isolation; CSI drivers work',
    extensions: ['iscsi-tools'],
  },
  { minor: '1.14', severity: 'notice', text: 'mdadm is in the core OS, its extension is empty', extensions: ['mdadm'] },
];

export interface UpgradingNode {
  /** Short names. */
  readonly extensions: readonly string[];
  readonly hardware: readonly string[];
}

/** Of every minor that is entered on the way, oldest first; nothing for a change of patch or a way back. */
export function upgradeNotes(from: string, to: string, node: UpgradingNode): readonly UpgradeNote[] {
  const start = parseVersion(from);
  const end = parseVersion(to);
  return CHANGES.filter(({ minor }) => {
    const entered = parseVersion(minor);
    return entered.minor > start.minor && entered.minor <= end.minor && entered.major === end.major;
  })
    .filter((change) => concerns(change, node))
    .map(({ minor, severity, text, before }) => ({
      minor,
      severity,
      text,
      ...(before === undefined ? {} : { before }),
    }));
}

function concerns({ extensions, hardware }: Change, node: UpgradingNode): boolean {
  if (extensions === undefined && hardware === undefined) return true;
  const hasExtension = extensions?.some((wanted) =>
    node.extensions.some((name) => (wanted.endsWith('-') ? name.startsWith(wanted) : name === wanted)),
  );
  return hasExtension === true || hardware?.some((wanted) => node.hardware.includes(wanted)) === true;
}
