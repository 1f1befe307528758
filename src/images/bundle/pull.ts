/**
 * Copies a container image out of a registry into a bundle: the manifests of the wanted architectures and all their blobs, each judged
 * by its digest (OCI distribution specification; anonymous tokens as Docker's registries ask for them).
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IchorError } from '../../errors.ts';
import type { Clock } from '../../system.ts';
import { hashFile } from '../cache/checksum.ts';
import { discardPartial, download } from '../cache/download.ts';
import { answerError, request } from '../http.ts';
import type { Fetch } from '../http.ts';
import { blobPath } from './bundle.ts';
import type { BundledImage } from './bundle.ts';
import { parseImageReference } from './image-reference.ts';
import type { ImageReference } from './image-reference.ts';

export interface PullOptions {
  readonly folder: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly architectures: readonly ('amd64' | 'arm64')[];
  /** Registries that speak http, by host. */
  readonly insecure?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

const descriptor = z.object({
  mediaType: z.string().optional(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number(),
});
const platform = z.object({ architecture: z.string(), os: z.string() });
const document = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(descriptor.extend({ platform: platform.optional() })).optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).optional(),
});
type Descriptor = z.infer<typeof descriptor>;

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export async function pullImage(text: string, options: PullOptions): Promise<BundledImage> {
  const reference = parseImageReference(text);
  const registry = openRegistry(reference, options);
  const root = await readManifest(registry, reference.digest ?? reference.tag ?? 'latest', options);
  const inner: ReadManifest[] = [];
  for (const wanted of root.content.manifests ?? []) {
    const { architecture = '', os = '' } = wanted.platform ?? {};
    if (os === 'linux' && options.architectures.some((arch) => arch === architecture))
      inner.push(await readManifest(registry, wanted.digest, options));
  }
  if (root.content.manifests !== undefined && inner.length === 0) {
    throw new IchorError('not-found', `${text} is not there for ${options.architectures.join(' or ')}`);
  }
  const blobs = new Map<string, Descriptor>();
  for (const { content } of [root, ...inner])
    for (const wanted of [...(content.config === undefined ? [] : [content.config]), ...(content.layers ?? [])])
      blobs.set(wanted.digest, wanted);
  for (const wanted of blobs.values()) await fetchBlob(registry, wanted, options);
  return {
    reference: text,
    host: reference.host,
    repository: reference.repository,
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    sha256: root.sha256,
    manifests: [root, ...inner].map(({ sha256, sizeBytes, mediaType }) => ({ sha256, sizeBytes, mediaType })),
    blobs: [...blobs.values()].map(({ digest, size }) => ({ sha256: digest.slice('sha256:'.length), sizeBytes: size })),
  };
}

interface Registry {
  readonly base: string;
  readonly repository: string;
  /** Answers the registry's demand for a token, once. */
  readonly fetch: Fetch;
}

interface ReadManifest {
  readonly content: z.infer<typeof document>;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

async function readManifest(registry: Registry, reference: string, options: PullOptions): Promise<ReadManifest> {
  const url = `${registry.base}/v2/${registry.repository}/manifests/${reference}`;
  const response = await request(registry.fetch, url, {
    headers: { accept: ACCEPT },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (response.status !== 200) throw await answerError(response, url);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (reference.startsWith('sha256:') && reference !== `sha256:${sha256}`)
    throw new IchorError('failed', `${url} gave content of another digest, sha256:${sha256}`);
  const content = document.parse(JSON.parse(bytes.toString('utf8')));
  await mkdir(join(options.folder, 'blobs'), { recursive: true });
  await writeFile(blobPath(options.folder, sha256), bytes);
  return {
    content,
    sha256,
    sizeBytes: bytes.length,
    mediaType:
      content.mediaType ?? response.headers.get('content-type') ?? 'application/vnd.oci.image.manifest.v1+json',
  };
}

async function fetchBlob(registry: Registry, { digest, size }: Descriptor, options: PullOptions): Promise<void> {
  const sha256 = digest.slice('sha256:'.length);
  const path = blobPath(options.folder, sha256);
  if ((await stat(path).catch(() => undefined))?.size === size) return;
  const url = `${registry.base}/v2/${registry.repository}/blobs/${digest}`;
  const partial = `${path}.partial`;
  await download(url, partial, { fetch: registry.fetch, clock: options.clock, signal: options.signal });
  const actual = await hashFile(partial, 'sha256');
  if (actual !== sha256) {
    await discardPartial(partial);
    throw new IchorError('failed', `${url} gave content of another digest, sha256:${actual}`, {
      hint: 'Nothing of it was kept.',
    });
  }
  await rename(partial, path);
  await discardPartial(partial);
}

function openRegistry({ host, repository }: ImageReference, { fetch, insecure = [] }: PullOptions): Registry {
  const base = `${insecure.includes(host) ? 'http' : 'https'}://${host === 'docker.io' ? 'registry-1.docker.io' : host}`;
  let token: string | undefined;
  const withToken = (init: RequestInit | undefined): RequestInit => {
    const headers = new Headers(init?.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return { ...init, headers };
  };
  return {
    base,
    repository,
    async fetch(url, init) {
      // Blobs are often redirected to a store that must not get the token.
      if (!url.startsWith(base)) return fetch(url, init);
      const response = await fetch(url, withToken(init));
      if (response.status !== 401 || token !== undefined) return response;
      token = await readToken(fetch, response.headers.get('www-authenticate') ?? '');
      return token === undefined ? response : fetch(url, withToken(init));
    },
  };
}

async function readToken(fetch: Fetch, challenge: string): Promise<string | undefined> {
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const realm = fields['realm'];
  if (!challenge.startsWith('Bearer ') || realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const key of ['service', 'scope']) {
    const value = fields[key];
    if (value !== undefined) url.searchParams.set(key, value);
  }
  const response = await request(fetch, url.href);
  if (response.status !== 200) throw await answerError(response, url.href);
  const answer = z
    .object({ token: z.string().optional(), access_token: z.string().optional() })
    .parse(await response.json());
  return answer.token ?? answer.access_token;
}
