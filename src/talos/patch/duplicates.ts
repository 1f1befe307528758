/**
 * Lists in which a patch repeated what was already there: the mark of a patch that was applied twice.
 */
import type { GoStruct, GoValue } from '../values/value.ts';
import type { PatchedDocument } from './strategic.ts';
import { idOf } from './strategic.ts';

/** Paths of lists that hold an element more often than before, and more than once. */
export function repeatedElements(
  before: readonly PatchedDocument[],
  after: readonly PatchedDocument[],
): readonly string[] {
  const paths: string[] = [];
  for (const document of after) {
    // Untouched documents are the same objects.
    if (document.kind !== 'typed' || before.includes(document)) continue;
    const id = idOf(document);
    const old = before.find((other) => idOf(other) === id);
    const root =
      document.documentKind === 'v1alpha1'
        ? []
        : [document.name === '' ? document.documentKind : `${document.documentKind} ${document.name}`];
    compareStructs(old?.kind === 'typed' ? old.value : undefined, document.value, root, paths);
  }
  return paths;
}

function compareStructs(before: GoStruct | undefined, after: GoStruct, path: readonly string[], paths: string[]): void {
  if (before === after) return;
  for (const [key, value] of after.fields) compareValues(before?.fields.get(key), value, [...path, key], paths);
}

function compareValues(before: GoValue | undefined, after: GoValue, path: readonly string[], paths: string[]): void {
  if (before === after || typeof after !== 'object' || after === null) return;
  const old = typeof before === 'object' && before !== null ? before : undefined;
  if (after.kind === 'struct') compareStructs(old?.kind === 'struct' ? old : undefined, after, path, paths);
  if (after.kind === 'map') {
    for (const [key, value] of after.entries)
      compareValues(old?.kind === 'map' ? old.entries.get(key) : undefined, value, [...path, key], paths);
  }
  if (after.kind !== 'list') return;
  const oldItems = old?.kind === 'list' ? old.items : [];
  if (mostRepeats(after.items) > Math.max(1, mostRepeats(oldItems))) paths.push(path.join('.'));
  for (const [index, item] of after.items.entries())
    compareValues(oldItems[index], item, [...path, `[${index}]`], paths);
}

function mostRepeats(items: readonly GoValue[]): number {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = JSON.stringify(comparable(item));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

function comparable(value: GoValue): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'list') return value.items.map(comparable);
  if (value.kind === 'general-map') return value.entries.map(([key, inner]) => [comparable(key), comparable(inner)]);
  if (value.kind !== 'struct' && value.kind !== 'map') return value;
  const entries = value.kind === 'struct' ? value.fields : value.entries;
  return [...entries]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, inner]) => [key, comparable(inner)]);
}
