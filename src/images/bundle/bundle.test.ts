import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSimFactory } from '../../sim/factory/factory.ts';
import type { SimFactory } from '../../sim/factory/factory.ts';
import { createSystemClock } from '../../system.ts';
import { createAssetCache } from '../cache/asset-cache.ts';
import { createFactoryClient } from '../factory/client.ts';
import type { Fetch } from '../http.ts';
import { planImage } from '../plan-image.ts';
import { blobPath, readBundle, verifyBundle } from './bundle.ts';
import { exportBundle } from './export.ts';
import type { BundleWorld } from './export.ts';
import { parseImageReference } from './image-reference.ts';
import { pullImage } from './pull.ts';
import { createBundleServer } from './serve.ts';

const clock = createSystemClock(1000);
const FACTORY = 'http://factory.test';
const METAL = planImage({ talos: 'v1.13.9', platform: 'metal', arch: 'amd64', hardware: ['intel'], factory: FACTORY });
const VM = planImage({
  talos: 'v1.13.9',
  platform: 'nocloud',
  arch: 'amd64',
  extensions: ['qemu-guest-agent'],
  factory: FACTORY,
});

let folder: string;
let factory: SimFactory;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ichor-bundle-'));
  factory = createSimFactory({ clock });
});

afterEach(() => rm(folder, { recursive: true }));

function world(fetch: Fetch, cacheName = 'cache'): BundleWorld {
  return {
    fetch,
    clock,
    factory: createFactoryClient({ base: FACTORY, fetch, clock }),
    cache: createAssetCache({ folder: join(folder, cacheName), fetch, clock }),
    insecure: ['factory.test'],
  };
}

const online: Fetch = async (url, init) => factory.app.request(url, init);

async function makeBundle(): Promise<string> {
  const target = join(folder, 'bundle');
  await exportBundle(world(online), { folder: target, plans: [METAL, VM], assets: ['kernel', 'initramfs', 'cmdline'] });
  return target;
}

test('all that two kinds of nodes need is in the bundle, verified, and can be made from the bundle again', async () => {
  const target = await makeBundle();
  const app = await createBundleServer(target);
  const offline: Fetch = async (url, init) => app.request(url, init);
  const before = factory.requests.length;

  const copy = await exportBundle(world(offline, 'other'), {
    folder: join(folder, 'copy'),
    plans: [METAL, VM],
    assets: ['kernel', 'initramfs', 'cmdline'],
  });

  expect(await verifyBundle(target)).toEqual([]);
  expect(copy).toEqual(await readBundle(target));
  expect(copy.assets.map(({ file }) => file)).toEqual([
    'kernel-amd64',
    'initramfs-amd64.xz',
    'cmdline-metal-amd64',
    'kernel-amd64',
    'initramfs-amd64.xz',
    'cmdline-nocloud-amd64',
  ]);
  expect(copy.images.map(({ reference }) => reference)).toEqual([METAL.urls.installer, VM.urls.installer]);
  expect(factory.requests.length).toBe(before);
});

test('the served bundle is a factory for what it holds, and says so for what it does not', async () => {
  const app = await createBundleServer(await makeBundle());
  const client = createFactoryClient({ base: FACTORY, fetch: async (url, init) => app.request(url, init), clock });

  expect(await client.submit(METAL.schematic ?? {})).toEqual({ id: METAL.schematicId, wasKnown: true });
  expect(await client.versions()).toEqual(['v1.13.9']);
  await expect(client.submit({ customization: { extraKernelArgs: ['other=1'] } })).rejects.toThrow(
    /is not in this bundle/,
  );
  expect((await app.request(METAL.urls.iso)).status).toBe(404);
});

