/**
 * Writes an image to a stick and reads it back. The device is judged again immediately before it is opened, opened so that the
 * kernel refuses it while anything uses it, and compared byte for byte by hash afterwards.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { IchorError, messageOf } from '../../errors.ts';
import type { Clock } from '../../system.ts';
import { contentProblem } from '../cache/content.ts';
import { createMeter } from '../cache/meter.ts';
import type { DownloadProgress } from '../cache/meter.ts';
import { describeBlockDevice, mediaRefusals, readBlockDevices } from './block-device.ts';
import type { BlockDevice, MediaRules, RunProgram } from './block-device.ts';

export interface WriteMediaRequest {
  readonly imagePath: string;
  /** As it was shown to the person. */
  readonly device: BlockDevice;
  /** What the person typed: must be the device's name or path. */
  readonly confirmation: string;
  readonly rules?: Omit<MediaRules, 'imageBytes'>;
  readonly onProgress?: (phase: 'write' | 'verify', progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface WrittenMedia {
  readonly device: string;
  readonly sizeBytes: number;
  /** Of what was read back, which equals that of the image. */
  readonly sha256: string;
  /** False: the kernel's buffers could not be dropped, so the reading back may not have reached the stick. */
  readonly wasReadFromDevice: boolean;
}

export interface MediaWorld {
  readonly run: RunProgram;
  readonly clock: Clock;
}

const CHUNK_BYTES = 4 * 2 ** 20;

export async function writeMedia(world: MediaWorld, request: WriteMediaRequest): Promise<WrittenMedia> {
  const { imagePath, device } = request;
  const { size } = await stat(imagePath);
  await checkImage(imagePath);
  checkConfirmation(request);
  await checkDevice(world, request, size);
  const written = await copy(world, request, size);
  const wasReadFromDevice = await dropBuffers(world.run, device.path);
  const read = await hashDevice(world, request, size);
  if (read !== written) {
    throw new IchorError('failed', `${device.path} gives back other bytes than were written`, {
      hint: 'The stick is broken, or smaller than it says: use another one.',
    });
  }
  return { device: device.path, sizeBytes: size, sha256: read, wasReadFromDevice };
}

async function checkImage(path: string): Promise<void> {
  const [iso, disk] = [await contentProblem(path, 'iso'), await contentProblem(path, 'disk')];
  const isCompressed = /\.(?:xz|zst|gz|zip)$/.test(path) || (await isCompressedFile(path));
  if (isCompressed)
    throw new IchorError('invalid-input', `${path} is compressed`, { hint: 'Unpack it first, or write the ISO.' });
  if (iso !== undefined && disk !== undefined)
    throw new IchorError('invalid-input', `${path} ${iso}`, {
      hint: 'A stick takes an ISO or an unpacked disk image.',
    });
}

async function isCompressedFile(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(6);
    await file.read(head, 0, 6, 0);
    return /^(?:fd377a585a00|28b52ffd|1f8b)/.test(head.toString('hex'));
  } finally {
    await file.close();
  }
}

function checkConfirmation({ device, confirmation }: WriteMediaRequest): void {
  if (confirmation === device.path || confirmation === device.name) return;
  throw new IchorError(
    'refused',
    `writing to ${describeBlockDevice(device)} destroys what is on it, and was not confirmed`,
    { hint: `Type its name: ${device.name}` },
  );
}

/** The name may belong to another device by now: sticks are unplugged and names are reused. */
async function checkDevice(
  { run }: MediaWorld,
  { device, rules }: WriteMediaRequest,
  imageBytes: number,
): Promise<void> {
  const now = (await readBlockDevices(run)).find(({ path }) => path === device.path);
  if (now === undefined)
    throw new IchorError('world-moved', `${device.path} is gone`, { hint: 'List the devices again.' });
  const isSame = now.serial === device.serial && now.model === device.model && now.sizeBytes === device.sizeBytes;
  if (!isSame)
    throw new IchorError('world-moved', `${device.path} is another device now: ${describeBlockDevice(now)}`, {
      hint: 'List the devices again.',
    });
  const reasons = mediaRefusals(now, { ...rules, imageBytes });
  if (reasons.length > 0)
    throw new IchorError('refused', `${describeBlockDevice(now)} is not written to: ${reasons.join('; ')}`);
}

async function copy(
  { clock }: MediaWorld,
  { imagePath, device, onProgress, signal }: WriteMediaRequest,
  size: number,
): Promise<string> {
  const source = await open(imagePath, 'r');
  // O_EXCL without O_CREAT: the kernel refuses a block device that is mounted or otherwise claimed (open(2)).
  const target = await openDevice(device.path, constants.O_WRONLY | constants.O_EXCL);
  try {
    const meter = createMeter(clock, { startBytes: 0, totalBytes: size }, (progress) =>
      onProgress?.('write', progress),
    );
    const hash = createHash('sha256');
    for await (const { chunk, position } of chunks(source, size, signal)) {
      hash.update(chunk);
      await writeAll(target, chunk, position);
      meter.add(chunk.length);
    }
    await target.sync();
    meter.end();
    return hash.digest('hex');
  } finally {
    await source.close();
    await target.close();
  }
}

async function hashDevice(
  { clock }: MediaWorld,
  { device, onProgress, signal }: WriteMediaRequest,
  size: number,
): Promise<string> {
  const source = await openDevice(device.path, constants.O_RDONLY);
  try {
    const meter = createMeter(clock, { startBytes: 0, totalBytes: size }, (progress) =>
      onProgress?.('verify', progress),
    );
    const hash = createHash('sha256');
    for await (const { chunk } of chunks(source, size, signal)) {
      hash.update(chunk);
      meter.add(chunk.length);
    }
    meter.end();
    return hash.digest('hex');
  } finally {
    await source.close();
  }
}

async function* chunks(
  file: FileHandle,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly chunk: Buffer; readonly position: number }> {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let position = 0;
  while (position < size) {
    if (signal?.aborted === true)
      throw new IchorError('interrupted', 'stopped while writing: the stick is not usable now', {
        hint: 'Write it again.',
      });
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, size - position), position);
    if (bytesRead === 0) throw new IchorError('failed', `the reading ended after ${position} of ${size} bytes`);
    yield { chunk: buffer.subarray(0, bytesRead), position };
    position += bytesRead;
  }
}

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

async function openDevice(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (reason) {
    const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
    if (code === 'EBUSY')
      throw new IchorError('refused', `${path} is in use`, { cause: reason, hint: 'Unmount everything on it first.' });
    if (code === 'EACCES' || code === 'EPERM')
      throw new IchorError('permission-denied', `${path} may not be opened by this user`, {
        cause: reason,
        hint: 'Run it as root, or write the ISO by other means.',
      });
    throw new IchorError('failed', `${path} cannot be opened: ${messageOf(reason)}`, { cause: reason });
  }
}

/** So that the reading back comes from the stick and not from memory. */
async function dropBuffers(run: RunProgram, path: string): Promise<boolean> {
  try {
    await run('blockdev', ['--flushbufs', path]);
    return true;
  } catch {
    return false;
  }
}
