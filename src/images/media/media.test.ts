import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetContent } from '../../sim/factory/assets.ts';
import { createSystemClock } from '../../system.ts';
import { describeBlockDevice, mediaRefusals, parseBlockDevices, readBlockDevices } from './block-device.ts';
import type { BlockDevice } from './block-device.ts';
import { writeMedia } from './write.ts';

const STICK = {
  name: 'sdb',
  path: '/dev/sdb',
  size: 16_000_000_000,
  rm: true,
  ro: false,
  hotplug: true,
  type: 'disk',
  mountpoints: [null],
  model: 'SanDisk Ultra ',
  serial: '4C53',
  tran: 'usb',
  fstype: null,
  label: null,
};
const partition = {
  ...STICK,
  name: 'sdb1',
  path: '/dev/sdb1',
  type: 'part',
  model: null,
  serial: null,
  tran: null,
  fstype: 'vfat',
  label: 'KEYS',
  mountpoints: [null],
};

function device(changes: object = {}): BlockDevice {
  const [parsed] = parseBlockDevices(JSON.stringify({ blockdevices: [{ ...STICK, ...changes }] }));
  if (parsed === undefined) throw new Error('no device');
  return parsed;
}

const RULES = { imageBytes: 100_000_000 };

test('S0-43 an unused stick may be written, and is described with what is on it', () => {
  const stick = device({ children: [partition] });
  expect(mediaRefusals(stick, RULES)).toEqual([]);
  expect(describeBlockDevice(stick)).toBe(
    '/dev/sdb: SanDisk Ultra, serial 4C53, usb, 16.0 GB (14.9 GiB), with vfat KEYS',
  );
});

test.each([
  ['mounted', { children: [{ ...partition, mountpoints: ['/media/keys'] }] }, '/dev/sdb1 is mounted on /media/keys'],
  ['the system disk', { mountpoints: ['/'] }, '/dev/sdb is mounted on /, it holds this very system'],
  ['swap', { children: [{ ...partition, mountpoints: ['[SWAP]'] }] }, '/dev/sdb1 is in use as swap'],
  ['not removable', { rm: false, hotplug: false, tran: 'sata' }, 'it is not removable'],
  ['write-protected', { ro: true }, 'it is write-protected'],
  ['a partition', { type: 'part' }, 'it is a partition, not a whole disk'],
  ['an optical drive', { type: 'rom' }, 'it is a rom, not a whole disk'],
  ['a loop device', { type: 'loop' }, 'it is a loop, not a whole disk'],
  [
    'under LVM',
    { children: [{ ...partition, children: [{ ...partition, type: 'lvm', path: '/dev/mapper/vg' }] }] },
    '/dev/mapper/vg (lvm) is built on it',
  ],
  ['too small', { size: 50_000_000 }, 'it has 0.1 GB (0.0 GiB), and the image needs 0.1 GB (0.1 GiB)'],
  ['without medium', { size: 0 }, 'it is empty: no medium is in it'],
  [
    'as large as a disk',
    { size: 1_000_204_886_016 },
    'it has 1000.2 GB (931.5 GiB), more than a stick is expected to have',
  ],
])('S0-43 a device that is %s is refused', (_name, changes, reason) => {
  expect(mediaRefusals(device(changes), RULES)).toEqual([reason]);
});

test('without lsblk it says what is needed', async () => {
  await expect(readBlockDevices(() => Promise.reject(new Error('spawn lsblk ENOENT')))).rejects.toMatchObject({
    code: 'unsupported',
    hint: expect.stringContaining('Linux'),
  });
});

let folder: string;
let imagePath: string;
let target: string;
const clock = createSystemClock();
const ISO = assetContent({ file: 'metal-amd64.iso', talos: 'v1.13.9', schematicId: 'a'.repeat(64) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ichor-media-'));
  imagePath = join(folder, 'metal-amd64.iso');
  target = join(folder, 'stick');
  await writeFile(imagePath, ISO);
  await writeFile(target, '');
  await truncate(target, 8_000_000);
});

afterEach(() => rm(folder, { recursive: true }));

/** A machine whose one stick is an ordinary file. */
function world(changes: object = {}): {
  stick: BlockDevice;
  run: (command: string) => Promise<string>;
  clock: typeof clock;
} {
  const found = { ...STICK, path: target, name: 'stick', size: 8_000_000 };
  const run = async (command: string): Promise<string> =>
    command === 'lsblk' ? JSON.stringify({ blockdevices: [{ ...found, ...changes }] }) : '';
  return { stick: device(found), run, clock };
}

test('S0-42 an ISO is written with progress, read back and found equal', async () => {
  const { stick, ...machine } = world();
  const phases: string[] = [];

  const written = await writeMedia(machine, {
    imagePath,
    device: stick,
    confirmation: 'stick',
    onProgress: (phase, { isDone }) => void (isDone && phases.push(phase)),
  });

  expect(written).toMatchObject({ device: target, sizeBytes: ISO.length, wasReadFromDevice: true });
  expect((await readFile(target)).subarray(0, ISO.length).equals(ISO)).toBe(true);
  expect(phases).toEqual(['write', 'verify']);
});

test.each([
  [
    'S0-43 without the name of the device',
    {},
    { confirmation: 'yes' },
    { code: 'refused', hint: 'Type its name: stick' },
  ],
  ['a stick that was exchanged since it was shown', { serial: 'other' }, {}, { code: 'world-moved' }],
  [
    'S0-43 a stick that was mounted since it was shown',
    { mountpoints: ['/mnt'] },
    {},
    { code: 'refused', message: expect.stringContaining('is mounted on /mnt') },
  ],
])('%s nothing is written', async (_name, changes, request, error) => {
  const { stick, ...machine } = world(changes);

  await expect(
    writeMedia(machine, { imagePath, device: stick, confirmation: 'stick', ...request }),
  ).rejects.toMatchObject(error);
  expect((await readFile(target)).every((byte) => byte === 0)).toBe(true);
});

test('S2-14 what is no image is not written, and a compressed one is asked to be unpacked', async () => {
  const { stick, ...machine } = world();
  await writeFile(imagePath, 'not found');
  await expect(writeMedia(machine, { imagePath, device: stick, confirmation: 'stick' })).rejects.toThrow(
    /has 9 bytes, too few for ISO image/,
  );
  await writeFile(
    imagePath,
    assetContent({ file: 'metal-amd64.raw.xz', talos: 'v1.13.9', schematicId: 'a'.repeat(64) }),
  );
  await expect(writeMedia(machine, { imagePath, device: stick, confirmation: 'stick' })).rejects.toThrow(
    /is compressed/,
  );
});

test('a stick that gives other bytes back is found out', async () => {
  const { stick, run } = world();
  const broken = async (command: string): Promise<string> => {
    if (command === 'blockdev')
      await writeFile(target, Buffer.concat([ISO.subarray(0, 1_000_000), Buffer.alloc(7_000_000)]));
    return run(command);
  };
  await expect(writeMedia({ run: broken, clock }, { imagePath, device: stick, confirmation: target })).rejects.toThrow(
    /gives back other bytes than were written/,
  );
});

test('when the buffers cannot be dropped, that is said', async () => {
  const { stick, run } = world();
  const written = await writeMedia(
    { run: (command) => (command === 'blockdev' ? Promise.reject(new Error('no')) : run(command)), clock },
    { imagePath, device: stick, confirmation: 'stick' },
  );
  expect(written.wasReadFromDevice).toBe(false);
});
