/**
 * How layers of the spec combine (design §2): maps merge, scalars and lists replace, `key+:` appends to an inherited list, `null`
 * removes. `patches` are never merged: they line up in order.
 */
import type { Entry, ListTree, MapTree, Tree } from './tree.ts';
import { isNull, plainKey } from './tree.ts';

/**
 * `over` on top of `under`. A `null` and a `key+` that met nothing stay in the result, because a layer below may yet be put
 * under it; `settle` clears them at the end.
 */
export function mergeTrees(under: MapTree, over: MapTree): MapTree {
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const plain = plainKey(key);
    const below = entries.get(plain) ?? entries.get(`${plain}+`);
    if (key !== plain || plain === 'patches') {
      appendEntry(entries, plain, { over: entry, isExact: entries.has(plain) || key === plain });
      continue;
    }
    entries.delete(`${plain}+`);
    entries.set(plain, { keyWhere: entry.keyWhere, value: mergeValues(below?.value, entry.value) });
  }
  return { kind: 'map', entries, origin: over.origin };
}

/** Told of every null that is dropped; `removes` says whether it took something away. */
export type NullWatcher = (key: string, entry: Entry, removes: boolean) => void;

/** Drops what was removed and gives `key+` its plain name. */
export function settleMap(tree: MapTree, onNull: NullWatcher): MapTree {
  const entries = new Map<string, Entry>();
  for (const [key, entry] of tree.entries) {
    if (isNull(entry.value)) onNull(key, entry, entry.value.kind === 'scalar' && entry.value.removes === true);
    else entries.set(plainKey(key), { keyWhere: entry.keyWhere, value: settle(entry.value, onNull) });
  }
  return { ...tree, entries };
}

function settle(tree: Tree, onNull: NullWatcher): Tree {
  if (tree.kind === 'scalar') return tree;
  // Inside a list nothing is inherited: a null there is just an empty value.
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => settle(item, () => undefined)) };
  return settleMap(tree, onNull);
}

/** A map with only the given keys (and their `+` forms). */
export function pickKeys(tree: MapTree, keys: readonly string[]): MapTree {
  const wanted = new Set(keys);
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => wanted.has(plainKey(key)))) };
}

export function withoutKeys(tree: MapTree, keys: readonly string[]): MapTree {
  const unwanted = new Set(keys);
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !unwanted.has(plainKey(key)))) };
}

function mergeValues(below: Tree | undefined, over: Tree): Tree {
  if (below === undefined) return over;
  if (over.kind === 'scalar' && over.value === null)
    return { ...over, removes: below.kind !== 'scalar' || below.value !== null || below.removes === true };
  return below.kind === 'map' && over.kind === 'map' ? mergeTrees(below, over) : over;
}

interface Appending {
  readonly over: Entry;
  /** Something stands below under the plain name, or the key itself is plain: then the result is the whole list. */
  readonly isExact: boolean;
}

function appendEntry(entries: Map<string, Entry>, plain: string, { over, isExact }: Appending): void {
  const below = entries.get(plain) ?? entries.get(`${plain}+`);
  entries.delete(plain);
  entries.delete(`${plain}+`);
  const inherited = below === undefined || isNull(below.value) || isNull(over.value) ? [] : itemsOf(below.value);
  const value: Tree = isNull(over.value)
    ? mergeValues(below?.value, over.value)
    : listOf([...inherited, ...itemsOf(over.value)], over);
  entries.set(isExact ? plain : `${plain}+`, { keyWhere: over.keyWhere, value });
}

function itemsOf(tree: Tree): readonly Tree[] {
  return tree.kind === 'list' ? tree.items : [tree];
}

function listOf(items: readonly Tree[], entry: Entry): ListTree {
  return { kind: 'list', items, origin: entry.value.origin };
}
