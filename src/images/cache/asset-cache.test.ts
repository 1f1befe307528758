import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSimFactory } from '../../sim/factory/factory.ts';
import { identifyAsset } from '../../sim/factory/assets.ts';
import type { FactoryFault } from '../../sim/factory/faults.ts';
import type { SimFactory } from '../../sim/factory/factory.ts';
import { createSystemClock } from '../../system.ts';
import { VANILLA_SCHEMATIC_ID } from '../../talos/schematic/schematic.ts';
import { createAssetCache } from './asset-cache.ts';
import type { AssetCache, AssetCacheOptions } from './asset-cache.ts';
import type { DownloadProgress } from './meter.ts';

/** A thousand times as fast: a back-off of a second takes a millisecond. */
const clock = createSystemClock(1000);
const BASE = `http://factory.test/image/${VANILLA_SCHEMATIC_ID}/v1.13.9`;
const KERNEL = `${BASE}/kernel-amd64`;
const INITRAMFS = `${BASE}/initramfs-amd64.xz`;
const ISO = `${BASE}/metal-amd64.iso`;

let folder: string;
let factory: SimFactory;
let cache: AssetCache;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ichor-cache-'));
  factory = createSimFactory({ clock });
  cache = open();
});

afterEach(() => rm(folder, { recursive: true }));

function open(options: Partial<AssetCacheOptions> = {}): AssetCache {
  return createAssetCache({ folder, clock, fetch: async (url, init) => factory.app.request(url, init), ...options });
}

function failOnce(fault: FactoryFault, times = 1): void {
  factory.faults.add({ path: '/image/', fault, times });
}

function requestCount(): number {
  return factory.requests.filter((request) => request.includes('/image/')).length;
}

test('S4-26 kernel, initramfs and ISO are downloaded once, judged and kept by content', async () => {
  for (const url of [KERNEL, INITRAMFS, ISO]) {
    const first = await cache.get({ url });
    const second = await cache.get({ url });
    const content = await readFile(first.path);

    expect([first.wasCached, second.wasCached]).toEqual([false, true]);
    expect(first.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(identifyAsset(content)).toMatchObject({ schematicId: VANILLA_SCHEMATIC_ID, talos: 'v1.13.9' });
  }
  expect(requestCount()).toBe(3);
  expect((await cache.list()).map(({ kind }) => kind).toSorted()).toEqual(['initramfs', 'iso', 'kernel']);
});

test.each<[string, FactoryFault, RegExp]>([
  [
    'S2-14 a 9-byte file',
    { kind: 'content', content: 'not found' },
    /has 9 bytes, too few for ISO image \("not found"\)/,
  ],
  ['a web page', { kind: 'web-page' }, /has \d+ bytes, too few/],
  ['text as long as an image', { kind: 'content', content: 'x'.repeat(2 ** 21) }, /is no ISO image but text/],
])('%s is refused, and nothing is left to be found or continued', async (_name, fault, message) => {
  failOnce(fault);

  await expect(cache.get({ url: ISO })).rejects.toThrow(message);
  expect(await cache.find(ISO)).toBeUndefined();
  expect(await readdir(join(folder, 'partial'))).toEqual([]);
  expect((await cache.get({ url: ISO })).wasCached).toBe(false);
});

test('a kernel is no initramfs: the type is judged by content, not by name', async () => {
  await expect(cache.get({ url: KERNEL, kind: 'initramfs' })).rejects.toThrow(/is no initramfs but a kernel/);
});

test('S4-28 one flipped bit is found by the published checksum, sha256 or sha512, and the file is not kept', async () => {
  const good = await readFile((await open({ folder: join(folder, 'other') }).get({ url: KERNEL })).path);
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const checksum = { algorithm, hex: createHash(algorithm).update(good).digest('hex').toUpperCase() };
    failOnce({ kind: 'flip', atByte: 1_000_000 });

    await expect(cache.get({ url: KERNEL, checksum })).rejects.toThrow(
      new RegExp(`has the ${algorithm} [0-9a-f]+, and ${checksum.hex.toLowerCase()} is published`),
    );
    expect(await cache.find(KERNEL)).toBeUndefined();
    expect((await cache.get({ url: KERNEL, checksum })).sizeBytes).toBe(good.length);
    await rm(join(folder, 'entries'), { recursive: true });
  }
});

test('a kept file with another checksum than the one asked for is not given out', async () => {
  await cache.get({ url: KERNEL });
  await expect(cache.get({ url: KERNEL, checksum: { algorithm: 'sha256', hex: '0'.repeat(64) } })).rejects.toThrow(
    /is published/,
  );
});

test('a connection that breaks is continued where it stopped', async () => {
  failOnce({ kind: 'reset', afterBytes: 600_000 }, 2);
  const seen: DownloadProgress[] = [];

  const asset = await cache.get({ url: KERNEL, onProgress: (progress) => void seen.push(progress) });

  expect(asset.sizeBytes).toBe(1_500_000);
  expect(asset.sha256).toBe((await open({ folder: join(folder, 'other') }).get({ url: KERNEL })).sha256);
  expect(seen.at(-1)).toMatchObject({ receivedBytes: 1_500_000, totalBytes: 1_500_000, isDone: true });
  expect(requestCount()).toBe(4);
});

