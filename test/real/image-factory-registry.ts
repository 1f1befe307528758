/**
 * An OCI registry in memory, as much of the distribution specification as the Image Factory server needs: it keeps schematics in
 * one, and takes the list of Talos versions from the tags of siderolabs/imager.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

interface Manifest {
  readonly content: Buffer;
  readonly type: string;
}

export interface OciRegistry {
  readonly server: Server;
  /** An image without layers, there only to have a tag. */
  addTag(repository: string, tag: string): void;
}

interface Stores {
  readonly blobs: Map<string, Buffer>;
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests: Map<string, Manifest>;
  readonly uploads: Map<string, Buffer>;
}

export function createOciRegistry(): OciRegistry {
  const stores: Stores = { blobs: new Map(), manifests: new Map(), uploads: new Map() };
  const server = createServer((request, response) => {
    void answer(stores, request, response);
  });
  return {
    server,
    addTag(repository, tag) {
      const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
      const digest = digestOf(config);
      stores.blobs.set(digest, config);
      const type = 'application/vnd.oci.image.manifest.v1+json';
      const manifest = {
        schemaVersion: 2,
        mediaType: type,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
        layers: [],
      };
      putManifest(stores, repository, tag, { content: Buffer.from(JSON.stringify(manifest)), type });
    },
  };
}

async function answer(stores: Stores, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  const body = await bodyOf(request);
  const [, repository = '', kind = '', reference = ''] =
    /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|tags)\/(.*)$/.exec(url.pathname) ?? [];
  const method = request.method ?? 'GET';
  if (url.pathname === '/v2/' || url.pathname === '/v2') return send(response, 200);
  if (kind === 'manifests')
    return answerManifest(
      stores,
      { repository, reference, method, body, type: request.headers['content-type'] ?? '' },
      response,
    );
  if (kind === 'blobs/uploads')
    return answerUpload(
      stores,
      { repository, reference, method, body, digest: url.searchParams.get('digest') },
      response,
    );
  if (kind === 'blobs')
    return sendContent(response, method, stores.blobs.get(reference), {
      type: 'application/octet-stream',
      digest: reference,
    });
  if (kind === 'tags') {
    const tags = [...stores.manifests.keys()]
      .filter((key) => key.startsWith(`${repository}:`))
      .map((key) => key.slice(repository.length + 1));
    return sendContent(response, method, Buffer.from(JSON.stringify({ name: repository, tags })), {
      type: 'application/json',
    });
  }
  return send(response, 404);
}

interface ManifestCall {
  readonly repository: string;
  readonly reference: string;
  readonly method: string;
  readonly body: Buffer;
  readonly type: string;
}

function answerManifest(
  stores: Stores,
  { repository, reference, method, body, type }: ManifestCall,
  response: ServerResponse,
): void {
  if (method === 'PUT') {
    putManifest(stores, repository, reference, { content: body, type });
    return send(response, 201, {
      'docker-content-digest': digestOf(body),
      location: `/v2/${repository}/manifests/${reference}`,
    });
  }
  const found =
    stores.manifests.get(`${repository}:${reference}`) ?? stores.manifests.get(`${repository}@${reference}`);
  const digest = found === undefined ? {} : { digest: digestOf(found.content) };
  return sendContent(response, method, found?.content, { type: found?.type ?? 'application/json', ...digest });
}

interface UploadCall {
  readonly repository: string;
  readonly reference: string;
  readonly method: string;
  readonly body: Buffer;
  readonly digest: string | null;
}

function answerUpload(
  stores: Stores,
  { repository, reference, method, body, digest }: UploadCall,
  response: ServerResponse,
): void {
  const id = reference === '' ? randomUUID() : reference;
  const content = Buffer.concat([stores.uploads.get(id) ?? Buffer.alloc(0), body]);
  stores.uploads.set(id, content);
  const location = `/v2/${repository}/blobs/uploads/${id}`;
  if (digest === null)
    return send(response, method === 'POST' || method === 'PATCH' ? 202 : 400, {
      location,
      range: `0-${Math.max(0, content.length - 1)}`,
    });
  if (digestOf(content) !== digest) return send(response, 400);
  stores.blobs.set(digest, content);
  stores.uploads.delete(id);
  return send(response, 201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
}

function putManifest(stores: Stores, repository: string, reference: string, manifest: Manifest): void {
  stores.manifests.set(
    reference.startsWith('sha256:') ? `${repository}@${reference}` : `${repository}:${reference}`,
    manifest,
  );
  stores.manifests.set(`${repository}@${digestOf(manifest.content)}`, manifest);
}

function sendContent(
  response: ServerResponse,
  method: string,
  content: Buffer | undefined,
  { type, digest }: { readonly type: string; readonly digest?: string },
): void {
  if (content === undefined)
    return send(response, 404, { 'content-type': 'application/json' }, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
  const headers = {
    'content-type': type,
    'content-length': String(content.length),
    ...(digest === undefined ? {} : { 'docker-content-digest': digest }),
  };
  return send(response, 200, headers, method === 'HEAD' ? undefined : content);
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: Buffer | string,
): void {
  response.writeHead(status, headers);
  response.end(body);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
