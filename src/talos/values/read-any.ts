/**
 * Free-form data: what Talos reads into `map[string]any` and writes again with sorted keys and rewritten numbers.
 */
import { IchorError } from '../../errors.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { followed } from '../yaml/node.ts';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from '../yaml/node.ts';
import type { GoValue } from './value.ts';

export function readAny(node: YamlNode, minor: TalosMinor): GoValue {
  const target = followed(node);
  if (target.kind === 'scalar') return scalar(target);
  if (target.kind === 'seq') {
    return {
      kind: 'list',
      items: target.items.filter((item) => !vanishes(item, minor)).map((item) => readAny(item, minor)),
    };
  }
  const entries = mergedEntries(target).filter(({ value }) => !vanishes(value, minor));
  if (entries.every(({ key }) => key.kind === 'scalar' && key.resolved.kind === 'str')) {
    return { kind: 'map', entries: new Map(entries.map(({ key, value }) => [textOf(key), readAny(value, minor)])) };
  }
  return {
    kind: 'general-map',
    entries: entries.map(({ key, value }) => [keyOf(key), readAny(value, minor)] as const),
  };
}

/** The library of 1.14 makes nothing of an unquoted `<<` that stands as a free-form value: neither a text nor an error. */
export function vanishes(node: YamlNode, minor: TalosMinor): boolean {
  return minor === '1.14' && isMergeKey(followed(node));
}

/** The entries of a map with `<<` worked in: what the map says itself wins. */
export function mergedEntries(node: MapNode): readonly MapEntry[] {
  refuseTwice(node);
  const merges = node.entries.filter(({ key }) => isMergeKey(key));
  if (merges.length === 0) return node.entries;
  const own = node.entries.filter(({ key }) => !isMergeKey(key));
  const seen = new Set(own.map(({ key }) => textOf(key)));
  const merged = [...own];
  for (const source of merges.flatMap(({ value }) => mergeSources(value))) {
    for (const entry of mergedEntries(source)) {
      if (seen.has(textOf(entry.key))) continue;
      seen.add(textOf(entry.key));
      merged.push(entry);
    }
  }
  return merged;
}

export function isMergeKey(key: YamlNode): boolean {
  return key.kind === 'scalar' && key.resolved.kind === 'merge';
}

/** Keys are compared by their text: 1 and "1" are the same. */
export function refuseTwice(node: MapNode): void {
  const seen = new Set<string>();
  for (const { key } of node.entries) {
    if (key.kind !== 'scalar') continue;
    if (seen.has(key.text))
      throw new IchorError('invalid-input', `line ${key.at.line}: the key ${JSON.stringify(key.text)} is there twice`);
    seen.add(key.text);
  }
}

function mergeSources(value: YamlNode): readonly MapNode[] {
  const target = followed(value);
  const sources = target.kind === 'seq' && value.kind !== 'alias' ? target.items.map(followed) : [target];
  return sources.map((source) => {
    if (source.kind !== 'map')
      throw new IchorError('invalid-input', `line ${value.at.line}: << takes a map or a list of maps`);
    return source;
  });
}

function textOf(key: YamlNode): string {
  return key.kind === 'scalar' ? key.text : '';
}

function keyOf(key: YamlNode): GoValue {
  const target = followed(key);
  if (target.kind === 'scalar') return scalar(target);
  throw new IchorError('invalid-input', `line ${key.at.line}: a list or a map cannot be a key`);
}

function scalar({ text, resolved }: ScalarNode): GoValue {
  switch (resolved.kind) {
    case 'str':
    case 'merge':
      return text;
    case 'null':
      return null;
    case 'bool':
    case 'int':
      return resolved.value;
    case 'float':
      return { kind: 'float', value: resolved.value };
    case 'timestamp':
      return { kind: 'time', text: resolved.text };
  }
}
