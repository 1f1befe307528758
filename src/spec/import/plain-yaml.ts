/** YAML as plain values by the rules of the YAML library that Talos and talhelper are built with (octal `0644`, `yes` is text …). */
import { parseDocuments } from '../../talos/yaml/parse.ts';
import { followed } from '../../talos/yaml/node.ts';
import type { YamlNode } from '../../talos/yaml/node.ts';
import { isRecord } from '../patch-facts.ts';

export type PlainMap = Readonly<Record<string, unknown>>;

/** Every document of the text that is not empty. */
export function plainDocuments(text: string): readonly unknown[] {
  return parseDocuments(text, '1.14').flatMap((node) => {
    const value = plainOf(node);
    return value === null ? [] : [value];
  });
}

export function plainOf(node: YamlNode): unknown {
  const target = followed(node);
  if (target.kind === 'seq') return target.items.map(plainOf);
  if (target.kind === 'map') return mapOf(target.entries);
  const { resolved, text } = target;
  switch (resolved.kind) {
    case 'int':
      return resolved.value >= BigInt(Number.MIN_SAFE_INTEGER) && resolved.value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(resolved.value)
        : resolved.value;
    case 'bool':
    case 'float':
      return resolved.value;
    case 'null':
      return null;
    default:
      return text;
  }
}

/** `<<` brings in what the map does not say itself. */
function mapOf(entries: readonly { readonly key: YamlNode; readonly value: YamlNode }[]): PlainMap {
  const own: Record<string, unknown> = {};
  const merged: Record<string, unknown> = {};
  for (const { key, value } of entries) {
    const name = followed(key);
    if (name.kind !== 'scalar') continue;
    if (name.text !== '<<') {
      own[name.text] = plainOf(value);
      continue;
    }
    const brought = plainOf(value);
    for (const map of Array.isArray(brought) ? brought.toReversed() : [brought]) {
      if (isRecord(map)) Object.assign(merged, map);
    }
  }
  return { ...merged, ...own };
}

/** Text of a scalar as Go's YAML library puts it into a string field. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

export function textMap(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item) ?? '']));
}

export function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((item) => asText(item) ?? []) : [];
}

export function recordList(value: unknown): readonly PlainMap[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
