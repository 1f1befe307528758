/**
 * A YAML file as a tree in which every value knows where it was written and in which layer. What the keys mean is the schema's business,
 * how layers combine is `merge.ts`, how a text becomes a tree is `parse-tree.ts`.
 */
import type { SourcePosition } from '../errors.ts';
import type { Layer, Origin } from './model.ts';

export type Tree = MapTree | ListTree | ScalarTree;
export type ScalarValue = string | number | bigint | boolean | null;

export interface MapTree {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly origin: Origin;
}

export interface Entry {
  /** Where the key stands: unknown keys are shown there. */
  readonly keyWhere: SourcePosition;
  readonly value: Tree;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly origin: Origin;
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** On a null that took something inherited away. */
  readonly removes?: boolean;
  readonly origin: Origin;
}

/** A key of the path from the root of a file. */
export type Path = readonly (string | number)[];

/** The tree at a path; a key that was written with a trailing `+` is found by its plain name too. */
export function treeAt(tree: Tree, path: Path): Tree | undefined {
  let current: Tree | undefined = tree;
  for (const key of path) current = current === undefined ? undefined : childOf(current, key);
  return current;
}

/** Where the key at the end of a path is written. */
export function keyWhereAt(tree: Tree, path: Path): SourcePosition | undefined {
  const parent = treeAt(tree, path.slice(0, -1));
  const key = String(path.at(-1));
  if (parent?.kind !== 'map') return undefined;
  return (parent.entries.get(key) ?? parent.entries.get(`${key}+`))?.keyWhere;
}

/** The value as plain data: without nulls, and with `key+` under its plain name. */
export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  const object: Record<string, unknown> = {};
  for (const [key, { value }] of tree.entries) {
    if (value.kind === 'scalar' && value.value === null) continue;
    object[plainKey(key)] = plainValue(value);
  }
  return object;
}

export function plainKey(key: string): string {
  return key.endsWith('+') ? key.slice(0, -1) : key;
}

export function isNull(tree: Tree | undefined): boolean {
  return tree?.kind === 'scalar' && tree.value === null;
}

/** The layer of what stands at a path of a file; `outer` outside of `classes` and `nodes`. */
export function layerOf(outer: Layer, path: Path): Layer {
  const [section, name] = path;
  if (section === 'classes' && name !== undefined) return { kind: 'class', name: String(name) };
  if (section === 'nodes' && name !== undefined) return { kind: 'node', name: String(name) };
  return outer;
}

/** Where patches stand: at cluster, class or node. */
export function isPatchList(path: Path): boolean {
  const depth = path[0] === 'classes' || path[0] === 'nodes' ? 3 : 1;
  return path.length === depth && plainKey(String(path.at(-1))) === 'patches';
}

function childOf(tree: Tree, key: string | number): Tree | undefined {
  if (tree.kind === 'list') return tree.items[Number(key)];
  if (tree.kind === 'map') return (tree.entries.get(String(key)) ?? tree.entries.get(`${key}+`))?.value;
  return undefined;
}
