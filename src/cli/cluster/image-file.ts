/** An asset of a node's image as a file of this machine: the schematic given to the factory, the download in the cache, its progress told. */
import { join } from 'node:path';
import { createAssetCache, type CachedAsset } from '../../images/cache/asset-cache.ts';
import { createFactoryClient } from '../../images/factory/client.ts';
import { PUBLIC_FACTORY, type ImageUrls } from '../../images/urls.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { createSystemClock } from '../../system.ts';
import type { IchorContext } from '../context.ts';
import { say } from '../output.ts';
import { renderDuration } from '../terminal/duration.ts';
import { imageOf } from './render.ts';

export async function imageFile(
  context: IchorContext,
  { cluster, node, asset }: { readonly cluster: Cluster; readonly node: NodeSpec; readonly asset: keyof ImageUrls },
): Promise<CachedAsset> {
  const clock = createSystemClock();
  const image = imageOf(cluster, node);
  const url = image.urls[asset];
  const cache = createAssetCache({ folder: cacheFolder(context), fetch, clock });
  const present = await cache.find(url);
  if (present !== undefined) return present;
  if (image.schematic !== undefined) {
    const factory = createFactoryClient({ base: node.image.factory ?? PUBLIC_FACTORY, fetch, clock });
    await factory.submit(image.schematic, context.signal);
  }
  say(context, `Downloading ${url}`);
  let shown = 0;
  return cache.get({
    url,
    signal: context.signal,
    onProgress: ({ receivedBytes, totalBytes, bytesPerSecond, remainingMs }) => {
      // One line a tenth: also readable in a log.
      const tenth = totalBytes === undefined ? 0 : Math.floor((receivedBytes / totalBytes) * 10);
      if (tenth <= shown) return;
      shown = tenth;
      const left = remainingMs === undefined ? '' : `, ${renderDuration(remainingMs)} left`;
      say(context, `  ${tenth * 10} %, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s${left}`);
    },
  });
}

function cacheFolder({ env, homeDir }: IchorContext): string {
  const given = env['XDG_CACHE_HOME'];
  const base = given !== undefined && given.startsWith('/') ? given : join(homeDir, '.cache');
  return join(base, 'ichor', 'images');
}
