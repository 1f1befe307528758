/** The client's contract against the simulated Image Factory: in process, over a socket, and as an older version of it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAssetCache } from '../../src/images/cache/asset-cache.ts';
import { createFactoryClient } from '../../src/images/factory/client.ts';
import { createSimFactory } from '../../src/sim/factory/factory.ts';
import type { SimFactory } from '../../src/sim/factory/factory.ts';
import { createSystemClock } from '../../src/system.ts';
import { schematicId, VANILLA_SCHEMATIC_ID } from '../../src/talos/schematic/schematic.ts';
import { imageFactorySuite } from './image-factory.ts';
import type { FactoryUnderTest } from './image-factory.ts';

const clock = createSystemClock();
const VERSIONS = ['v1.13.9', 'v1.14.1'];

function countIn(factory: SimFactory): (request: string) => number {
  return (request) => factory.requests.filter((line) => line.startsWith(request)).length;
}

function inProcess(factory: SimFactory): FactoryUnderTest {
  return {
    base: 'http://factory.test',
    fetch: async (url, init) => factory.app.request(url, init),
    versions: VERSIONS,
    count: countIn(factory),
  };
}

const memory = createSimFactory({ clock, versions: VERSIONS });
imageFactorySuite({ name: 'simulated factory in process', open: () => inProcess(memory) });

const older = createSimFactory({ clock, versions: VERSIONS, isOlder: true });
imageFactorySuite({ name: 'simulated factory of an older version', open: () => inProcess(older) });

const served = createSimFactory({ clock, versions: VERSIONS });
let server: Server;
let base = '';

beforeAll(async () => {
  server = createServer(getRequestListener(served.app.fetch));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(() => new Promise((resolve) => void server.close(resolve)));

imageFactorySuite({
  name: 'simulated factory on a socket',
  open: () => ({ base, fetch, versions: VERSIONS, count: countIn(served) }),
});

test('an older factory is asked by both ids before anything is posted', async () => {
  const schematic = { customization: { extraKernelArgs: ['yes'] } };
  const client = createFactoryClient({ ...inProcess(older), clock });
  const first = await client.submit(schematic);

  expect(first).toEqual({ id: schematicId(schematic).idOlder, wasKnown: false });
  expect(await client.submit(schematic)).toEqual({ id: first.id, wasKnown: true });
});

test('something that is no factory is recognised, and nobody there is unreachable', async () => {
  const portal = createFactoryClient({ base, clock, fetch: async () => new Response('<html>', { status: 200 }) });
  await expect(portal.versions()).rejects.toThrow(/the answer is none of an Image Factory/);
  await expect(createFactoryClient({ base: 'http://127.0.0.1:9', clock, fetch }).versions()).rejects.toMatchObject({
    code: 'unreachable',
  });
});

test('a connection that is really reset in mid-download is continued over the socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ichor-cache-'));
  served.faults.add({ path: 'initramfs', fault: { kind: 'reset', afterBytes: 400_000 } });
  const cache = createAssetCache({ folder, clock: createSystemClock(100), fetch });

  const asset = await cache.get({ url: `${base}/image/${VANILLA_SCHEMATIC_ID}/v1.13.9/initramfs-amd64.xz` });

  expect(asset.sizeBytes).toBe(1_500_000);
  await rm(folder, { recursive: true });
});

test('two processes that want the same image download it once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ichor-cache-'));
  const url = `${base}/image/${VANILLA_SCHEMATIC_ID}/v1.14.1/metal-amd64.iso`;
  const program = join(folder, 'get.mjs');
  const source = `import { createAssetCache } from './src/images/cache/asset-cache.ts'; import { createSystemClock } from './src/system.ts';
    const cache = createAssetCache({ folder: process.argv[2], clock: createSystemClock(), fetch });
    const { wasCached, sha256 } = await cache.get({ url: process.argv[3] }); console.log(JSON.stringify({ wasCached, sha256 }));`;
  await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    logLevel: 'silent',
  });
  served.faults.add({ path: 'metal-amd64.iso', fault: { kind: 'slow', ms: 700 } });

  const cacheFolder = join(folder, 'cache');
  const outputs = await Promise.all([1, 2].map(() => run(program, [cacheFolder, url])));
  const results = outputs.map((output): { wasCached: boolean; sha256: string } => JSON.parse(output));

  expect(results.map(({ wasCached }) => wasCached).toSorted()).toEqual([false, true]);
  expect(results[0]?.sha256).toBe(results[1]?.sha256);
  expect(served.requests.filter((line) => line === `GET ${new URL(url).pathname}`)).toHaveLength(1);
  expect(await readdir(join(cacheFolder, 'locks'))).toEqual([]);
  expect(await readFile(join(cacheFolder, 'blobs', results[0]?.sha256 ?? ''))).toHaveLength(1_500_000);
  await rm(folder, { recursive: true });
});

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit code ${code}`))));
  });
}
