/**
 * A value of a document together with its path, so that a rule can read fields shortly and still say where it found something
 * wrong. Unset fields answer with their zero value, as in Talos.
 */
import type { DecodedDocument } from '../documents/decode.ts';
import type { GoUrl, GoValue } from '../values/value.ts';

export type Path = readonly (string | number)[];

export interface Field {
  readonly value: GoValue | undefined;
  readonly path: Path;
  /** The document that it belongs to; undefined only of a document that is not there. */
  readonly owner: DecodedDocument | undefined;
}

/** A field below, by keys; unset when anything on the way is. */
export function at(field: Field, ...keys: readonly string[]): Field {
  let current = field;
  for (const key of keys) current = { ...current, value: childOf(current.value, key), path: [...current.path, key] };
  return current;
}

/** Elements of a list; none when it is unset. */
export function items(field: Field): readonly Field[] {
  if (!isKind(field.value, 'list')) return [];
  return field.value.items.map((value, index) => ({ ...field, value, path: [...field.path, index] }));
}

/** Entries of a map or of free-form data. */
export function entries(field: Field): readonly (readonly [key: string, value: Field])[] {
  const map = isKind(field.value, 'map')
    ? field.value.entries
    : isKind(field.value, 'struct')
      ? field.value.fields
      : new Map();
  return [...map].map(([key, value]) => [key, { ...field, value, path: [...field.path, key] }] as const);
}

export function text(field: Field): string {
  return typeof field.value === 'string' ? field.value : '';
}

export function integer(field: Field): number {
  return typeof field.value === 'bigint' ? Number(field.value) : 0;
}

export function isTrue(field: Field): boolean {
  return field.value === true;
}

/** Written and not null: what a pointer, list or map that is not nil is in Talos. */
export function isSet(field: Field): boolean {
  return field.value !== undefined && field.value !== null;
}

/** An unset URL is undefined; one written as an empty text is not. */
export function url(field: Field): GoUrl | undefined {
  return isKind(field.value, 'url') ? field.value : undefined;
}

/** Nothing below is set: the struct as Go compares it with its zero value. */
export function isZero(field: Field): boolean {
  const { value } = field;
  if (value === undefined || value === null || value === '' || value === 0n) return true;
  if (typeof value !== 'object') return false;
  if (value.kind === 'size') return value.bytes === null && value.percentage === null;
  return value.kind === 'struct' && [...value.fields.values()].every((inner) => isZero({ ...field, value: inner }));
}

function childOf(value: GoValue | undefined, key: string): GoValue | undefined {
  if (isKind(value, 'struct')) return value.fields.get(key);
  return isKind(value, 'map') ? value.entries.get(key) : undefined;
}

function isKind<Kind extends (GoValue & object)['kind']>(
  value: GoValue | undefined,
  kind: Kind,
): value is Extract<GoValue & object, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}
