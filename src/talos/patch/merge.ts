/**
 * Merges two values of a type as Talos' strategic merge does (`pkg/machinery/config/merge`): the right side over the left.
 */
import type { FieldShape, TypeRef, TypeShape } from '../documents/tables.ts';
import { shapeNamed } from '../values/read.ts';
import type { GoMap, GoStruct, GoValue } from '../values/value.ts';
import { isList, isMap, isStruct } from '../values/value.ts';
import { isPlainlyZero, zeroValue } from '../values/zero.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { mergeFreeFormMaps } from './merge-any.ts';
import { isKeyedList, mergeKeyedList } from './merge-lists.ts';
import { mergeOwn } from './merge-own.ts';
import type { MergePlace } from './merge-place.ts';

export function mergeValue(type: TypeRef, left: GoValue, right: GoValue, place: MergePlace): GoValue {
  switch (type.kind) {
    case 'pointer': {
      if (right === null) return left;
      if (left === null) return right;
      // 1.11 lets a zero behind a pointer pass unnoticed.
      return mergeValue(type.of, left, right, { ...place, overwrites: isAtLeast(place.context.minor, '1.12') });
    }
    case 'list':
      return mergeList(left, right, place);
    case 'map':
      return mergeMap(type.of, left, right, place);
    case 'scalar':
      if (type.name === 'bytes') return right === null ? left : right;
      return type.name === 'bool' || place.overwrites || !isPlainlyZero(right) ? right : left;
    case 'any':
      return right === null ? left : right;
    case 'named':
      return mergeNamed(type.name, left, right, place);
  }
}

export function mergeStruct(shape: TypeShape, left: GoStruct, right: GoStruct, place: MergePlace): GoStruct {
  if (shape.rest !== undefined && shape.fields.length === 0) return mergeFreeForm(left, right, place);
  if (place.replaces) return right.fields.size === 0 ? left : right;
  let fields: Map<string, GoValue> | undefined;
  for (const field of shape.fields) {
    const merged = mergeField(field, left, right, place);
    if (merged === undefined || merged === left.fields.get(field.key)) continue;
    fields ??= new Map(left.fields);
    fields.set(field.key, merged);
  }
  if (right.unknown === undefined) {
    // What nothing changed stays the same object: its written form is known already, and comparing it costs nothing.
    return fields === undefined ? left : { ...left, fields };
  }
  const unknown = new Map([...(left.unknown ?? []), ...right.unknown]);
  return { kind: 'struct', fields: fields ?? left.fields, unknown };
}

/** Undefined when nothing can change. Some structs are visited even when neither side has them: they cannot be merged at all. */
function mergeField(field: FieldShape, left: GoStruct, right: GoStruct, place: MergePlace): GoValue | undefined {
  const rightValue = right.fields.get(field.key);
  const leftValue = left.fields.get(field.key);
  const isUnset = rightValue === undefined && leftValue === undefined;
  if (rightValue === undefined && isNilWhenAbsent(field.type)) return undefined;
  if (isUnset && place.context.quiet.isQuiet(field.type)) return undefined;
  const merged = mergeValue(
    field.type,
    leftValue ?? zeroValue(field.type, place.context),
    rightValue ?? zeroValue(field.type, place.context),
    { ...place, path: [...place.path, field.key], replaces: field.replace, overwrites: false },
  );
  return isUnset ? undefined : merged;
}

function isNilWhenAbsent(type: TypeRef): boolean {
  return type.kind === 'pointer' || type.kind === 'list' || type.kind === 'map' || type.kind === 'any';
}

function mergeNamed(name: string, left: GoValue, right: GoValue, place: MergePlace): GoValue {
  const shape = shapeNamed(name, place.context.table);
  if (isKeyedList(name)) return mergeKeyedList(name, { left, right }, place, mergeValue);
  if (shape.element !== undefined && shape.go === 'map') {
    return shape.ownMerge ? mergeArguments(left, right) : mergeMap(shape.element, left, right, place);
  }
  if (shape.element !== undefined) return mergeList(left, right, place);
  if (shape.ownFormat || shape.ownWrite)
    return mergeOwn({ name, shape, minor: place.context.minor }, left, right, place);
  if (isStruct(left) && isStruct(right)) return mergeStruct(shape, left, right, place);
  return right;
}

function mergeList(left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (!isList(right)) return left;
  if (place.replaces || !isList(left)) return right;
  return { kind: 'list', items: [...left.items, ...right.items] };
}

function mergeMap(element: TypeRef, left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (!isMap(right)) return left;
  if (place.replaces || !isMap(left)) return right;
  if (element.kind === 'any')
    return { kind: 'map', entries: mergeFreeFormMaps(left.entries, right.entries, place.path) };
  const entries = new Map(left.entries);
  for (const [key, value] of right.entries) {
    const before = left.entries.get(key);
    const inner = { ...place, path: [...place.path, key], replaces: false, overwrites: false };
    entries.set(key, before === undefined || before === null ? value : mergeValue(element, before, value, inner));
  }
  return { kind: 'map', entries };
}

/** Arguments of components: each named one is replaced whole. */
function mergeArguments(left: GoValue, right: GoValue): GoValue {
  if (!isMap(right) || right.entries.size === 0) return left;
  const before: GoMap = isMap(left) ? left : { kind: 'map', entries: new Map() };
  return { kind: 'map', entries: new Map([...before.entries, ...right.entries]) };
}

function mergeFreeForm(left: GoStruct, right: GoStruct, place: MergePlace): GoStruct {
  if (right.fields.size === 0) return left;
  if (place.replaces || left.fields.size === 0) return right;
  return { kind: 'struct', fields: mergeFreeFormMaps(left.fields, right.fields, place.path) };
}
