/**
 * Downloaded images, kept by the SHA-256 of their content. A file is found here only after its whole content was judged; what
 * was not is under `partial/` and is never given out. Several processes may share the folder.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IchorError } from '../../errors.ts';
import type { Clock } from '../../system.ts';
import type { Fetch } from '../http.ts';
import { hashFile } from './checksum.ts';
import type { Checksum } from './checksum.ts';
import { contentProblem, kindOfAsset } from './content.ts';
import type { AssetKind } from './content.ts';
import { discardPartial, download } from './download.ts';
import type { DownloadOptions } from './download.ts';
import { withFileLock } from './file-lock.ts';
import type { DownloadProgress } from './meter.ts';

export interface AssetCacheOptions {
  readonly folder: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** The least recently used go first when all files together are larger; 20 GiB by default. */
  readonly limitBytes?: number;
  readonly timeouts?: Pick<DownloadOptions, 'firstByteTimeoutMs' | 'stallTimeoutMs' | 'attempts'>;
}

export interface AssetRequest {
  readonly url: string;
  /** By the file name of the URL when absent. */
  readonly kind?: AssetKind;
  readonly checksum?: Checksum;
  /** Exact, when it is known from elsewhere. */
  readonly sizeBytes?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CachedAsset {
  readonly url: string;
  readonly path: string;
  /** Lower-case hexadecimal, of the content. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly kind: AssetKind;
  /** False when this call downloaded it. */
  readonly wasCached: boolean;
}

export interface AssetCache {
  /** From the folder, or downloaded, judged and then kept. Throws without leaving anything to be found. */
  get(request: AssetRequest): Promise<CachedAsset>;
  /** Only from the folder; undefined when it is not there. */
  find(url: string): Promise<CachedAsset | undefined>;
  /** All that is kept, most recently used first. */
  list(): Promise<readonly CachedAsset[]>;
}

const entry = z.object({
  url: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
  kind: z.custom<AssetKind>((value) => typeof value === 'string'),
});
type Entry = z.infer<typeof entry>;

const DEFAULT_LIMIT_BYTES = 20 * 2 ** 30;

export function createAssetCache(options: AssetCacheOptions): AssetCache {
  return {
    get: (request) => get(options, request),
    find: (url) => find(options, url),
    list: () => list(options),
  };
}

async function get(options: AssetCacheOptions, request: AssetRequest): Promise<CachedAsset> {
  const present = await findFitting(options, request);
  if (present !== undefined) return present;
  return withFileLock(
    lockPath(options, request.url),
    options.clock,
    // Another process may have fetched it while this one waited.
    async () => (await findFitting(options, request)) ?? (await fetchAsset(options, request)),
    request.signal,
  );
}

/** A kept file that has another checksum than the one now asked for is not it. */
async function findFitting(options: AssetCacheOptions, request: AssetRequest): Promise<CachedAsset | undefined> {
  const found = await find(options, request.url);
  if (found === undefined) return undefined;
  if (request.sizeBytes !== undefined && request.sizeBytes !== found.sizeBytes) return undefined;
  const { checksum } = request;
  if (checksum === undefined) return found;
  const hex = checksum.algorithm === 'sha256' ? found.sha256 : await hashFile(found.path, checksum.algorithm);
  return hex === checksum.hex.toLowerCase() ? found : undefined;
}

async function find(options: AssetCacheOptions, url: string): Promise<CachedAsset | undefined> {
  const known = await readEntry(entryPath(options, url));
  if (known === undefined) return undefined;
  const path = blobPath(options, known.sha256);
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size !== known.sizeBytes) return undefined;
  await touch(entryPath(options, url), options.clock);
  return { ...known, path, wasCached: true };
}

