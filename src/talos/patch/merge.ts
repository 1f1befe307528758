/**
 * Merges two values of a type as Talos' strategic merge does (`pkg/machinery/config/merge`): the right side over the left.
 */
import type { DocumentTable, FieldShape, TalosMinor, TypeRef, TypeShape } from '../documents/tables.ts';
import { shapeNamed } from '../values/read.ts';
import type { GoMap, GoStruct, GoValue } from '../values/value.ts';
import { isList, isMap, isStruct } from '../values/value.ts';
import { isPlainlyZero, zeroValue } from '../values/zero.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { mergeFreeFormMaps } from './merge-any.ts';
import { isKeyedList, mergeKeyedList } from './merge-lists.ts';
import { mergeOwn } from './merge-own.ts';
import { PatchRefused } from './refusal.ts';

export interface MergeContext {
  readonly minor: TalosMinor;
  readonly table: DocumentTable;
  /** For the spec's own patches: selectors and sizes that a patch does not mention stay. Talos loses them. */
  readonly keepsSelectors: boolean;
  /** Told of every value that Talos' rules lose although the patch does not mention it. */
  lost(path: readonly string[]): void;
}

/** Where a merge stands: the path for messages, and what the surroundings ask for. */
export interface MergePlace {
  readonly path: readonly string[];
  /** The right side wins whole. */
  readonly replaces: boolean;
  /** The value stands behind a pointer: it overrides even when it is zero. */
  readonly overwrites: boolean;
}

export const ROOT: MergePlace = { path: [], replaces: false, overwrites: false };

export function mergeValue(
  type: TypeRef,
  left: GoValue,
  right: GoValue,
  place: MergePlace,
  context: MergeContext,
): GoValue {
  switch (type.kind) {
    case 'pointer': {
      if (right === null) return left;
      if (left === null) return right;
      // 1.11 lets a zero behind a pointer pass unnoticed.
      return mergeValue(type.of, left, right, { ...place, overwrites: isAtLeast(context.minor, '1.12') }, context);
    }
    case 'list':
      return mergeList(left, right, place);
    case 'map':
      return mergeMap(type.of, left, right, place, context);
    case 'scalar':
      if (type.name === 'bytes') return right === null ? left : right;
      return type.name === 'bool' || place.overwrites || !isPlainlyZero(right) ? right : left;
    case 'any':
      return right === null ? left : right;
    case 'named':
      return mergeNamed(type.name, left, right, place, context);
  }
}

export function mergeStruct(
  shape: TypeShape,
  left: GoStruct,
  right: GoStruct,
  place: MergePlace,
  context: MergeContext,
): GoStruct {
  if (shape.rest !== undefined && shape.fields.length === 0) return mergeFreeForm(left, right, place);
  if (place.replaces) return right.fields.size === 0 ? left : right;
  const fields = new Map(left.fields);
  for (const field of shape.fields) {
    const merged = mergeField(field, left, right, place, context);
    if (merged !== undefined) fields.set(field.key, merged);
  }
  const unknown = new Map([...(left.unknown ?? []), ...(right.unknown ?? [])]);
  return unknown.size === 0 ? { kind: 'struct', fields } : { kind: 'struct', fields, unknown };
}

/** Undefined when nothing can change. */
function mergeField(
  field: FieldShape,
  left: GoStruct,
  right: GoStruct,
  place: MergePlace,
  context: MergeContext,
): GoValue | undefined {
  const rightValue = right.fields.get(field.key);
  const leftValue = left.fields.get(field.key);
  if (rightValue === undefined && (leftValue === undefined || isNilWhenAbsent(field.type))) return undefined;
  return mergeValue(
    field.type,
    leftValue ?? zeroValue(field.type, context),
    rightValue ?? zeroValue(field.type, context),
    { path: [...place.path, field.key], replaces: field.replace, overwrites: false },
    context,
  );
}

function isNilWhenAbsent(type: TypeRef): boolean {
  return type.kind === 'pointer' || type.kind === 'list' || type.kind === 'map' || type.kind === 'any';
}

function mergeNamed(name: string, left: GoValue, right: GoValue, place: MergePlace, context: MergeContext): GoValue {
  const shape = shapeNamed(name, context.table);
  if (isKeyedList(name)) return mergeKeyedList(name, shape, left, right, place, context);
  if (shape.element !== undefined && shape.go === 'map') {
    return shape.ownMerge ? mergeArguments(left, right) : mergeMap(shape.element, left, right, place, context);
  }
  if (shape.element !== undefined) return mergeList(left, right, place);
  if (shape.ownFormat || shape.ownWrite)
    return mergeOwn({ name, shape, minor: context.minor }, left, right, place, context);
  if (isStruct(left) && isStruct(right)) return mergeStruct(shape, left, right, place, context);
  return right;
}

function mergeList(left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (!isList(right)) return left;
  if (place.replaces || !isList(left)) return right;
  return { kind: 'list', items: [...left.items, ...right.items] };
}

function mergeMap(element: TypeRef, left: GoValue, right: GoValue, place: MergePlace, context: MergeContext): GoValue {
  if (!isMap(right)) return left;
  if (place.replaces || !isMap(left)) return right;
  if (element.kind === 'any')
    return { kind: 'map', entries: mergeFreeFormMaps(left.entries, right.entries, place.path) };
  const entries = new Map(left.entries);
  for (const [key, value] of right.entries) {
    const before = left.entries.get(key);
    const inner = { path: [...place.path, key], replaces: false, overwrites: false };
    entries.set(
      key,
      before === undefined || before === null ? value : mergeValue(element, before, value, inner, context),
    );
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

/** A value that Go's reflection cannot set: Talos' patcher gives up on it. */
export function notMergeable(place: MergePlace, what: string): PatchRefused {
  return new PatchRefused(
    'apply',
    `${place.path.join('.')}: Talos cannot merge ${what} into one that is already there`,
    {
      hint: 'Delete the old value with $patch: delete in a patch of its own, then set the new one.',
    },
  );
}
