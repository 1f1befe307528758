/**
 * A folder that holds all that a cluster needs to be installed without the internet: boot assets, schematics and container images,
 * each blob under the SHA-256 of its content. Owns the layout and its reading; `export.ts` fills it, `serve.ts` gives it out again.
 */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IchorError, messageOf } from '../../errors.ts';
import { hashFile } from '../cache/checksum.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const asset = z.object({ schematicId: sha256, talos: z.string(), file: z.string(), sha256, sizeBytes: z.number() });
const blob = z.object({ sha256, sizeBytes: z.number() });
const manifest = z.object({ sha256, sizeBytes: z.number(), mediaType: z.string() });
const image = z.object({
  /** As it stands in configs. */
  reference: z.string(),
  host: z.string(),
  repository: z.string(),
  tag: z.string().optional(),
  /** Of its manifest or index. */
  sha256,
  manifests: z.array(manifest),
  blobs: z.array(blob),
});
const bundle = z.object({
  v: z.literal(1),
  assets: z.array(asset),
  schematics: z.array(z.object({ id: sha256, canonical: z.string() })),
  images: z.array(image),
});

export type BundledAsset = z.infer<typeof asset>;
export type BundledImage = z.infer<typeof image>;
export type Bundle = z.infer<typeof bundle>;

const FILE = 'bundle.json';

export async function readBundle(folder: string): Promise<Bundle> {
  try {
    return bundle.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch (reason) {
    throw new IchorError('not-found', `${folder} is no bundle: ${messageOf(reason).slice(0, 160)}`, {
      cause: reason,
      hint: 'It is made by `ichor image bundle`.',
    });
  }
}

/** Last of all, so that a folder with this file is whole. */
export async function writeBundle(folder: string, content: Bundle): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${FILE}.new`), `${JSON.stringify(content, null, 2)}\n`);
  await rename(join(folder, `${FILE}.new`), join(folder, FILE));
}

export function blobPath(folder: string, sha: string): string {
  return join(folder, 'blobs', sha);
}

export interface BundleProblem {
  readonly sha256: string;
  /** What it is part of. */
  readonly of: string;
  readonly why: string;
}

/** Reads every byte again. Empty: the folder arrived as it was made. */
export async function verifyBundle(folder: string): Promise<readonly BundleProblem[]> {
  const { assets, images } = await readBundle(folder);
  const expected = new Map<string, { readonly sizeBytes: number; readonly of: string }>();
  for (const { sha256: sha, sizeBytes, file } of assets) expected.set(sha, { sizeBytes, of: file });
  for (const { reference, manifests, blobs } of images) {
    for (const { sha256: sha, sizeBytes } of [...manifests, ...blobs]) expected.set(sha, { sizeBytes, of: reference });
  }
  const problems: BundleProblem[] = [];
  for (const [sha, { sizeBytes, of }] of expected) {
    const why = await blobProblem(blobPath(folder, sha), sha, sizeBytes);
    if (why !== undefined) problems.push({ sha256: sha, of, why });
  }
  return problems;
}

async function blobProblem(path: string, sha: string, sizeBytes: number): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'is missing';
  if (found.size !== sizeBytes) return `has ${found.size} bytes, and it should have ${sizeBytes}`;
  return (await hashFile(path, 'sha256')) === sha ? undefined : 'has other content than when it was made';
}
