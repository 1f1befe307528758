/** The block devices of the operator's own machine, as `lsblk` tells them; and which of them an image may be written to. */
import { z } from 'zod';
import { IchorError, messageOf } from '../../errors.ts';
import { bothUnits } from '../disks/disk.ts';

/** Runs a program and gives its standard output; rejects when it cannot be run or fails. Injected. */
export type RunProgram = (command: string, args: readonly string[]) => Promise<string>;

export interface BlockDevice {
  /** `/dev/sdb`. */
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** `disk`, `loop`, `rom`, `part`, `lvm`, `crypt`, `raid1` … */
  readonly type: string;
  readonly isReadonly: boolean;
  /** The kernel calls it removable, or it can be unplugged (USB, SD). */
  readonly isRemovable: boolean;
  readonly model?: string;
  readonly serial?: string;
  /** `usb`, `nvme`, `sata` … */
  readonly transport?: string;
  readonly mountpoints: readonly string[];
  readonly filesystem?: string;
  readonly label?: string;
  readonly children: readonly BlockDevice[];
}

const LSBLK_ARGS = [
  '--json',
  '--bytes',
  '--tree',
  '--output',
  'NAME,PATH,SIZE,RM,RO,TYPE,MOUNTPOINTS,MODEL,SERIAL,TRAN,HOTPLUG,FSTYPE,LABEL',
];

export async function readBlockDevices(run: RunProgram): Promise<readonly BlockDevice[]> {
  const output = await run('lsblk', LSBLK_ARGS).catch((reason: unknown) => {
    throw new IchorError('unsupported', `cannot list the disks of this machine: ${messageOf(reason)}`, {
      cause: reason,
      hint: 'Writing media needs Linux with lsblk (util-linux).',
    });
  });
  return parseBlockDevices(output);
}

interface Row {
  readonly name: string;
  readonly path: string;
  readonly size: number | null;
  readonly rm: boolean;
  readonly ro: boolean;
  readonly hotplug?: boolean | null | undefined;
  readonly type: string;
  readonly mountpoints?: readonly (string | null)[] | undefined;
  readonly model?: string | null | undefined;
  readonly serial?: string | null | undefined;
  readonly tran?: string | null | undefined;
  readonly fstype?: string | null | undefined;
  readonly label?: string | null | undefined;
  readonly children?: readonly Row[] | undefined;
}

const text = z.string().nullish();
const row: z.ZodType<Row> = z.lazy(() =>
  z.object({
    name: z.string(),
    path: z.string(),
    size: z.number().nullable(),
    rm: z.boolean(),
    ro: z.boolean(),
    hotplug: z.boolean().nullish(),
    type: z.string(),
    mountpoints: z.array(z.string().nullable()).optional(),
    model: text,
    serial: text,
    tran: text,
    fstype: text,
    label: text,
    children: z.array(row).optional(),
  }),
);
const listing = z.object({ blockdevices: z.array(row) });

export function parseBlockDevices(json: string): readonly BlockDevice[] {
  return listing.parse(JSON.parse(json)).blockdevices.map(deviceOf);
}

function deviceOf(found: Row): BlockDevice {
  const { name, path, type, model, serial, tran, fstype, label } = found;
  return {
    name,
    path,
    type,
    sizeBytes: found.size ?? 0,
    isReadonly: found.ro,
    isRemovable: found.rm || found.hotplug === true || tran === 'usb',
    mountpoints: (found.mountpoints ?? []).filter((mountpoint) => mountpoint !== null),
    children: (found.children ?? []).map(deviceOf),
    ...(model === null || model === undefined ? {} : { model: model.trim() }),
    ...(serial === null || serial === undefined ? {} : { serial }),
    ...(tran === null || tran === undefined ? {} : { transport: tran }),
    ...(fstype === null || fstype === undefined ? {} : { filesystem: fstype }),
    ...(label === null || label === undefined ? {} : { label }),
  };
}

export interface MediaRules {
  readonly imageBytes: number;
  /** Above this it is more likely a disk with somebody's data than a stick; 256 GiB by default. */
  readonly largestBytes?: number;
  /** Loop devices stand in for sticks in tests. */
  readonly allowsLoop?: boolean;
}

/** Why the image may not be written there; empty when it may. */
export function mediaRefusals(device: BlockDevice, rules: MediaRules): readonly string[] {
  const reasons: string[] = [];
  const isLoop = device.type === 'loop' && rules.allowsLoop === true;
  if (device.type !== 'disk' && !isLoop)
    reasons.push(`it is a ${device.type === 'part' ? 'partition' : device.type}, not a whole disk`);
  if (!device.isRemovable && !isLoop) reasons.push('it is not removable');
  if (device.isReadonly) reasons.push('it is write-protected');
  for (const { path, mountpoints } of withDescendants(device)) {
    for (const mountpoint of mountpoints)
      reasons.push(
        mountpoint === '[SWAP]'
          ? `${path} is in use as swap`
          : `${path} is mounted on ${mountpoint}${isSystem(mountpoint) ? ', it holds this very system' : ''}`,
      );
  }
  for (const child of withDescendants(device).slice(1)) {
    if (child.type !== 'part') reasons.push(`${child.path} (${child.type}) is built on it`);
  }
  if (device.sizeBytes === 0) reasons.push('it is empty: no medium is in it');
  else if (device.sizeBytes < rules.imageBytes)
    reasons.push(
      `it has ${bothUnits(BigInt(device.sizeBytes))}, and the image needs ${bothUnits(BigInt(rules.imageBytes))}`,
    );
  const largest = rules.largestBytes ?? 256 * 2 ** 30;
  if (device.sizeBytes > largest)
    reasons.push(`it has ${bothUnits(BigInt(device.sizeBytes))}, more than a stick is expected to have`);
  return reasons;
}

/** `/dev/sdb: SanDisk Ultra, serial 4C53, usb, 15.4 GB (14.3 GiB), with iso9660 TALOS`. */
export function describeBlockDevice(device: BlockDevice): string {
  const parts = [
    device.model ?? 'disk',
    ...(device.serial === undefined ? [] : [`serial ${device.serial}`]),
    ...(device.transport === undefined ? [] : [device.transport]),
    bothUnits(BigInt(device.sizeBytes)),
  ];
  const contents = withDescendants(device).flatMap(({ filesystem, label }) =>
    filesystem === undefined ? [] : [[filesystem, label].filter(Boolean).join(' ')],
  );
  return `${device.path}: ${parts.join(', ')}${contents.length === 0 ? '' : `, with ${contents.join(', ')}`}`;
}

function withDescendants(device: BlockDevice): readonly BlockDevice[] {
  return [device, ...device.children.flatMap(withDescendants)];
}

function isSystem(mountpoint: string): boolean {
  return ['/', '/boot', '/boot/efi', '/home', '/usr', '/var'].includes(mountpoint);
}
