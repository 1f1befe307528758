/**
 * The registry side of the simulated factory: installer images of every platform for a schematic and version, as an index of amd64 and
 * arm64 with one small layer each that says what it is. Assumed in content, read in form (OCI distribution specification).
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';

export interface InstallerName {
  readonly schematicId: string;
  readonly platform: string;
  readonly secureboot: boolean;
  /** Version with `v`, or a digest. */
  readonly reference: string;
}

/** `/v2/metal-installer-secureboot/<id>/manifests/v1.13.9` and the like; undefined for anything else. */
export function installerOf(path: string): (InstallerName & { readonly kind: 'manifests' | 'blobs' }) | undefined {
  const match = /^\/v2\/(?:([a-z0-9-]+?)-)?installer(-secureboot)?\/([0-9a-f]{64})\/(manifests|blobs)\/([^/]+)$/.exec(
    path,
  );
  if (match === null) return undefined;
  const [, platform = 'metal', secureboot, schematicId = '', kind, reference = ''] = match;
  return {
    platform,
    secureboot: secureboot !== undefined,
    schematicId,
    kind: kind === 'blobs' ? 'blobs' : 'manifests',
    reference,
  };
}

interface Stored {
  readonly bytes: Buffer;
  readonly type: string;
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export interface InstallerRegistry {
  /** `reference` must be a version here; digests are known once their index was asked for. */
  answer(name: InstallerName, context: Context): Response;
}

export function createInstallerRegistry(): InstallerRegistry {
  const byDigest = new Map<string, Stored>();
  const keep = (
    bytes: Buffer,
    type: string,
  ): { readonly mediaType: string; readonly digest: string; readonly size: number } => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    byDigest.set(digest, { bytes, type });
    return { mediaType: type, digest, size: bytes.length };
  };
  const json = (value: unknown, type: string): ReturnType<typeof keep> =>
    keep(Buffer.from(JSON.stringify(value)), type);
  const build = ({ schematicId, platform, secureboot, reference }: InstallerName): string => {
    const manifests = ['amd64', 'arm64'].map((architecture) => {
      const layer = keep(
        Buffer.from(
          JSON.stringify({ installer: { schematicId, platform, secureboot, talos: reference, architecture } }),
        ),
        LAYER,
      );
      const config = json({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } }, CONFIG);
      return {
        ...json({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }, MANIFEST),
        platform: { architecture, os: 'linux' },
      };
    });
    return json({ schemaVersion: 2, mediaType: INDEX, manifests }, INDEX).digest;
  };
  return {
    answer(name, context) {
      const digest = name.reference.startsWith('sha256:') ? name.reference : build(name);
      const found = byDigest.get(digest);
      if (found === undefined) return context.json({ errors: [{ code: 'BLOB_UNKNOWN' }] }, 404);
      const headers = {
        'content-type': found.type,
        'content-length': String(found.bytes.length),
        'docker-content-digest': digest,
      };
      return new Response(context.req.method === 'HEAD' ? null : new Uint8Array(found.bytes), { headers });
    },
  };
}
