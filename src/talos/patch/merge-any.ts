/**
 * Merges free-form data (`map[string]any` in Talos): by key, of equal types only.
 */
import type { GoValue } from '../values/value.ts';
import { isPlainlyZero } from '../values/zero.ts';
import { PatchRefused } from './refusal.ts';

export function mergeFreeFormMaps(
  left: ReadonlyMap<string, GoValue>,
  right: ReadonlyMap<string, GoValue>,
  path: readonly string[],
): ReadonlyMap<string, GoValue> {
  const merged = new Map(left);
  for (const [key, value] of right) merged.set(key, mergeEntry(left.get(key), value, [...path, key]));
  return merged;
}

function mergeEntry(left: GoValue | undefined, right: GoValue, path: readonly string[]): GoValue {
  if (left === undefined || left === null) return right;
  const where = path.join('.');
  if (right === null) {
    throw new PatchRefused(
      'panic',
      `${where}: Talos' patcher crashes when null is put over a value in free-form data`,
      {
        hint: 'Use $patch: delete to remove the key.',
      },
    );
  }
  if (goTypeOf(left) !== goTypeOf(right)) {
    throw new PatchRefused(
      'apply',
      `${where}: the patch puts ${goTypeOf(right)} over ${goTypeOf(left)}, which Talos refuses in free-form data`,
    );
  }
  return mergeSameType(left, right, path);
}

function mergeSameType(left: GoValue, right: GoValue, path: readonly string[]): GoValue {
  if (typeof right === 'boolean') return right;
  if (typeof right !== 'object' || right === null) return isPlainlyZero(right) ? left : right;
  if (right.kind === 'float') return isPlainlyZero(right) ? left : right;
  if (typeof left !== 'object' || left === null) return right;
  if (right.kind === 'list' && left.kind === 'list') return { kind: 'list', items: [...left.items, ...right.items] };
  if (right.kind === 'map' && left.kind === 'map')
    return { kind: 'map', entries: mergeFreeFormMaps(left.entries, right.entries, path) };
  if (right.kind === 'general-map' && left.kind === 'general-map')
    return mergeGeneralMaps(left.entries, right.entries, path);
  throw new PatchRefused('apply', `${path.join('.')}: Talos cannot merge a date into one that is already there`);
}

type Entries = readonly (readonly [key: GoValue, value: GoValue])[];

function mergeGeneralMaps(left: Entries, right: Entries, path: readonly string[]): GoValue {
  const merged = [...left];
  for (const [key, value] of right) {
    const at = left.findIndex(([other]) => isSameKey(other, key));
    const before = left[at];
    if (before === undefined) merged.push([key, value]);
    else merged[at] = [key, mergeEntry(before[1], value, [...path, String(key)])];
  }
  return { kind: 'general-map', entries: merged };
}

function isSameKey(left: GoValue, right: GoValue): boolean {
  if (typeof left === 'object' && typeof right === 'object' && left !== null && right !== null) {
    if (left.kind === 'float' && right.kind === 'float') return left.value === right.value;
    return left.kind === 'time' && right.kind === 'time' && left.text === right.text;
  }
  return left === right;
}

function goTypeOf(value: GoValue): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'a boolean';
  if (typeof value === 'bigint') return value < 2n ** 63n ? 'a whole number' : 'a very large number';
  return {
    float: 'a number with fraction',
    time: 'a date',
    list: 'a list',
    map: 'a map',
    'general-map': 'a map with keys that are no texts',
  }[
    value.kind === 'float' || value.kind === 'time' || value.kind === 'list' || value.kind === 'general-map'
      ? value.kind
      : 'map'
  ];
}
