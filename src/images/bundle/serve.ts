/**
 * Serves a bundle: to machines and to Ichor as an Image Factory that builds nothing, to container runtimes as a registry (also as a
 * mirror of several, told apart by `ns`). Reads only.
 */
import { createReadStream } from 'node:fs';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { tagOf } from '../../catalog/version.ts';
import { schematicId } from '../../talos/schematic/schematic.ts';
import { blobPath, readBundle } from './bundle.ts';
import type { Bundle, BundledImage } from './bundle.ts';

/** The bundle is read once; files are streamed. */
export async function createBundleServer(folder: string): Promise<Hono> {
  const bundle = await readBundle(folder);
  const app = new Hono();
  app.get('/versions', (context) => context.json([...new Set(bundle.assets.map(({ talos }) => tagOf(talos)))]));
  app.get('/schematics/:id', (context) => readSchematic(bundle, context));
  app.post('/schematics', (context) => submitSchematic(bundle, context));
  app.on(['GET', 'HEAD'], '/image/:schematic/:version/:file', (context) => serveAsset(folder, bundle, context));
  app.get('/v2/', (context) => context.json({}));
  app.on(['GET', 'HEAD'], '/v2/*', (context) => serveRegistry(folder, bundle, context));
  return app;
}

function readSchematic(bundle: Bundle, context: Context): Response {
  const found = bundle.schematics.find(({ id }) => id === context.req.param('id'));
  return found === undefined
    ? context.text('schematic not found\n', 404)
    : context.body(found.canonical, 200, { 'content-type': 'application/yaml' });
}

async function submitSchematic(bundle: Bundle, context: Context): Promise<Response> {
  const { id, idOlder } = schematicId(await context.req.text());
  const found = bundle.schematics.find((schematic) => schematic.id === id || schematic.id === idOlder);
  if (found === undefined) return context.text(`schematic ${id} is not in this bundle\n`, 404);
  return context.json({ id: found.id, schematic: found.canonical }, 201);
}

function serveAsset(folder: string, bundle: Bundle, context: Context): Response {
  const { schematic, version = '', file } = context.req.param();
  const found = bundle.assets.find(
    (asset) => asset.schematicId === schematic && tagOf(asset.talos) === tagOf(version) && asset.file === file,
  );
  if (found === undefined) return context.text('not in this bundle\n', 404);
  return sendBlob(folder, context, { ...found, type: 'application/octet-stream' });
}

function serveRegistry(folder: string, bundle: Bundle, context: Context): Response {
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(new URL(context.req.url).pathname);
  if (match === null) return context.json({ errors: [{ code: 'UNSUPPORTED' }] }, 404);
  const [, repository = '', kind = '', reference = ''] = match;
  const namespace = context.req.query('ns');
  const images = bundle.images.filter(
    (image) => image.repository === repository && (namespace === undefined || image.host === namespace),
  );
  const found = kind === 'manifests' ? findManifest(images, reference) : findBlob(images, reference);
  if (found === undefined)
    return context.json({ errors: [{ code: kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN' }] }, 404);
  return sendBlob(folder, context, found);
}

interface Sendable {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly type: string;
}

function findManifest(images: readonly BundledImage[], reference: string): Sendable | undefined {
  const sha = reference.startsWith('sha256:')
    ? reference.slice('sha256:'.length)
    : images.find(({ tag }) => tag === reference)?.sha256;
  const found = images.flatMap(({ manifests }) => manifests).find(({ sha256 }) => sha256 === sha);
  return found === undefined ? undefined : { ...found, type: found.mediaType };
}

function findBlob(images: readonly BundledImage[], reference: string): Sendable | undefined {
  const found = images.flatMap(({ blobs }) => blobs).find(({ sha256 }) => reference === `sha256:${sha256}`);
  return found === undefined ? undefined : { ...found, type: 'application/octet-stream' };
}

/** With ranges, so that what stopped can be continued; the ETag is the content's own digest. */
function sendBlob(folder: string, context: Context, { sha256, sizeBytes, type }: Sendable): Response {
  const etag = `"${sha256}"`;
  const headers = { etag, 'content-type': type, 'docker-content-digest': `sha256:${sha256}`, 'accept-ranges': 'bytes' };
  const range = /^bytes=(\d+)-$/.exec(context.req.header('range') ?? '');
  const condition = context.req.header('if-range');
  const start = range !== null && (condition === undefined || condition === etag) ? Number(range[1]) : 0;
  if (start >= sizeBytes)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${sizeBytes}` } });
  const partial = start > 0 ? { 'content-range': `bytes ${start}-${sizeBytes - 1}/${sizeBytes}` } : {};
  const answer = {
    status: start > 0 ? 206 : 200,
    headers: { ...headers, ...partial, 'content-length': String(sizeBytes - start) },
  };
  if (context.req.method === 'HEAD') return new Response(null, answer);
  return new Response(streamOf(blobPath(folder, sha256), start), answer);
}

/** Reads on only as fast as the other side takes it. */
function streamOf(path: string, start: number): ReadableStream<Uint8Array> {
  const pieces = createReadStream(path, { start })[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece.done === true) controller.close();
      else controller.enqueue(new Uint8Array(Buffer.from(piece.value)));
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}
