/**
 * One file over HTTP into one file on disk: goes on where it stopped (Range with If-Range), tells its progress, and tries again
 * when the connection breaks or stalls. It does not judge the content.
 */
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { IchorError } from '../../errors.ts';
import { sleep, withDeadline } from '../../system.ts';
import type { Clock } from '../../system.ts';
import { answerError, request, transportError } from '../http.ts';
import type { Fetch } from '../http.ts';
import { createMeter } from './meter.ts';
import type { DownloadProgress, Meter } from './meter.ts';

export interface DownloadOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Until the first byte: a factory builds an image at the first request. 30 minutes by default. */
  readonly firstByteTimeoutMs?: number | undefined;
  /** Between two pieces; 60 seconds by default. */
  readonly stallTimeoutMs?: number | undefined;
  /** Attempts that brought nothing before it gives up; 5 by default. */
  readonly attempts?: number | undefined;
}

interface Partial {
  readonly path: string;
  /** What the server said of the file that the partial is of; without one it cannot be continued. */
  readonly validatorPath: string;
}

/** Resolves with the number of bytes once the file is whole, as far as the server said how long it is. */
export async function download(url: string, path: string, options: DownloadOptions): Promise<number> {
  const partial = { path, validatorPath: `${path}.validator` };
  const most = options.attempts ?? 5;
  for (let fruitless = 0; ;) {
    const before = await sizeOf(path);
    try {
      return await attempt(url, partial, options);
    } catch (reason) {
      const error = transportError(reason, url, options.signal);
      fruitless = (await sizeOf(path)) > before ? 1 : fruitless + 1;
      if (!isWorthAnother(error) || fruitless >= most) throw error;
      await sleep(options.clock, Math.min(1000 * 2 ** (fruitless - 1), 30_000), options.signal);
    }
  }
}

/** Forgets what was begun. */
export async function discardPartial(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.validator`, { force: true });
}

function isWorthAnother(error: IchorError): boolean {
  return (
    error.code === 'unreachable' ||
    error.code === 'deadline' ||
    (error.code === 'failed' && / 50[0234]/.test(error.message))
  );
}

async function attempt(url: string, partial: Partial, options: DownloadOptions): Promise<number> {
  const begun = await continuation(partial);
  const headers = begun === undefined ? {} : { range: `bytes=${begun.size}-`, 'if-range': begun.validator };
  const watch = createWatch(options);
  try {
    watch.expect(options.firstByteTimeoutMs ?? 30 * 60_000);
    const response = await request(options.fetch, url, { headers, signal: watch.signal });
    return await receive(response, { url, partial, begun: begun?.size ?? 0, watch }, options);
  } catch (reason) {
    throw transportError(reason, url, watch.signal);
  } finally {
    watch.dispose();
  }
}

interface Reception {
  readonly url: string;
  readonly partial: Partial;
  readonly begun: number;
  readonly watch: Watch;
}

async function receive(response: Response, reception: Reception, options: DownloadOptions): Promise<number> {
  const { url, partial, begun, watch } = reception;
  const isContinued = response.status === 206 && rangeStart(response) === begun;
  if (response.status === 416 || (response.status === 206 && !isContinued)) {
    await discardPartial(partial.path);
    throw new IchorError('unreachable', `${url}: the server has another file now than the one that was begun`);
  }
  if (response.status !== 200 && !isContinued) throw await answerError(response, url);
  const start = isContinued ? begun : 0;
  if (!isContinued) await truncate(partial.path, 0).catch(() => undefined);
  await rememberValidator(response, partial);
  const total = totalOf(response, start);
  const meter = createMeter(
    options.clock,
    { startBytes: start, ...(total === undefined ? {} : { totalBytes: total }) },
    options.onProgress,
  );
  const size = await append(response, { partial, start, watch, meter, stallMs: options.stallTimeoutMs ?? 60_000 });
  if (total !== undefined && size !== total)
    throw new IchorError('unreachable', `${url}: the connection ended after ${size} of ${total} bytes`);
  return size;
}

interface Appending {
  readonly partial: Partial;
  readonly start: number;
  readonly watch: Watch;
  readonly meter: Meter;
  readonly stallMs: number;
}

async function append(response: Response, { partial, start, watch, meter, stallMs }: Appending): Promise<number> {
  const reader = response.body?.getReader();
  const file: FileHandle = await open(partial.path, start === 0 ? 'w' : 'r+');
  let position = start;
  try {
    for (;;) {
      watch.expect(stallMs);
      const piece = await Promise.race([reader?.read(), watch.aborted]);
      if (piece === undefined || piece.done) break;
      await file.write(piece.value, 0, piece.value.length, position);
      position += piece.value.length;
      meter.add(piece.value.length);
    }
    await file.sync();
    meter.end();
    return position;
  } finally {
    await file.close();
    await reader?.cancel().catch(() => undefined);
  }
}

/** A deadline that is set anew before every step. */
interface Watch {
  readonly signal: AbortSignal;
  /** Rejects when the signal aborts; for reads that do not heed signals. */
  readonly aborted: Promise<never>;
  expect(withinMs: number): void;
  dispose(): void;
}

function createWatch({ clock, signal }: DownloadOptions): Watch {
  const controller = new AbortController();
  const onParent = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onParent();
  signal?.addEventListener('abort', onParent, { once: true });
  const aborted = new Promise<never>((_resolve, reject) =>
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true }),
  );
  aborted.catch(() => undefined);
  let current = withDeadline(clock, 2 ** 30);
  const dispose = (): void => {
    current.dispose();
    signal?.removeEventListener('abort', onParent);
  };
  return {
    signal: controller.signal,
    aborted,
    expect(withinMs) {
      current.dispose();
      const deadline = withDeadline(clock, withinMs);
      deadline.signal.addEventListener('abort', () => controller.abort(deadline.signal.reason), { once: true });
      current = deadline;
    },
    dispose,
  };
}

async function continuation(
  partial: Partial,
): Promise<{ readonly size: number; readonly validator: string } | undefined> {
  const validator = await readFile(partial.validatorPath, 'utf8').catch(() => '');
  const size = await sizeOf(partial.path);
  return validator === '' || size === 0 ? undefined : { size, validator };
}

/** A strong ETag, else the date: what If-Range takes (RFC 9110 §13.1.5). */
async function rememberValidator(response: Response, partial: Partial): Promise<void> {
  const etag = response.headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : response.headers.get('last-modified');
  if (validator === null) await rm(partial.validatorPath, { force: true });
  else await writeFile(partial.validatorPath, validator);
}

function rangeStart(response: Response): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? undefined : Number(match[1]);
}

function totalOf(response: Response, start: number): number | undefined {
  // A compressed transfer has another length than what arrives.
  if (response.headers.get('content-encoding') !== null) return undefined;
  const length = response.headers.get('content-length');
  return length === null || !/^\d+$/.test(length) ? undefined : start + Number(length);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