async function fetchAsset(options: AssetCacheOptions, request: AssetRequest): Promise<CachedAsset> {
  const { url } = request;
  const partial = join(options.folder, 'partial', keyOf(url));
  await mkdir(join(options.folder, 'partial'), { recursive: true });
  const sizeBytes = await download(url, partial, {
    ...options.timeouts,
    fetch: options.fetch,
    clock: options.clock,
    onProgress: request.onProgress,
    signal: request.signal,
  });
  const kind = request.kind ?? kindOfAsset(new URL(url).pathname.split('/').at(-1) ?? '');
  const problem = await problemOf(partial, sizeBytes, kind, request);
  if (problem !== undefined) {
    await discardPartial(partial);
    throw new IchorError('failed', `${url} ${problem}`, {
      hint: 'Nothing of it was kept. Look at the address in a browser: the factory may say there what is wrong.',
    });
  }
  const sha256 = await hashFile(partial, 'sha256');
  await land(options, partial, { url, sha256, sizeBytes, kind });
  await evict(options, url);
  return { url, path: blobPath(options, sha256), sha256, sizeBytes, kind, wasCached: false };
}

async function problemOf(
  path: string,
  sizeBytes: number,
  kind: AssetKind,
  request: AssetRequest,
): Promise<string | undefined> {
  if (request.sizeBytes !== undefined && request.sizeBytes !== sizeBytes)
    return `has ${sizeBytes} bytes, and it should have ${request.sizeBytes}`;
  const problem = await contentProblem(path, kind);
  if (problem !== undefined || request.checksum === undefined) return problem;
  const { algorithm, hex } = request.checksum;
  const actual = await hashFile(path, algorithm);
  return actual === hex.toLowerCase()
    ? undefined
    : `has the ${algorithm} ${actual}, and ${hex.toLowerCase()} is published`;
}

/** The blob first, then the entry by which it is found; both appear whole or not at all. */
async function land(options: AssetCacheOptions, partial: string, found: Entry): Promise<void> {
  await mkdir(join(options.folder, 'blobs'), { recursive: true });
  await mkdir(join(options.folder, 'entries'), { recursive: true });
  await rename(partial, blobPath(options, found.sha256));
  await discardPartial(partial);
  const path = entryPath(options, found.url);
  await writeFile(`${path}.new`, JSON.stringify(found));
  await rename(`${path}.new`, path);
  await touch(path, options.clock);
}

async function evict(options: AssetCacheOptions, keep: string): Promise<void> {
  const limit = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
  const staying = new Map<string, number>();
  const leaving: CachedAsset[] = [];
  let total = 0;
  for (const asset of await list(options)) {
    const added = staying.has(asset.sha256) ? 0 : asset.sizeBytes;
    if (total + added > limit && asset.url !== keep) {
      leaving.push(asset);
      continue;
    }
    total += added;
    staying.set(asset.sha256, asset.sizeBytes);
  }
  for (const { url, sha256, path } of leaving) {
    await rm(entryPath(options, url), { force: true });
    if (!staying.has(sha256)) await rm(path, { force: true });
  }
}

async function list(options: AssetCacheOptions): Promise<readonly CachedAsset[]> {
  const folder = join(options.folder, 'entries');
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.endsWith('.new'));
  const found: { readonly asset: CachedAsset; readonly usedAt: number }[] = [];
  for (const name of names) {
    const known = await readEntry(join(folder, name));
    const usedAt = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs;
    if (known !== undefined && usedAt !== undefined)
      found.push({ asset: { ...known, path: blobPath(options, known.sha256), wasCached: true }, usedAt });
  }
  return found.toSorted((left, right) => right.usedAt - left.usedAt).map(({ asset }) => asset);
}

async function readEntry(path: string): Promise<Entry | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return entry.parse(JSON.parse(text));
  } catch {
    // Written by another version: as if it were not there, so that it is fetched again.
    return undefined;
  }
}

async function touch(path: string, clock: Clock): Promise<void> {
  const seconds = clock.now() / 1000;
  await utimes(path, seconds, seconds);
}

function keyOf(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}

function entryPath({ folder }: AssetCacheOptions, url: string): string {
  return join(folder, 'entries', keyOf(url));
}

function blobPath({ folder }: AssetCacheOptions, sha256: string): string {
  return join(folder, 'blobs', sha256);
}

function lockPath({ folder }: AssetCacheOptions, url: string): string {
  return join(folder, 'locks', keyOf(url));
}
