/**
 * The patch that makes one machine config out of another: what is more or other becomes a part of it, what is missing `$patch: delete`
 * (talos-3-config.md §5.2). Lists that only grew are appended to, as Talos merges them; others are taken away and set anew.
 */
import type { Document } from '../../talos/documents-text.ts';
import { isRecord } from '../patch-facts.ts';
import { jsonText } from './draft.ts';
import type { PlainMap } from './plain-yaml.ts';

/** One value of the config that has to become another. */
export interface Change {
  /** `v1alpha1` or `kind/name`. */
  readonly document: string;
  readonly header: PlainMap;
  readonly path: readonly string[];
  readonly kind: 'set' | 'delete';
  readonly value?: unknown;
}

export function configChanges(from: readonly Document[], to: readonly Document[]): readonly Change[] {
  const [before, after] = [named(from), named(to)];
  const changes: Change[] = [];
  for (const [name, document] of after) {
    const other = before.get(name);
    const at = { document: name, header: headerOf(document), path: [] };
    if (other === undefined) changes.push({ ...at, kind: 'set', value: document.value });
    else compare(at, other.value, document.value, changes);
  }
  for (const [name, document] of before) {
    if (!after.has(name)) changes.push({ document: name, header: headerOf(document), path: [], kind: 'delete' });
  }
  return changes;
}

/** One document each, in the order of the changes; a deletion stands before what is set in its place. */
export function patchesOf(changes: readonly Change[]): readonly PlainMap[] {
  const deletes = new Map<string, Record<string, unknown>>();
  const sets = new Map<string, Record<string, unknown>>();
  for (const change of changes) {
    const into = change.kind === 'delete' ? deletes : sets;
    const fragment = into.get(change.document) ?? { ...change.header };
    place(fragment, change.path, change.kind === 'delete' ? { $patch: 'delete' } : change.value);
    into.set(change.document, fragment);
  }
  return [...deletes.values(), ...sets.values()];
}

function place(fragment: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (isRecord(value)) Object.assign(fragment, value);
    return;
  }
  if (rest.length === 0) {
    fragment[key] = value;
    return;
  }
  const inner = fragment[key];
  const child: Record<string, unknown> = isRecord(inner) ? { ...inner } : {};
  place(child, rest, value);
  fragment[key] = child;
}

function named(documents: readonly Document[]): ReadonlyMap<string, Document> {
  return new Map(documents.map((document) => [nameOf(document), document]));
}

function nameOf({ kind, name }: Document): string {
  if (kind === undefined) return 'v1alpha1';
  return name === undefined ? kind : `${kind}/${name}`;
}

function headerOf({ apiVersion, kind, name }: Document): PlainMap {
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    ...(name !== undefined && { name }),
  };
}

type Place = Pick<Change, 'document' | 'header' | 'path'>;

function compare(at: Place, from: unknown, to: unknown, changes: Change[]): void {
  if (isEmpty(from) && isEmpty(to)) return;
  if (jsonText(from) === jsonText(to)) return;
  if (isRecord(from) && isRecord(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)]))
      compare({ ...at, path: [...at.path, key] }, from[key], to[key], changes);
    return;
  }
  if (isEmpty(to)) {
    changes.push({ ...at, kind: 'delete' });
    return;
  }
  if (Array.isArray(from) && Array.isArray(to) && from.length > 0) {
    const grown = jsonText(to.slice(0, from.length)) === jsonText(from);
    if (!grown) changes.push({ ...at, kind: 'delete' });
    changes.push({ ...at, kind: 'set', value: grown ? to.slice(from.length) : to });
    return;
  }
  changes.push({ ...at, kind: 'set', value: to });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.values(value).every(isEmpty);
}
