/** Writing media to a real block device: a loop device stands in for a stick. Needs root and losetup; says so when it is skipped. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBlockDevices } from '../../src/images/media/block-device.ts';
import type { BlockDevice, RunProgram } from '../../src/images/media/block-device.ts';
import { writeMedia } from '../../src/images/media/write.ts';
import { assetContent } from '../../src/sim/factory/assets.ts';
import { createSystemClock } from '../../src/system.ts';
import { noteSkip } from '../support/real.ts';

const run: RunProgram = async (command, args) => (await promisify(execFile)(command, [...args])).stdout;
const ISO = assetContent({ file: 'metal-amd64.iso', talos: 'v1.13.9', schematicId: 'a'.repeat(64) });

/** Undefined when loop devices can be made here. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const free = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  return free.status === 0 ? undefined : `losetup: ${free.error?.message ?? free.stderr.trim()}`;
}

const reason = whyNot();
if (reason !== undefined) noteSkip(`no loop device can be used here (${reason}): run as root on Linux`);

describe.skipIf(reason !== undefined)(
  `media on a loop device${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let folder: string;
    let imagePath: string;
    let path: string;
    const world = { run, clock: createSystemClock() };
    const rules = { allowsLoop: true };

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ichor-media-'));
      imagePath = join(folder, 'metal-amd64.iso');
      await writeFile(imagePath, ISO);
      path = await attach('stick.img', 32 * 2 ** 20);
    });

    afterEach(async () => {
      await run('losetup', ['--detach', path]);
      await rm(folder, { recursive: true });
    });

    async function attach(name: string, size: number): Promise<string> {
      const file = join(folder, name);
      await writeFile(file, '');
      await truncate(file, size);
      return (await run('losetup', ['--find', '--show', file])).trim();
    }

    async function find(): Promise<BlockDevice> {
      const found = (await readBlockDevices(run)).find((device) => device.path === path);
      if (found === undefined) throw new Error(`lsblk does not list ${path}`);
      return found;
    }

    test('S0-42 S0-62 an ISO is written to a block device, flushed, read back from it and found equal', async () => {
      const written = await writeMedia(world, { imagePath, device: await find(), confirmation: path, rules });

      expect(written).toMatchObject({ device: path, sizeBytes: ISO.length, wasReadFromDevice: true });
      const device = await open(path, 'r');
      const head = Buffer.alloc(ISO.length);
      await device.read(head, 0, head.length, 0);
      await device.close();
      expect(head.equals(ISO)).toBe(true);
    });

    test('S0-43 without the exception for tests a loop device is refused like any disk that is not removable', async () => {
      await expect(writeMedia(world, { imagePath, device: await find(), confirmation: path })).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('not a whole disk'),
      });
    });

    test('S0-43 the disk that this system runs from is never offered', async () => {
      const system = (await readBlockDevices(run)).filter((device) => JSON.stringify(device).includes('"/"'));

      for (const device of system) {
        await expect(
          writeMedia(world, { imagePath, device, confirmation: device.path, rules: { largestBytes: 2 ** 60 } }),
        ).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('is mounted on /') });
      }
    });

    const hasMkfs = spawnSync('mkfs.ext4', ['-V']).status === 0;

    test.skipIf(!hasMkfs)(
      'a device that the kernel holds for something else is refused at opening, whatever lsblk says',
      async () => {
        const shown = await find();
        await run('mkfs.ext4', ['-q', path]);
        const mountpoint = join(folder, 'mnt');
        await run('mkdir', [mountpoint]);
        await run('mount', [path, mountpoint]);
        try {
          const blind: RunProgram = async (command, args) =>
            command === 'lsblk'
              ? JSON.stringify({
                  blockdevices: [{ name: shown.name, path, size: shown.sizeBytes, rm: false, ro: false, type: 'loop' }],
                })
              : run(command, args);
          await expect(
            writeMedia({ ...world, run: blind }, { imagePath, device: shown, confirmation: path, rules }),
          ).rejects.toMatchObject({ code: 'refused', message: `${path} is in use` });
        } finally {
          await run('umount', [mountpoint]);
        }
      },
    );
  },
);
