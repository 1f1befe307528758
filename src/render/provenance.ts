/**
 * Where a value of a machine config comes from, by replay (docs/design/02): the layers are applied one after another, and the last one
 * that changed the value has set it. Nothing is remembered during a merge.
 */
import { isMap } from '../catalog/features/options.ts';
import { IchorError } from '../errors.ts';
import type { Cluster, NodeSpec, Origin } from '../spec/model.ts';
import type { Document, PlainValue } from '../talos/documents-text.ts';
import { applyPatches } from '../talos/patch/patch.ts';
import { renderFragments } from './fragments.ts';
import { layersOf, type RenderInput } from './layers.ts';
import { applyPatch } from './render.ts';

export type ConfigLayer =
  /** What Talos' own generator makes for that version. */
  | { readonly kind: 'talos'; readonly talos: string }
  /** What a key of the spec asks for. */
  | { readonly kind: 'spec'; readonly key: string; readonly origin?: Origin }
  | { readonly kind: 'patch'; readonly origin: Origin };

export interface TraceStep {
  readonly layer: ConfigLayer;
  /** After the layer; undefined: the layer removed it. */
  readonly value: PlainValue | undefined;
}

export interface PathExplanation {
  readonly document: DocumentName;
  /** Keys and list positions in the document. */
  readonly path: readonly (string | number)[];
  readonly value: PlainValue | undefined;
  /** Each layer that set, changed or removed the value, first to last: the last one has set it, the others were overridden. */
  readonly trace: readonly TraceStep[];
}

export interface DocumentName {
  /** `v1alpha1` for the document without kind. */
  readonly kind: string;
  readonly name?: string;
}

export interface Replay {
  readonly snapshots: readonly Snapshot[];
}

interface Snapshot {
  readonly layer: ConfigLayer;
  readonly documents: readonly Document[];
}

/** `machine.install.image`, `HostnameConfig.hostname`, `UserVolumeConfig/data.provisioning.maxSize`, `cluster.apiServer.certSANs[0]`. */
export function explainPath(input: RenderInput, path: string): PathExplanation {
  return explainIn(replay(input), path);
}

export function explainIn({ snapshots }: Replay, path: string): PathExplanation {
  const all = snapshots.flatMap(({ documents }) => documents);
  const { document, rest } = documentAt(all, path);
  const keys = keysOf(
    all.filter((candidate) => isNamed(candidate, document)).map(({ value }) => value),
    rest,
    path,
  );
  const trace = traceOf(snapshots, document, keys);
  return { document, path: keys, value: trace.at(-1)?.value, trace };
}

export function replay(input: RenderInput): Replay {
  const { node, cluster } = input;
  const layers = layersOf(input);
  const snapshots: Snapshot[] = [{ layer: { kind: 'talos', talos: node.talos }, documents: layers.base }];
  let documents = layers.base;
  for (const setting of layers.settings) {
    documents = applyPatches(documents, [renderFragments(setting.fragments)], node.talos, {
      keepSelectors: true,
    }).documents;
    snapshots.push({ layer: specLayer(cluster, node, setting.from), documents });
  }
  for (const patch of layers.patches) {
    documents = applyPatch(documents, patch, input).documents;
    snapshots.push({ layer: { kind: 'patch', origin: patch.origin }, documents });
  }
  return { snapshots };
}

/** The layer that gave the leaf its value. */
export function setterOf(
  { snapshots }: Replay,
  document: DocumentName,
  path: readonly (string | number)[],
): ConfigLayer | undefined {
  return traceOf(snapshots, document, path).at(-1)?.layer;
}

function traceOf(
  snapshots: readonly Snapshot[],
  document: DocumentName,
  path: readonly (string | number)[],
): readonly TraceStep[] {
  const trace: TraceStep[] = [];
  let before: PlainValue | undefined;
  for (const { layer, documents } of snapshots) {
    const found = valueAt(documents.find((candidate) => isNamed(candidate, document))?.value, path);
    // Talos writes a field that is empty or leaves it out: neither is a value that somebody set.
    const value = isEmpty(found) ? undefined : found;
    if (!isSame(before, value)) trace.push({ layer, value });
    before = value;
  }
  return trace;
}

/** Where the spec says it: the deepest key on the way that the file sets, the node's own before the cluster's. */
function specLayer(cluster: Cluster, node: NodeSpec, from: readonly string[]): ConfigLayer {
  const own = from[0] === 'nodes' ? from : ['nodes', node.name, ...from.slice(-1)];
  const places = [...prefixes(own).filter((path) => path.length > 2), ...prefixes(from)];
  const found = places.find((path) => cluster.originOf(path) !== undefined);
  const origin = found === undefined ? undefined : cluster.originOf(found);
  return { kind: 'spec', key: (found ?? from).join('.'), ...(origin === undefined ? {} : { origin }) };
}

