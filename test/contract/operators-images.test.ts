/** Requirements about images of all operators, observed at a simulated Image Factory: what it was given, and what its doors then serve. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAssetCache, type AssetCache } from '../../src/images/cache/asset-cache.ts';
import { checksumFor } from '../../src/images/cache/checksum.ts';
import { createFactoryClient } from '../../src/images/factory/client.ts';
import type { ImageFactory } from '../../src/images/factory/port.ts';
import type { ImageRequest } from '../../src/images/image-request.ts';
import { planImage, type ImagePlan } from '../../src/images/plan-image.ts';
import { createSimFactory, type SimFactory } from '../../src/sim/factory/factory.ts';
import { createSystemClock } from '../../src/system.ts';
import { META_KEYS } from '../../src/talos/meta/transport.ts';
import { renderPlatformNetwork } from '../../src/talos/meta/platform-network.ts';
import { staticNetwork } from '../../src/talos/meta/static-network.ts';

const BASE = 'http://factory.test';
const clock = createSystemClock();
let factory: SimFactory;
let client: ImageFactory;
let cache: AssetCache;
let folder: string;
const fetch = async (url: string, init?: RequestInit): Promise<Response> => factory.app.request(url, init);

beforeEach(async () => {
  factory = createSimFactory({ clock });
  client = createFactoryClient({ base: BASE, fetch, clock });
  folder = await mkdtemp(join(tmpdir(), 'ichor-images-'));
  cache = createAssetCache({ folder, clock: createSystemClock(100), fetch });
});
afterEach(() => rm(folder, { recursive: true }));

function plan(request: Partial<ImageRequest>): ImagePlan {
  return planImage({ talos: 'v1.13.9', platform: 'metal', arch: 'amd64', factory: BASE, ...request });
}

async function submitted(request: Partial<ImageRequest>): Promise<ImagePlan> {
  const image = plan(request);
  if (image.schematic !== undefined) await client.submit(image.schematic);
  return image;
}

test('S0-5 S0-7 S1-19 names with and without prefix make one schematic; posted, it has the computed id, and all addresses carry that id', async () => {
  const short = plan({ extensions: ['iscsi-tools', 'util-linux-tools'] });
  const { id, wasKnown } = await client.submit(short.schematic ?? '');
  const long = await submitted({ extensions: ['siderolabs/iscsi-tools', 'siderolabs/util-linux-tools'] });

  expect([id, wasKnown, long.schematicId]).toEqual([short.schematicId, false, short.schematicId]);
  expect(factory.requests.filter((request) => request === 'POST /schematics')).toHaveLength(1);
  expect(Object.values(long.urls).filter((url) => !url.includes(id) && !url.includes('schematics'))).toEqual([]);
});

test('S0-6 S1-4 a name is matched whole against the factory’s list for that Talos version, and a part of one takes no other', async () => {
  const offered = (await client.extensions('v1.13.9')).map(({ name }) => name);
  const part = plan({ extensions: ['nvidia'] });
  const whole = plan({ extensions: ['nvidia-container-toolkit-lts'] });

  expect(offered.filter((name) => name.includes('nvidia')).length).toBeGreaterThan(1);
  expect(part.findings).toMatchObject([{ severity: 'error', message: expect.stringContaining('nvidia') }]);
  expect(part.extensions.filter((name) => name !== 'nvidia')).toEqual([]);
  expect(offered).not.toContain('siderolabs/nvidia');
  expect(
    whole.schematic?.customization?.systemExtensions?.officialExtensions?.every((name) => offered.includes(name)),
  ).toBe(true);
});

test('S0-17 S0-18 S0-19 S0-20 installer, ISO, PXE script, kernel and initramfs of a schematic are there at the addresses that are given out', async () => {
  const { urls, schematicId } = await submitted({ hardware: ['intel'], kernelArgs: ['console=ttyS0'] });
  const [repository = '', tag = ''] = urls.installer.replace(/^[^/]+\//, '').split(':');

  const manifest = await fetch(`${BASE}/v2/${repository}/manifests/${tag}`);
  const script = await (await fetch(urls.pxe)).text();
  const found = await Promise.all([urls.iso, urls.kernel, urls.initramfs].map(async (url) => cache.get({ url })));

  expect([manifest.status, repository]).toEqual([200, `metal-installer/${schematicId}`]);
  expect(script).toContain(`kernel ${urls.kernel} `);
  expect(script).toContain(`initrd ${urls.initramfs}`);
  expect(script).toContain('console=ttyS0');
  expect(found.map(({ kind }) => kind)).toEqual(['iso', 'kernel', 'initramfs']);
});

test('S0-17 a nocloud node’s installer is another one than a metal node’s, and the factory has both', async () => {
  const [metal, cloud] = [await submitted({}), await submitted({ platform: 'nocloud' })];
  const status = async ({ urls }: ImagePlan): Promise<number> =>
    (await fetch(`${BASE}/v2/${urls.installer.replace(/^[^/]+\//, '').replace(':', '/manifests/')}`)).status;

  expect(cloud.urls.installer).toBe(metal.urls.installer.replace('metal-installer', 'nocloud-installer'));
  expect([await status(metal), await status(cloud)]).toEqual([200, 200]);
});

test('S0-16 an AMD and an Intel machine get schematics of their own, and the factory gives each list back', async () => {
  const [amd, intel] = [await submitted({ hardware: ['amd'] }), await submitted({ hardware: ['intel'] })];

  expect(await client.read(amd.schematicId)).toContain('siderolabs/amd-ucode');
  expect(await client.read(intel.schematicId)).toContain('siderolabs/intel-ucode');
  expect(amd.schematicId).not.toBe(intel.schematicId);
});

test('S2-2 S2-45 S2-50 a static network as META is in the schematic that the factory has and on the command line that it boots; another address is another image', async () => {
  const baked = (ip: string): Promise<ImagePlan> => {
    const network = staticNetwork({
      hostname: 'cp-1',
      link: 'eth0',
      addresses: [`${ip}/16`],
      gateways: ['10.2.0.1'],
      nameservers: ['1.1.1.1'],
    });
    return submitted({
      meta: [{ key: META_KEYS.metalNetworkPlatformConfig, value: renderPlatformNetwork(network) }],
      kernelArgs: ['net.ifnames=0'],
    });
  };
  const [first, again, other] = [await baked('10.2.1.1'), await baked('10.2.1.1'), await baked('10.2.1.2')];

  const text = await client.read(first.schematicId);
  const script = await (await fetch(first.urls.pxe)).text();
  const disk = await cache.get({ url: first.urls.diskImage });

  expect(text).toContain('10.2.1.1/16');
  expect(text).toContain('layer: platform');
  expect(script).toContain('INSTALLER_META_BASE64=');
  expect(disk.kind).toBe('disk');
  expect([again.schematicId === first.schematicId, other.schematicId === first.schematicId]).toEqual([true, false]);
});

test('S2-14 a download of nine bytes is refused for what it is, and nothing of it can be found afterwards', async () => {
  const { urls } = await submitted({ hardware: ['qemu'], platform: 'nocloud' });
  factory.faults.add({ path: '/image/', fault: { kind: 'content', content: 'not found' }, times: 99 });

  await expect(cache.get({ url: urls.diskImage })).rejects.toThrow(/9 bytes|not found|no disk image|is no/);

  expect(await cache.find(urls.diskImage)).toBeUndefined();
  expect(await cache.list()).toEqual([]);
});

test('S4-26 S4-28 kernel and initramfs of a version are downloaded and hashed themselves, against the sums as published, whatever the files are called here; a flipped byte is refused', async () => {
  const { urls } = await submitted({});
  const kernel = await cache.get({ url: urls.kernel });
  const initramfs = await cache.get({ url: urls.initramfs });
  const list = `${kernel.sha256}  _out/kernel-amd64\n${initramfs.sha256}  _out/initramfs-amd64.xz\n`;
  const fresh = createAssetCache({ folder: join(folder, 'fresh'), clock: createSystemClock(100), fetch });

  const again = await fresh.get({ url: urls.kernel, checksum: checksumFor(list, 'kernel-amd64') });
  factory.faults.add({ path: 'initramfs', fault: { kind: 'flip', atByte: 700_000 }, times: 99 });
  await expect(fresh.get({ url: urls.initramfs, checksum: checksumFor(list, 'initramfs-amd64.xz') })).rejects.toThrow(
    /checksum|sha256/i,
  );

  expect(again).toMatchObject({ wasCached: false, sha256: kernel.sha256 });
  expect(() => checksumFor(list, 'vmlinuz')).toThrow(/none for vmlinuz/);
  expect((await fresh.list()).map(({ url }) => url)).toEqual([urls.kernel]);
  expect(await readdir(join(folder, 'fresh', 'blobs'))).toHaveLength(1);
});

test('S4-69 the assets of two versions have the version in their addresses, and the older ones stay beside the newer for going back', async () => {
  const [older, newer] = [await submitted({ talos: 'v1.13.8' }), await submitted({ talos: 'v1.13.9' })];

  const first = await cache.get({ url: older.urls.kernel });
  const second = await cache.get({ url: newer.urls.kernel });

  expect([older.urls.kernel, newer.urls.kernel].map((url) => /\/(v[\d.]+)\/kernel-amd64$/.exec(url)?.[1])).toEqual([
    'v1.13.8',
    'v1.13.9',
  ]);
  expect(await cache.find(older.urls.kernel)).toMatchObject({ sha256: first.sha256, wasCached: true });
  expect(second.sha256).not.toBe(first.sha256);
});
