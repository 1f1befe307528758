/**
 * A simulated Image Factory: the HTTP API of image-factory 1.5 as far as Ichor uses it. Schematics, ids, refusals and headers are
 * read in its source and its docs; images are stand-ins (`assets.ts`), and which extensions it offers comes from the catalogue.
 */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { extensionsOf, findExtension } from '../../catalog/extensions/extensions.ts';
import { qualifiedName } from '../../catalog/extensions/extension.ts';
import { HARDWARE } from '../../catalog/hardware/hardware.ts';
import { commandLine } from '../../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor, tagOf } from '../../catalog/version.ts';
import { IchorError } from '../../errors.ts';
import type { Clock } from '../../system.ts';
import { metaKernelArgs } from '../../talos/meta/transport.ts';
import { parseSchematic, schematicId } from '../../talos/schematic/schematic.ts';
import type { Schematic } from '../../talos/schematic/schematic.ts';
import { assetContent } from './assets.ts';
import { applyFault, createFaultPlan } from './faults.ts';
import type { FaultPlan } from './faults.ts';
import { createInstallerRegistry, installerOf } from './registry.ts';
import type { InstallerRegistry } from './registry.ts';

export interface SimFactoryOptions {
  readonly clock: Clock;
  /** With `v`. */
  readonly versions?: readonly string[];
  /** How long the first request for an image takes to build it, in the clock's time; 0 by default. */
  readonly coldBuildMs?: number;
  /** As image-factory 1.4.0 and before computes ids. */
  readonly isOlder?: boolean;
}

export interface SimFactory {
  /** `app.request` is a fetch of this factory; it may be served on a socket as well. */
  readonly app: Hono;
  readonly faults: FaultPlan;
  /** Requests so far, `METHOD /path`. */
  readonly requests: readonly string[];
  /** The schematic of an id that was submitted; the vanilla one is always known. */
  schematic(id: string): Schematic | undefined;
}

const DEFAULT_VERSIONS = ['v1.11.6', 'v1.12.11', 'v1.13.8', 'v1.13.9', 'v1.14.0-rc.1', 'v1.14.1'];

interface State {
  readonly options: SimFactoryOptions;
  readonly versions: readonly string[];
  readonly schematics: Map<string, { readonly canonical: string; readonly schematic: Schematic }>;
  readonly built: Set<string>;
  readonly faults: FaultPlan;
}

export function createSimFactory(options: SimFactoryOptions): SimFactory {
  const state: State = {
    options,
    versions: options.versions ?? DEFAULT_VERSIONS,
    schematics: new Map(),
    built: new Set(),
    faults: createFaultPlan(),
  };
  remember(state, 'customization: {}\n');
  const requests: string[] = [];
  const app = new Hono();
  app.use(async (context, next) => {
    requests.push(`${context.req.method} ${context.req.path}`);
    const fault = state.faults.take(context.req.path);
    if (fault === undefined) return next();
    const answer = await applyFault(fault, options.clock, async () => {
      await next();
      return context.res;
    });
    // Hono keeps the first answer unless it is taken away.
    context.res = undefined;
    context.res = answer;
    return undefined;
  });
  app.post('/schematics', async (context) => submit(state, context));
  app.get('/schematics/:id', (context) => readSchematic(state, context));
  app.get('/versions', (context) => context.json(state.versions));
  app.get('/version/:version/extensions/official', (context) => listExtensions(state, context));
  app.get('/version/:version/overlays/official', (context) => listOverlays(state, context));
  app.on(['GET', 'HEAD'], '/image/:schematic/:version/:path', (context) => serveImage(state, context));
  app.get('/pxe/:schematic/:version/:path', (context) => servePxe(state, context));
  const registry = createInstallerRegistry();
  app.get('/v2/', (context) => context.json({}));
  app.on(['GET', 'HEAD'], '/v2/*', (context) => serveInstaller(state, registry, context));
  app.get('/healthz', (context) => context.text(''));
  app.notFound((context) => context.text('404 page not found\n', 404));
  return { app, faults: state.faults, requests, schematic: (id) => state.schematics.get(id)?.schematic };
}

function remember(state: State, text: string): { readonly id: string; readonly canonical: string } {
  const identity = schematicId(text);
  const isOlder = state.options.isOlder === true && identity.idOlder !== undefined;
  const id = isOlder ? (identity.idOlder ?? identity.id) : identity.id;
  const canonical = isOlder ? (identity.canonicalOlder ?? identity.canonical) : identity.canonical;
  state.schematics.set(id, { canonical, schematic: parseSchematic(text) });
  return { id, canonical };
}

async function submit(state: State, context: Context): Promise<Response> {
  const text = await context.req.text();
  try {
    const { id, canonical } = remember(state, text);
    return context.json({ id, schematic: canonical }, 201);
  } catch (reason) {
    if (reason instanceof IchorError) return context.text(`error parsing schematic: ${reason.message}\n`, 400);
    throw reason;
  }
}

function readSchematic(state: State, context: Context): Response {
  const found = state.schematics.get(context.req.param('id') ?? '');
  return found === undefined
    ? context.text('schematic not found\n', 404)
    : context.body(found.canonical, 200, { 'content-type': 'application/yaml' });
}

function listExtensions(state: State, context: Context): Response {
  const talos = versionOf(state, context);
  if (talos === undefined) return context.text('version not found\n', 404);
  const list = extensionsOf(talos).map((extension) => ({
    name: qualifiedName(extension),
    ref: `ghcr.io/siderolabs/${extension.name}:${talos}`,
    digest: digestOf(`${extension.name} ${talos}`),
    author: 'Sidero Labs',
    description: extension.purpose,
  }));
  return context.json(list);
}

