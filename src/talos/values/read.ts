/**
 * Reads a YAML tree as a value of a type of Talos' documents, as strictly as Talos does: unknown keys, wrong kinds of values and
 * keys that are there twice are errors.
 */
import { IchorError } from '../../errors.ts';
import type { DocumentTable, FieldShape, TalosMinor, TypeRef, TypeShape } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { followed, isNull } from '../yaml/node.ts';
import type { MapNode, YamlNode } from '../yaml/node.ts';
import { readOwn } from './own-format.ts';
import { isMergeKey, mergedEntries, readAny, refuseTwice, vanishes } from './read-any.ts';
import { mismatch, readScalar } from './read-scalar.ts';
import type { GoStruct, GoValue } from './value.ts';
import { isList, isStruct } from './value.ts';

export interface ReadContext {
  readonly minor: TalosMinor;
  readonly table: DocumentTable;
  /** Keeps fields that this minor does not know instead of refusing them: for a Talos newer than Ichor knows. */
  readonly keepsUnknown: boolean;
}

/** Undefined when the node is null where that leaves the value unset. */
export function readValue(type: TypeRef, node: YamlNode, context: ReadContext): GoValue | undefined {
  if (isNull(node)) return isNillable(type, context) ? null : undefined;
  switch (type.kind) {
    case 'any':
      return vanishes(node, context.minor) ? undefined : readAny(node, context.minor);
    case 'pointer':
      return readValue(type.of, node, context) ?? null;
    case 'list':
      return readList(type.of, node, context);
    case 'map':
      return readMap(type.of, node, context);
    case 'scalar': {
      if (type.name === 'bytes') return readBytes(node, context);
      const target = followed(node);
      if (target.kind !== 'scalar') throw mismatch(node, wantedWord(type.name));
      return readScalar(type.name, target, context.minor);
    }
    case 'named':
      return readNamed(type.name, shapeNamed(type.name, context.table), node, context);
  }
}

export function readStruct(shape: TypeShape, node: YamlNode, context: ReadContext): GoStruct {
  const target = followed(node);
  if (target.kind !== 'map') throw mismatch(node, 'a map');
  if (shape.rest !== undefined && shape.fields.length === 0) return readFreeForm(shape.rest, target, context);
  refuseTwice(target);
  const fields = new Map<string, GoValue>();
  const unknown = new Map<string, GoValue>();
  const known = fieldsByKey(shape);
  for (const { key, value } of target.entries) {
    if (isNull(key)) continue;
    const word = key.kind === 'scalar' ? key.text : '';
    const field = known.get(word);
    if (field === undefined) {
      if (!context.keepsUnknown) throw unknownKey(key, word);
      unknown.set(word, readAny(value, context.minor));
      continue;
    }
    const read = context.keepsUnknown ? readOrKeep(field.type, value, context) : readValue(field.type, value, context);
    if (read === KEPT) unknown.set(word, readAny(value, context.minor));
    else if (read !== undefined) fields.set(word, read);
  }
  return unknown.size === 0 ? { kind: 'struct', fields } : { kind: 'struct', fields, unknown };
}

/** Stands for a value that a newer Talos may understand and this table does not: a new word of an enumeration, a list for a text. */
const KEPT = Symbol('kept');

function readOrKeep(type: TypeRef, node: YamlNode, context: ReadContext): GoValue | undefined | typeof KEPT {
  try {
    return readValue(type, node, context);
  } catch (error) {
    if (error instanceof IchorError && error.code === 'invalid-input') return KEPT;
    throw error;
  }
}

export function shapeNamed(name: string, table: DocumentTable): TypeShape {
  const shape = table.types.get(name);
  if (shape === undefined) throw new IchorError('internal', `the document tables do not describe the type ${name}`);
  return shape;
}

const keyed = new WeakMap<TypeShape, ReadonlyMap<string, FieldShape>>();

export function fieldsByKey(shape: TypeShape): ReadonlyMap<string, FieldShape> {
  const known = keyed.get(shape);
  if (known !== undefined) return known;
  const byKey = new Map(shape.fields.map((field) => [field.key, field]));
  keyed.set(shape, byKey);
  return byKey;
}

function readNamed(name: string, shape: TypeShape, node: YamlNode, context: ReadContext): GoValue | undefined {
  if (shape.element !== undefined && shape.go === 'map') return readMap(shape.element, node, context);
  if (shape.element !== undefined) {
    const list = readList(shape.element, node, context);
    return name.endsWith('.ClusterInlineManifests') ? trimmedManifests(list) : list;
  }
  if (shape.ownFormat || shape.ownWrite) return readOwn({ name, shape, minor: context.minor }, node);
  return readStruct(shape, node, context);
}