function prefixes(path: readonly string[]): readonly (readonly string[])[] {
  return path.map((_, index) => path.slice(0, path.length - index));
}

interface PathInDocument {
  readonly document: DocumentName;
  readonly rest: string;
}

/** A path that begins with a capital names a document; names of documents may hold dots, so the longest that exists is taken. */
function documentAt(documents: readonly Document[], path: string): PathInDocument {
  const [, kind, tail = ''] = /^([A-Z][A-Za-z0-9]*)(.*)$/.exec(path) ?? [];
  if (kind === undefined) return { document: { kind: 'v1alpha1' }, rest: path };
  const there = documents.filter((document) => document.kind === kind);
  if (there.length === 0) {
    const kinds = [...new Set(documents.flatMap((document) => document.kind ?? []))].toSorted();
    throw new IchorError('not-found', `the config has no ${kind}`, { hint: `Its documents: ${kinds.join(', ')}.` });
  }
  const names = [...new Set(there.flatMap(({ name }) => name ?? []))].toSorted((a, b) => b.length - a.length);
  if (!tail.startsWith('/')) {
    const [only] = names;
    if (names.length > 1)
      throw new IchorError('invalid-input', `the config has several ${kind}`, {
        hint: `Name one: ${names.map((name) => `${kind}/${name}`).join(', ')}.`,
      });
    return { document: { kind, ...(only === undefined ? {} : { name: only }) }, rest: tail.replace(/^\./, '') };
  }
  const name = names.find((candidate) => tail === `/${candidate}` || tail.startsWith(`/${candidate}.`));
  if (name === undefined)
    throw new IchorError('not-found', `the config has no ${kind}${tail}`, {
      hint: `There are ${names.map((known) => `${kind}/${known}`).join(', ')}.`,
    });
  return { document: { kind, name }, rest: tail.slice(name.length + 1).replace(/^\./, '') };
}

/** Keys may hold dots themselves (labels, sysctls): at each map the longest key that some layer has is taken. */
function keysOf(values: readonly PlainValue[], rest: string, whole: string): readonly (string | number)[] {
  if (rest === '') return [];
  const index = /^\[(\d+)\]\.?(.*)$/.exec(rest);
  if (index !== null) {
    const at = Number(index[1]);
    const inner = values.flatMap((value) => (Array.isArray(value) && value[at] !== undefined ? [value[at]] : []));
    if (inner.length === 0) throw unknownPath(values, rest, whole);
    return [at, ...keysOf(inner, index[2] ?? '', whole)];
  }
  const keys = [...new Set(values.flatMap((value) => (isMap(value) ? Object.keys(value) : [])))];
  const key = keys
    .toSorted((left, right) => right.length - left.length)
    .find((candidate) => rest === candidate || rest.startsWith(`${candidate}.`) || rest.startsWith(`${candidate}[`));
  if (key === undefined) throw unknownPath(values, rest, whole);
  const inner = values.flatMap((value) => valueAt(value, [key]) ?? []);
  const lists = values.flatMap((value) => {
    const found = valueAt(value, [key]);
    return Array.isArray(found) ? [found] : [];
  });
  return [key, ...keysOf(lists.length > 0 ? lists : inner, rest.slice(key.length).replace(/^\./, ''), whole)];
}

function unknownPath(values: readonly PlainValue[], rest: string, whole: string): IchorError {
  const keys = [...new Set(values.flatMap((value) => (isMap(value) ? Object.keys(value) : [])))];
  return new IchorError('not-found', `no layer of the config sets ${whole}`, {
    hint:
      keys.length === 0
        ? `There is nothing below ${whole.slice(0, whole.length - rest.length).replace(/\.$/, '')}.`
        : `There it has ${keys.slice(0, 30).join(', ')}.`,
  });
}

function isNamed(document: Document, { kind, name }: DocumentName): boolean {
  return (document.kind ?? 'v1alpha1') === kind && document.name === name;
}

function valueAt(value: PlainValue | undefined, path: readonly (string | number)[]): PlainValue | undefined {
  let current: PlainValue | undefined = value;
  for (const key of path) {
    if (typeof key === 'number') current = isList(current) ? current[key] : undefined;
    else current = isObject(current) ? current[key] : undefined;
  }
  return current;
}

function isList(value: PlainValue | undefined): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function isObject(value: PlainValue | undefined): value is { readonly [key: string]: PlainValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: PlainValue | undefined): boolean {
  return value === '' || value === null || ['[]', '{}'].includes(text(value) ?? '');
}

function isSame(left: PlainValue | undefined, right: PlainValue | undefined): boolean {
  return text(left) === text(right);
}

function text(value: PlainValue | undefined): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner));
}
