/** All keys of a document that its kind does not have, each with its place and the nearest known one: Talos stops at the first. */
import { nearest } from '../../catalog/nearest.ts';
import { followed } from '../yaml/node.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { DocumentTable, TypeRef } from './tables.ts';

export interface UnknownKey {
  readonly path: readonly (string | number)[];
  readonly key: string;
  /** What was probably meant. */
  readonly nearest: string | undefined;
}

export function unknownKeys(table: DocumentTable, typeName: string, root: YamlNode): readonly UnknownKey[] {
  const found: UnknownKey[] = [];
  walk({ kind: 'named', name: typeName }, root, { table, found, path: [] });
  return found;
}

interface Walk {
  readonly table: DocumentTable;
  readonly found: UnknownKey[];
  readonly path: readonly (string | number)[];
}

function walk(type: TypeRef, node: YamlNode, at: Walk): void {
  const target = followed(node);
  if (type.kind === 'any' || type.kind === 'scalar' || target.kind === 'scalar') return;
  if (type.kind === 'pointer') walk(type.of, target, at);
  else if (type.kind === 'named') walkNamed(type.name, target, at);
  else walkElements(type.of, target, at);
}

function walkNamed(name: string, node: YamlNode, at: Walk): void {
  const shape = at.table.types.get(name);
  if (shape === undefined) return;
  if (shape.element !== undefined) walkElements(shape.element, node, at);
  if (shape.go !== 'struct' || shape.ownFormat || shape.rest !== undefined || node.kind !== 'map') return;
  for (const { key, value } of node.entries) {
    if (key.kind !== 'scalar') continue;
    const field = shape.fields.find((known) => known.key === key.text);
    const path = [...at.path, key.text];
    if (field !== undefined) walk(field.type, value, { ...at, path });
    else
      at.found.push({
        path,
        key: key.text,
        nearest: nearest(
          key.text,
          shape.fields.map((known) => known.key),
        ),
      });
  }
}

function walkElements(element: TypeRef, node: YamlNode, at: Walk): void {
  if (node.kind === 'seq') {
    for (const [index, item] of node.items.entries()) walk(element, item, { ...at, path: [...at.path, index] });
  } else if (node.kind === 'map') {
    for (const { key, value } of node.entries) {
      if (key.kind === 'scalar') walk(element, value, { ...at, path: [...at.path, key.text] });
    }
  }
}
