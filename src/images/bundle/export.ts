/** Fills a bundle with the assets, schematics and images of a cluster's nodes. May be run again: what is there is kept. */
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../system.ts';
import { schematicId } from '../../talos/schematic/schematic.ts';
import type { AssetCache } from '../cache/asset-cache.ts';
import type { ImageFactory } from '../factory/port.ts';
import type { Fetch } from '../http.ts';
import type { ImagePlan } from '../plan-image.ts';
import type { ImageUrls } from '../urls.ts';
import { blobPath, writeBundle } from './bundle.ts';
import type { Bundle, BundledAsset, BundledImage } from './bundle.ts';
import { pullImage } from './pull.ts';

export type BundledAssetName = Extract<
  keyof ImageUrls,
  'iso' | 'kernel' | 'initramfs' | 'cmdline' | 'uki' | 'diskImage'
>;

export interface BundleRequest {
  readonly folder: string;
  /** One for each kind of node. */
  readonly plans: readonly ImagePlan[];
  /** What each is booted from. */
  readonly assets: readonly BundledAssetName[];
  /** Besides the installers: what Kubernetes and the add-ons run. */
  readonly images?: readonly string[];
  readonly signal?: AbortSignal;
  /** A sentence for each thing that is begun. */
  readonly onStep?: (text: string) => void;
}

export interface BundleWorld {
  readonly factory: ImageFactory;
  readonly cache: AssetCache;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Registries that speak http, by host. */
  readonly insecure?: readonly string[];
}

export async function exportBundle(world: BundleWorld, request: BundleRequest): Promise<Bundle> {
  await mkdir(join(request.folder, 'blobs'), { recursive: true });
  const schematics = await collectSchematics(world, request);
  const assets = await collectAssets(world, request);
  const images = await collectImages(world, request);
  const bundle: Bundle = { v: 1, assets: [...assets], schematics: [...schematics], images: [...images] };
  await writeBundle(request.folder, bundle);
  return bundle;
}

async function collectSchematics(
  { factory }: BundleWorld,
  { plans, signal, onStep }: BundleRequest,
): Promise<Bundle['schematics']> {
  const found = new Map<string, string>();
  for (const plan of plans) {
    if (found.has(plan.schematicId)) continue;
    onStep?.(`schematic ${plan.schematicId.slice(0, 12)}`);
    if (plan.schematic === undefined) {
      found.set(plan.schematicId, (await factory.read(plan.schematicId, signal)) ?? '');
      continue;
    }
    const { id } = await factory.submit(plan.schematic, signal);
    const identity = schematicId(plan.schematic);
    found.set(id, id === identity.id ? identity.canonical : (identity.canonicalOlder ?? identity.canonical));
  }
  return [...found].map(([id, canonical]) => ({ id, canonical }));
}

async function collectAssets(
  { cache }: BundleWorld,
  { folder, plans, assets, signal, onStep }: BundleRequest,
): Promise<readonly BundledAsset[]> {
  const found = new Map<string, BundledAsset>();
  for (const { urls, schematicId: id, talos } of plans) {
    for (const name of assets) {
      const url = urls[name];
      if (found.has(url)) continue;
      const file = new URL(url).pathname.split('/').at(-1) ?? '';
      onStep?.(`${file} of ${id.slice(0, 12)}`);
      const asset = await cache.get({ url, ...(signal === undefined ? {} : { signal }) });
      const path = blobPath(folder, asset.sha256);
      await copyFile(asset.path, `${path}.new`);
      await rename(`${path}.new`, path);
      found.set(url, { schematicId: id, talos, file, sha256: asset.sha256, sizeBytes: asset.sizeBytes });
    }
  }
  return [...found.values()];
}

async function collectImages(
  world: BundleWorld,
  { folder, plans, images = [], signal, onStep }: BundleRequest,
): Promise<readonly BundledImage[]> {
  const architectures = [...new Set(plans.map(({ arch }) => arch))];
  const references = new Set([...plans.map(({ urls }) => urls.installer), ...images]);
  const found: BundledImage[] = [];
  for (const reference of references) {
    onStep?.(`image ${reference}`);
    found.push(await pullImage(reference, { ...world, folder, architectures, signal }));
  }
  return found;
}
