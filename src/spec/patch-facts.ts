/**
 * What a node's patches say, for the lint and the effective network: each document as plain data with the place of every value.
 * This reads only; how patches are applied is Talos' business (`talos/`), and a text that is no YAML is reported, not guessed at.
 */
import { LineCounter, isCollection, isNode, isPair, parseAllDocuments } from 'yaml';
import type { Document } from 'yaml';
import type { SourcePosition } from '../errors.ts';
import type { NodeSpec, Patch } from './model.ts';
import type { Path } from './tree.ts';

export interface PatchDocument {
  /** The document's kind; `v1alpha1` for Talos' first document, which has none. */
  readonly kind: string;
  /** `metadata`-like name of named documents. */
  readonly name?: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly patch: Patch;
  /** The place of the value at a path, or of the nearest thing above it. */
  place(path: Path): SourcePosition | undefined;
}

export interface PatchFacts {
  readonly documents: readonly PatchDocument[];
  /** Patches that cannot be read. */
  readonly broken: readonly BrokenPatch[];
}

export interface BrokenPatch {
  readonly patch: Patch;
  readonly why: string;
  readonly where?: SourcePosition;
}

/** A reader that parses each patch once, however many nodes a cluster or class patch reaches. */
export function createPatchReader(): (node: NodeSpec) => PatchFacts {
  const known = new Map<string, PatchFacts>();
  return (node) => {
    const read = node.patches.map((patch) => {
      const { where } = patch.origin;
      const key = where === undefined ? undefined : `${where.file}\0${where.line}\0${where.column}`;
      const facts = (key === undefined ? undefined : known.get(key)) ?? factsOf(patch);
      if (key !== undefined) known.set(key, facts);
      return facts;
    });
    return { documents: read.flatMap(({ documents }) => documents), broken: read.flatMap(({ broken }) => broken) };
  };
}

function factsOf(patch: Patch): PatchFacts {
  const documents: PatchDocument[] = [];
  const broken: BrokenPatch[] = [];
  const lines = new LineCounter();
  for (const document of parseAllDocuments(patch.text, { lineCounter: lines, prettyErrors: false, merge: true })) {
    const error = document.errors[0];
    if (error !== undefined) {
      const where = placeIn(patch, lines, error.pos[0]);
      broken.push({ patch, why: error.message, ...(where && { where }) });
      continue;
    }
    const found = documentOf(patch, lines, document);
    if (found !== undefined) documents.push(found);
  }
  return { documents, broken };
}

/** The map at a path, or an empty one. */
export function mapAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const found = valueAt(value, ...path);
  return isRecord(found) ? found : {};
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item): item is string => typeof item === 'string');
}

export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = isRecord(current) ? current[key] : undefined;
  return current;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function documentOf(patch: Patch, lines: LineCounter, document: Document): PatchDocument | undefined {
  const value: unknown = document.toJS();
  const place = (path: Path): SourcePosition | undefined => placeIn(patch, lines, offsetAt(document, path));
  if (Array.isArray(value))
    return { kind: 'v1alpha1', value: fromOperations(value), patch, place: () => placeIn(patch, lines, 0) };
  if (!isRecord(value)) return undefined;
  const { kind, name } = value;
  return {
    kind: typeof kind === 'string' ? kind : 'v1alpha1',
    ...(typeof name === 'string' && { name }),
    value,
    patch,
    place,
  };
}

/** The offset of the deepest thing on the path that exists. */
function offsetAt(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const part = path.slice(0, length);
    const parent: unknown = length === 1 ? document.contents : document.getIn(part.slice(0, -1), true);
    if (!isCollection(parent)) continue;
    const pair: unknown = parent.items.find((item) => isPair(item) && String(item.key) === String(part.at(-1)));
    if (isPair(pair) && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    const node: unknown = document.getIn(part, true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return document.contents?.range?.[0] ?? 0;
}

/** Patch texts are shifted left as a block, so every line is off by the same number of columns. */
function placeIn(patch: Patch, lines: LineCounter, offset: number): SourcePosition | undefined {
  const start = patch.origin.where;
  if (start === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { file: start.file, line: start.line + Math.max(line, 1) - 1, column: start.column + Math.max(col, 1) - 1 };
}

/** What the `add` and `replace` operations of a JSON6902 patch set, as nested maps. Enough to look at, not to apply. */
function fromOperations(operations: readonly unknown[]): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const operation of operations) {
    const path = valueAt(operation, 'path');
    const op = valueAt(operation, 'op');
    if (typeof path !== 'string' || (op !== 'add' && op !== 'replace')) continue;
    place(
      root,
      path
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
      valueAt(operation, 'value'),
    );
  }
  return root;
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    root[key] = value;
    return;
  }
  if (rest.length === 1 && /^(-|\d+)$/.test(rest[0] ?? '')) {
    const list = root[key];
    root[key] = [...(Array.isArray(list) ? list : []), value];
    return;
  }
  const child: Record<string, unknown> = { ...mapAt(root, key) };
  place(child, rest, value);
  root[key] = child;
}