function readList(element: TypeRef, node: YamlNode, context: ReadContext): GoValue {
  const target = followed(node);
  if (target.kind !== 'seq') throw mismatch(node, 'a list');
  const items: GoValue[] = [];
  for (const item of target.items) {
    if (element.kind === 'pointer' && isNull(item) && isAtLeast(context.minor, '1.14')) throw nullElement(item);
    // A null leaves no element behind, except in lists of pointers and of lists, where it is a nil one.
    const read = readValue(element, item, context);
    if (read !== undefined) items.push(read);
  }
  return { kind: 'list', items };
}

function readMap(element: TypeRef, node: YamlNode, context: ReadContext): GoValue {
  const target = followed(node);
  if (target.kind !== 'map') throw mismatch(node, 'a map');
  const entries = new Map<string, GoValue>();
  for (const { key, value } of mapEntries(element, target, context)) {
    if (isNull(key)) continue;
    const keyTarget = followed(key);
    if (keyTarget.kind !== 'scalar') throw mismatch(key, 'a text as key');
    if (element.kind === 'pointer' && isNull(value) && isAtLeast(context.minor, '1.14')) throw nullElement(value);
    const word = readScalar('string', keyTarget, context.minor);
    if (typeof word === 'string')
      entries.set(word, readValue(element, value, context) ?? zeroElement(element, context));
  }
  return { kind: 'map', entries };
}

/** `<<` in a typed map: refused by 1.14, and by all when its value is written out in place. */
function mapEntries(element: TypeRef, node: MapNode, context: ReadContext): MapNode['entries'] {
  if (element.kind === 'any' || !node.entries.some(({ key }) => isMergeKey(key))) {
    refuseTwice(node);
    return element.kind === 'any' ? mergedEntries(node) : node.entries;
  }
  for (const { key, value } of node.entries) {
    const isRefused = isMergeKey(key) && (value.kind !== 'alias' || isAtLeast(context.minor, '1.14'));
    if (isRefused)
      throw new IchorError('invalid-input', `line ${key.at.line}: << is not taken here; write the values out`);
  }
  return mergedEntries(node);
}

function readFreeForm(rest: TypeRef, node: MapNode, context: ReadContext): GoStruct {
  const fields = new Map<string, GoValue>();
  for (const { key, value } of mergedEntries(node)) {
    if (isNull(key)) continue;
    const target = followed(key);
    if (target.kind !== 'scalar') throw mismatch(key, 'a text as key');
    const word = readScalar('string', target, context.minor);
    if (typeof word === 'string') fields.set(word, readValue(rest, value, context) ?? null);
  }
  return { kind: 'struct', fields };
}

function readBytes(node: YamlNode, context: ReadContext): GoValue {
  const target = followed(node);
  if (target.kind !== 'seq') throw mismatch(node, 'a list of numbers');
  return readList({ kind: 'scalar', name: 'uint8' }, target, context);
}

function isNillable(type: TypeRef, context: ReadContext): boolean {
  if (type.kind === 'named') {
    const shape = shapeNamed(type.name, context.table);
    return shape.go === 'slice' || shape.go === 'map';
  }
  return type.kind !== 'scalar' || type.name === 'bytes';
}

function zeroElement(element: TypeRef, context: ReadContext): GoValue {
  if (element.kind === 'scalar') return element.name === 'bool' ? false : element.name === 'string' ? '' : 0n;
  if (element.kind !== 'named') return null;
  const shape = shapeNamed(element.name, context.table);
  return shape.go === 'struct' && !shape.ownFormat ? { kind: 'struct', fields: new Map() } : null;
}

/** Talos cuts line breaks and tabs off the front of inline manifests when it reads them. */
function trimmedManifests(list: GoValue): GoValue {
  if (!isList(list)) return list;
  const items = list.items.map((item) => {
    const contents = isStruct(item) ? item.fields.get('contents') : undefined;
    if (!isStruct(item) || typeof contents !== 'string') return item;
    return { ...item, fields: new Map(item.fields).set('contents', contents.replace(/^[\t\n\v\f\r]+/, '')) };
  });
  return { kind: 'list', items };
}

function nullElement(node: YamlNode): IchorError {
  return new IchorError('invalid-input', `line ${node.at.line}: an element that is null is not allowed here`);
}

function unknownKey(key: YamlNode, word: string): IchorError {
  return new IchorError('invalid-input', `line ${key.at.line}: the key ${JSON.stringify(word)} is unknown here`);
}

function wantedWord(name: string): string {
  if (name === 'string') return 'a text';
  return name === 'bool' ? 'true or false' : `a value of type ${name}`;
}