test('a download that stalls is abandoned and continued', async () => {
  failOnce({ kind: 'stall', afterBytes: 1_000_000 });

  expect((await cache.get({ url: KERNEL })).sizeBytes).toBe(1_500_000);
});

test('a run that was stopped is continued by the next one, with only the rest asked for', async () => {
  failOnce({ kind: 'stall', afterBytes: 1_200_000 });
  const stop = new AbortController();
  const stopped = open({ timeouts: { stallTimeoutMs: 2 ** 30 } }).get({
    url: KERNEL,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  const seen: DownloadProgress[] = [];

  await cache.get({ url: KERNEL, onProgress: (progress) => void seen.push(progress) });

  expect(seen[0]?.receivedBytes).toBe(1_500_000);
  expect(await readdir(join(folder, 'partial'))).toEqual([]);
});

test('a file that changed on the server since it was begun is fetched anew', async () => {
  failOnce({ kind: 'stall', afterBytes: 700_000 });
  const stop = new AbortController();
  await expect(
    open({ timeouts: { stallTimeoutMs: 2 ** 30 } }).get({
      url: KERNEL,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    }),
  ).rejects.toThrow();
  const [partial = ''] = (await readdir(join(folder, 'partial'))).filter((name) => name.endsWith('.validator'));
  await writeFile(join(folder, 'partial', partial), '"another"');

  const asset = await cache.get({ url: KERNEL });

  expect(identifyAsset(await readFile(asset.path))).toMatchObject({ file: 'kernel-amd64' });
});

test('a redirect from http to https is followed, from https to http it is refused', async () => {
  failOnce({ kind: 'redirect', location: KERNEL.replace('http:', 'https:') });
  expect((await cache.get({ url: KERNEL })).sizeBytes).toBe(1_500_000);
  failOnce({ kind: 'redirect', location: ISO });
  await expect(cache.get({ url: ISO.replace('http:', 'https:') })).rejects.toMatchObject({ code: 'refused' });
});

test('a slow cold build is waited for', async () => {
  factory = createSimFactory({ clock, coldBuildMs: 20_000 });
  expect((await cache.get({ url: KERNEL })).sizeBytes).toBe(1_500_000);
});

test.each([
  [402, 'unsupported'],
  [404, 'not-found'],
  [400, 'invalid-input'],
] as const)('%i is not tried again and says what the factory said', async (status, code) => {
  failOnce({ kind: 'status', status, text: 'the reason' }, 5);
  await expect(cache.get({ url: ISO })).rejects.toMatchObject({ code, message: `${ISO}: ${status} the reason` });
  expect(requestCount()).toBe(1);
});

test('a factory that is starting (503) is tried again', async () => {
  failOnce({ kind: 'status', status: 503, text: 'starting' }, 3);
  expect((await cache.get({ url: ISO })).sizeBytes).toBe(1_500_000);
});

test('nobody there is unreachable, after a bounded number of attempts', async () => {
  let calls = 0;
  const dead = open({
    fetch: () =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error(`connect ECONNREFUSED ${(calls += 1)}`) })),
  });
  await expect(dead.get({ url: ISO })).rejects.toMatchObject({
    code: 'unreachable',
    message: `${ISO}: connect ECONNREFUSED 5`,
  });
});

test('two who want the same file fetch it once', async () => {
  const [one, two] = await Promise.all([cache.get({ url: ISO }), open().get({ url: ISO })]);

  expect([one.wasCached, two.wasCached].toSorted()).toEqual([false, true]);
  expect(requestCount()).toBe(1);
});

test('the lock of a process that died is taken over', async () => {
  await mkdir(join(folder, 'locks'));
  await writeFile(join(folder, 'locks', createHash('sha256').update(ISO).digest('hex')), '999999999');
  expect((await cache.get({ url: ISO })).wasCached).toBe(false);
});

test('above its limit the cache lets the least recently used go', async () => {
  const small = open({ limitBytes: 3_100_000 });
  const kernel = await small.get({ url: KERNEL });
  await small.get({ url: INITRAMFS });
  await small.get({ url: KERNEL });
  await small.get({ url: ISO });

  expect((await small.list()).map(({ url }) => url)).toEqual([ISO, KERNEL]);
  expect(await small.find(INITRAMFS)).toBeUndefined();
  expect((await readdir(join(folder, 'blobs'))).length).toBe(2);
  expect(await readFile(kernel.path)).toHaveLength(1_500_000);
});

test('a file that vanished or was cut in the folder is fetched again', async () => {
  const { path } = await cache.get({ url: KERNEL });
  await writeFile(path, 'short');
  expect((await cache.get({ url: KERNEL })).wasCached).toBe(false);
});
