import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { promisify } from 'node:util';
import { IchorError } from '../../../errors.ts';
import {
  describeBlockDevice,
  mediaRefusals,
  readBlockDevices,
  type BlockDevice,
  type RunProgram,
} from '../../../images/media/block-device.ts';
import { writeMedia } from '../../../images/media/write.ts';
import { createSystemClock } from '../../../system.ts';
import type { IchorContext } from '../../context.ts';
import { requireCluster, selectNodes } from '../../cluster-file.ts';
import { imageFile } from '../../cluster/image-file.ts';
import { print, say } from '../../output.ts';
import type { UsbFlags } from './route.ts';

const execute = promisify(execFile);

const run: RunProgram = async (command, args) => (await execute(command, [...args], { maxBuffer: 2 ** 24 })).stdout;

export async function runUsb(this: IchorContext, flags: UsbFlags, name: string): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const [node] = selectNodes(cluster, [name]);
  if (node === undefined) return;
  const devices = await readBlockDevices(run);
  if (flags.device === undefined) return listDevices(this, devices);
  const device = devices.find(({ path }) => path === flags.device);
  if (device === undefined)
    throw new IchorError('not-found', `there is no disk ${flags.device}`, {
      hint: `There are ${devices.map(({ path }) => path).join(', ')}.`,
    });
  const imagePath =
    flags.image === undefined
      ? (await imageFile(this, { cluster, node, asset: 'iso' })).path
      : resolve(this.cwd, flags.image);
  const { size } = await stat(imagePath);
  const refusals = mediaRefusals(device, { imageBytes: size });
  if (refusals.length > 0)
    throw new IchorError('refused', `${device.path} is not written to: ${refusals.join('; ')}`, {
      hint: '`ichor image usb NODE` without --device lists the disks that may be.',
    });
  say(this, `${describeBlockDevice(device)}\nAll that is on it will be lost.`);
  const confirmation = flags.confirm ?? (await ask(this, device));
  const written = await writeMedia(
    { run, clock: createSystemClock() },
    { imagePath, device, confirmation, onProgress: progress(this), signal: this.signal },
  );
  say(
    this,
    written.wasReadFromDevice
      ? `Written and read back: ${written.sizeBytes} bytes, SHA-256 ${written.sha256}.`
      : `Written; whether what was read back came from the stick or from memory is not known. Take it out, put it in again, and compare.`,
  );
}

function listDevices(context: IchorContext, devices: readonly BlockDevice[]): void {
  const usable = devices.filter((device) => mediaRefusals(device, { imageBytes: 0 }).length === 0);
  if (usable.length === 0) return say(context, 'There is no removable disk that may be written to.');
  print(context, usable.map(describeBlockDevice).join('\n'));
  say(context, 'Name one with --device.');
}

async function ask(context: IchorContext, device: BlockDevice): Promise<string> {
  if (context.process.stderr.isTTY !== true || !process.stdin.isTTY)
    throw new IchorError('refused', 'nobody can be asked here for the name of the device', {
      hint: `Add --confirm ${device.name}.`,
    });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`Type ${device.name} to write to it: `, { signal: context.signal })).trim();
  } finally {
    terminal.close();
  }
}

function progress(
  context: IchorContext,
): (phase: 'write' | 'verify', progress: { receivedBytes: number; totalBytes?: number | undefined }) => void {
  let shown = '';
  return (phase, { receivedBytes, totalBytes }) => {
    const tenth = totalBytes === undefined ? 0 : Math.floor((receivedBytes / totalBytes) * 10);
    const text = `  ${phase === 'write' ? 'written' : 'read back'} ${tenth * 10} %`;
    if (text === shown) return;
    shown = text;
    say(context, text);
  };
}
