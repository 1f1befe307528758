/** The disk that Talos is, or is going to be, installed on: large enough for its role, empty or confirmed, and the one it is on already. */
import { INSTALL_DISK_DOCUMENTED_BYTES, INSTALL_DISK_MIN_BYTES } from '../../catalog/disks.ts';
import type { CatalogFinding } from '../../catalog/finding.ts';
import { bothUnits, describeDisk } from './disk.ts';
import type { DiscoveredVolume, DiskFacts } from './disk.ts';
import { foreignContent } from './foreign.ts';
import type { DiskOwnership, ForeignContent } from './foreign.ts';

export interface InstallDiskUse {
  readonly disk: DiskFacts;
  readonly role: 'controlplane' | 'worker';
  /** Whether volumes of workloads (Longhorn and the like) share the disk. */
  readonly holdsStorage?: boolean;
}

const GIB = 2n ** 30n;
/** From operators: a 32 GB worker evicted an image while it was pulled (F0-19), one of 64 GiB with Longhorn on it lost all its replicas to DiskPressure (F3-17). */
const COMFORTABLE = { controlplane: 20n * GIB, worker: 48n * GIB, storage: 100n * GIB } as const;

export function lintInstallDiskSize({ disk, role, holdsStorage }: InstallDiskUse): readonly CatalogFinding[] {
  const size = BigInt(disk.sizeBytes);
  if (size < INSTALL_DISK_MIN_BYTES) {
    return [
      {
        severity: 'error',
        rule: 'install-disk-too-small',
        message: `${describeDisk(disk)} is too small: Talos installs on ${bothUnits(INSTALL_DISK_MIN_BYTES)} at least`,
      },
    ];
  }
  if (size < INSTALL_DISK_DOCUMENTED_BYTES) {
    return [
      {
        severity: 'warning',
        rule: 'install-disk-small',
        message: `${describeDisk(disk)} is below the ${bothUnits(INSTALL_DISK_DOCUMENTED_BYTES)} that the documentation asks for`,
      },
    ];
  }
  const wanted = holdsStorage === true ? COMFORTABLE.storage : COMFORTABLE[role];
  if (size >= wanted) return [];
  const why =
    holdsStorage === true
      ? 'when images fill it, DiskPressure makes the storage on it not schedulable as well'
      : 'an image is there twice while it is pulled, and is evicted when that does not fit';
  return [
    {
      severity: 'warning',
      rule: 'install-disk-tight',
      message: `${describeDisk(disk)} is tight for a ${role}${holdsStorage === true ? ' with storage' : ''}: ${why}`,
      hint: `Take ${bothUnits(wanted)} or more, or lower the kubelet's imageGCHighThresholdPercent to 70.`,
    },
  ];
}

export type InstallDiskDecision =
  | { readonly kind: 'free' }
  /** Its name must be typed before it is overwritten. */
  | { readonly kind: 'confirm'; readonly contents: readonly ForeignContent[]; readonly text: string }
  /** Talos runs from another disk than the one selected: an upgrade would go to the wrong one (F1-21). */
  | { readonly kind: 'mismatch'; readonly text: string };

export interface InstallDiskState {
  readonly volumes: readonly DiscoveredVolume[];
  /** Null when Talos is not installed. */
  readonly systemDisk: string | null;
  readonly ownership: DiskOwnership;
}

/** Whether the selected disk may be installed on. */
export function decideInstallDisk(
  disk: DiskFacts,
  { volumes, systemDisk, ownership }: InstallDiskState,
): InstallDiskDecision {
  if (systemDisk !== null && systemDisk !== disk.devPath) {
    return { kind: 'mismatch', text: `the install disk is ${describeDisk(disk)}, and Talos runs from ${systemDisk}` };
  }
  const contents = foreignContent(disk.devPath, volumes, {
    ...ownership,
    isOwn: ownership.isOwn && systemDisk === disk.devPath,
  });
  if (contents.length === 0) return { kind: 'free' };
  return {
    kind: 'confirm',
    contents,
    text: `${describeDisk(disk)} holds ${contents.map(({ text }) => text).join(', ')}`,
  };
}