test('a container runtime finds the installer by tag and digest, also through a mirror that names the registry', async () => {
  const app = await createBundleServer(await makeBundle());
  const { repository, tag } = parseImageReference(METAL.urls.installer);
  const index = await app.request(`/v2/${repository}/manifests/${tag}?ns=factory.test`);
  const digest = index.headers.get('docker-content-digest') ?? '';

  expect(index.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
  expect((await app.request(`/v2/${repository}/manifests/${digest}`, { method: 'HEAD' })).status).toBe(200);
  expect((await app.request(`/v2/${repository}/manifests/${tag}?ns=ghcr.io`)).status).toBe(404);
  expect((await app.request(`/v2/${repository}/manifests/v1.0.0`)).status).toBe(404);
});

test('only the wanted architecture is taken', async () => {
  const target = await makeBundle();
  const installer = (await readBundle(target)).images[0];
  expect(installer?.manifests).toHaveLength(2);
  expect(installer?.blobs).toHaveLength(2);
});

test('a bundle that was damaged on its way is found out, file by file', async () => {
  const target = await makeBundle();
  const { assets, images } = await readBundle(target);
  const kernel = assets[0]?.sha256 ?? '';
  await writeFile(blobPath(target, kernel), 'x'.repeat(1_500_000));
  await rm(blobPath(target, images[1]?.sha256 ?? ''));

  expect(await verifyBundle(target)).toEqual([
    { sha256: kernel, of: 'kernel-amd64', why: 'has other content than when it was made' },
    { sha256: images[1]?.sha256, of: VM.urls.installer, why: 'is missing' },
  ]);
});

test('a layer with other content than its digest says is not kept', async () => {
  await createFactoryClient({ base: FACTORY, fetch: online, clock }).submit(METAL.schematic ?? {});
  factory.faults.add({ path: '/blobs/', fault: { kind: 'flip', atByte: 3 } });
  const target = join(folder, 'pulled');

  await expect(
    pullImage(METAL.urls.installer, {
      folder: target,
      fetch: online,
      clock,
      architectures: ['amd64'],
      insecure: ['factory.test'],
    }),
  ).rejects.toThrow(/gave content of another digest/);
  expect((await readdir(join(target, 'blobs'))).filter((name) => name.includes('partial'))).toEqual([]);
});

test('a registry that asks for a token gets an anonymous one, and a store that it redirects to does not get the token', async () => {
  await createFactoryClient({ base: FACTORY, fetch: online, clock }).submit(METAL.schematic ?? {});
  const seen: string[] = [];
  const guarded: Fetch = async (url, init) => {
    const token = new Headers(init?.headers).get('authorization');
    if (url.startsWith('http://auth.test/token'))
      return Response.json({ token: new URL(url).searchParams.get('scope') });
    if (url.startsWith('http://store.test/')) {
      seen.push(String(token));
      return factory.app.request(url.replace('store.test', 'factory.test'), init);
    }
    if (token !== 'Bearer repository:x:pull')
      return new Response('', {
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="http://auth.test/token",service="r",scope="repository:x:pull"' },
      });
    if (url.includes('/blobs/'))
      return new Response(null, { status: 307, headers: { location: url.replace('factory.test', 'store.test') } });
    return factory.app.request(url, init);
  };

  const image = await pullImage(METAL.urls.installer, {
    folder: join(folder, 'pulled'),
    fetch: guarded,
    clock,
    architectures: ['amd64'],
    insecure: ['factory.test'],
  });

  expect(image.blobs).toHaveLength(2);
  expect(seen).toEqual(['null', 'null']);
});

test.each([
  ['alpine', { host: 'docker.io', repository: 'library/alpine', tag: 'latest' }],
  ['rook/ceph:v1', { host: 'docker.io', repository: 'rook/ceph', tag: 'v1' }],
  ['10.0.4.5:5000/a/b:v1.2', { host: '10.0.4.5:5000', repository: 'a/b', tag: 'v1.2' }],
  [
    `ghcr.io/a/b:v1@sha256:${'a'.repeat(64)}`,
    { host: 'ghcr.io', repository: 'a/b', tag: 'v1', digest: `sha256:${'a'.repeat(64)}` },
  ],
])('the reference %s is taken apart', (text, expected) => {
  expect(parseImageReference(text)).toEqual(expected);
});

test.each(['', 'a b', 'ghcr.io/UPPER', 'http://x/y'])('%j is no image reference', (text) => {
  expect(() => parseImageReference(text)).toThrow(/is no image reference/);
});
