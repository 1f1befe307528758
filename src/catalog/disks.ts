/**
 * How Talos divides its disk, per version and boot loader, and how small a disk may be. Sizes are exact bytes.
 * From Talos' imager and install code; catalog §5.1 holds the table in words.
 */
import { isAtLeastMinor } from './version.ts';

export const MIB = 2n ** 20n;
export const GIB = 2n ** 30n;

/** `sd-boot`: UEFI installs made by Talos 1.10 and later. `grub`: BIOS, and UEFI installs made by 1.9 and before. */
export type BootLayout = 'sd-boot' | 'grub';

export interface SystemPartition {
  readonly label: 'EFI' | 'BIOS' | 'BOOT' | 'META' | 'STATE';
  readonly sizeBytes: bigint;
}

/**
 * The fixed partitions, in order; EPHEMERAL takes what follows. `talos` is the version that *installed* the disk: an upgrade
 * never resizes them.
 */
export function systemPartitions(talos: string, layout: BootLayout): readonly SystemPartition[] {
  const boot = isAtLeastMinor(talos, '1.11') ? 2000n * MIB : 1000n * MIB;
  const tail = [
    { label: 'META', sizeBytes: MIB },
    { label: 'STATE', sizeBytes: 100n * MIB },
  ] as const;
  if (layout === 'sd-boot' && isAtLeastMinor(talos, '1.10'))
    return [{ label: 'EFI', sizeBytes: 101n * MIB + boot }, ...tail];
  return [
    { label: 'EFI', sizeBytes: 100n * MIB },
    { label: 'BIOS', sizeBytes: MIB },
    { label: 'BOOT', sizeBytes: boot },
    ...tail,
  ];
}

/** EPHEMERAL is never smaller. */
export const EPHEMERAL_MIN_BYTES = 2n * GIB;
/** The installer refuses a smaller disk. */
export const INSTALL_DISK_MIN_BYTES = 6n * GIB;
/** What the documentation asks for at least. */
export const INSTALL_DISK_DOCUMENTED_BYTES = 10n * GIB;
/** A user volume without minSize; below the second number XFS is made with an option that is not supported. */
export const VOLUME_DEFAULT_MIN_BYTES = 100n * MIB;
export const XFS_MIN_BYTES = 300n * MIB;

/** GPT's own sectors at both ends, rounded up to the alignment of one mebibyte that partitions are placed on. */
export const GPT_HEAD_BYTES = MIB;
export const GPT_TAIL_BYTES = MIB;

/** Memory that Talos' preflight check asks for, less the 150 MiB that it forgives. */
export const MEMORY_MIN_BYTES = { controlplane: 1698n * MIB, worker: 874n * MIB } as const;