function listOverlays(state: State, context: Context): Response {
  const talos = versionOf(state, context);
  if (talos === undefined) return context.text('version not found\n', 404);
  const boards = HARDWARE.filter(({ since }) => since === undefined || isAtLeastMinor(talos, since));
  const list = boards.flatMap(({ overlay }) =>
    overlay === undefined
      ? []
      : [{ ...overlay, ref: `ghcr.io/${overlay.image}:${talos}`, digest: digestOf(`${overlay.name} ${talos}`) }],
  );
  return context.json(list);
}

interface Wanted {
  readonly id: string;
  readonly schematic: Schematic;
  readonly talos: string;
  readonly file: string;
}

/** Checked in the factory's order: version, schematic, extensions. */
function wantedOf(state: State, context: Context): Wanted | Response {
  const talos = versionOf(state, context);
  if (talos === undefined) return context.text('version not found\n', 404);
  const id = context.req.param('schematic') ?? '';
  const schematic = state.schematics.get(id)?.schematic;
  if (schematic === undefined) return context.text('schematic not found\n', 404);
  const missing = schematic.customization?.systemExtensions?.officialExtensions?.find((name) =>
    ['unknown', 'unavailable'].includes(findExtension(name, talos).kind),
  );
  if (missing !== undefined)
    return context.text(`official extension "${missing}" is not available for Talos version ${talos}\n`, 400);
  return { id, schematic, talos, file: context.req.param('path') ?? '' };
}

const CHECKSUM_FILE = /\.(?:sha256|sha512|sigstore\.json)$/;
const IMAGE_FILE = /^(?:kernel-|initramfs-|cmdline-)?[a-z-]*(?:amd64|arm64)/i;

async function serveImage(state: State, context: Context): Promise<Response> {
  const wanted = wantedOf(state, context);
  if (wanted instanceof Response) return wanted;
  if (CHECKSUM_FILE.test(wanted.file)) return context.text('enterprise license required\n', 402);
  if (!IMAGE_FILE.test(wanted.file)) return context.text(`invalid profile: ${wanted.file}\n`, 400);
  const key = `${wanted.id}/${wanted.talos}/${wanted.file}`;
  if (!state.built.has(key)) {
    const { clock, coldBuildMs = 0 } = state.options;
    if (coldBuildMs > 0) await new Promise<void>((resolve) => void clock.setTimer(coldBuildMs, resolve));
    state.built.add(key);
  }
  const text = wanted.file.startsWith('cmdline-')
    ? `${argumentsOf(wanted, wanted.file.slice('cmdline-'.length)).join(' ')}\n`
    : undefined;
  const content = assetContent({
    schematicId: wanted.id,
    talos: wanted.talos,
    file: wanted.file,
    ...(text === undefined ? {} : { text }),
  });
  return withRange(context, content);
}

/** The checks of an image, and OCI's form of their refusal. */
function serveInstaller(state: State, registry: InstallerRegistry, context: Context): Response {
  const name = installerOf(context.req.path);
  const schematic = name === undefined ? undefined : state.schematics.get(name.schematicId)?.schematic;
  const isVersion = name?.reference.startsWith('sha256:') === true || state.versions.includes(name?.reference ?? '');
  if (name === undefined || schematic === undefined || !isVersion)
    return context.json({ errors: [{ code: 'MANIFEST_UNKNOWN' }] }, 404);
  return registry.answer(name, context);
}

function servePxe(state: State, context: Context): Response {
  const wanted = wantedOf(state, context);
  if (wanted instanceof Response) return wanted;
  const arch = wanted.file.includes('arm64') ? 'arm64' : 'amd64';
  const base = `${new URL(context.req.url).origin}/image/${wanted.id}/${wanted.talos}`;
  const script = [
    '#!ipxe',
    '',
    'imgfree',
    `kernel ${base}/kernel-${arch} ${argumentsOf(wanted, wanted.file).join(' ')}`,
    `initrd ${base}/initramfs-${arch}.xz`,
    'boot',
    '',
  ];
  return context.text(script.join('\n'));
}

/** `profile` is `<platform>-<arch>[-secureboot]`. */
function argumentsOf({ schematic, talos }: Wanted, profile: string): readonly string[] {
  const match = /^(.+)-(amd64|arm64)(-secureboot)?$/.exec(profile);
  const { extraKernelArgs = [], meta = [] } = schematic.customization ?? {};
  const extra = [...metaKernelArgs(meta, talos), ...extraKernelArgs];
  return commandLine({
    talos,
    platform: match?.[1] ?? 'metal',
    arch: match?.[2] === 'arm64' ? 'arm64' : 'amd64',
    medium: 'pxe',
    secureboot: match?.[3] !== undefined,
    extra,
  });
}

function withRange(context: Context, content: Buffer): Response {
  const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 32)}"`;
  const headers = { etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  const body = new Uint8Array(content);
  if (context.req.method === 'HEAD')
    return new Response(null, { headers: { ...headers, 'content-length': String(body.length) } });
  const range = /^bytes=(\d+)-$/.exec(context.req.header('range') ?? '');
  const condition = context.req.header('if-range');
  if (range === null || (condition !== undefined && condition !== etag))
    return new Response(body, { headers: { ...headers, 'content-length': String(body.length) } });
  const start = Number(range[1]);
  if (start >= body.length)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${body.length}` } });
  const rest = body.subarray(start);
  return new Response(rest, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(rest.length),
      'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
    },
  });
}

function versionOf(state: State, context: Context): string | undefined {
  const version = tagOf(context.req.param('version') ?? '');
  return state.versions.includes(version) ? version : undefined;
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
