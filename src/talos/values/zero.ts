/**
 * Zero values of types, and which values `omitempty` leaves out: Go's rules, and Talos' own `IsZero` methods where they differ.
 */
import type { DocumentTable, FieldShape, TalosMinor, TypeRef, TypeShape } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { isZeroOwn, zeroOf } from './own-format.ts';
import { fieldsByKey, shapeNamed } from './read.ts';
import type { GoStruct, GoValue } from './value.ts';
import { EMPTY_STRUCT, isStruct } from './value.ts';

export interface TypeContext {
  readonly minor: TalosMinor;
  readonly table: DocumentTable;
}

/** What a variable of the type holds before anything is read into it. */
export function zeroValue(type: TypeRef, context: TypeContext): GoValue {
  if (type.kind === 'scalar') {
    if (type.name === 'bytes') return null;
    if (type.name === 'string') return '';
    if (type.name === 'bool') return false;
    return type.name === 'float64' ? { kind: 'float', value: 0 } : 0n;
  }
  if (type.kind !== 'named') return null;
  const shape = shapeNamed(type.name, context.table);
  if (shape.element !== undefined) return null;
  if (shape.ownFormat || shape.ownWrite) return zeroOf({ name: type.name, shape, minor: context.minor });
  return EMPTY_STRUCT;
}

/** Whether YAML's `omitempty` leaves the value out. */
export function isOmitted(field: FieldShape, value: GoValue, context: TypeContext): boolean {
  return field.omitEmpty && !isEmptyButWritten(field, value, context) && isEmptyForYaml(field.type, value, context);
}

export function isEmptyForYaml(type: TypeRef, value: GoValue, context: TypeContext): boolean {
  if (type.kind === 'pointer' || type.kind === 'any') return value === null;
  if (type.kind === 'named') {
    const shape = shapeNamed(type.name, context.table);
    if (shape.element === undefined && (shape.ownFormat || shape.ownWrite)) {
      return isZeroOwn({ name: type.name, shape, minor: context.minor }, value);
    }
    if (isStruct(value)) return isEmptyStruct(type.name, shape, value, context);
  }
  return isPlainlyZero(value);
}

/** Numbers, texts, booleans, lists and maps by their own value. */
export function isPlainlyZero(value: GoValue): boolean {
  if (value === null || value === '' || value === false || value === 0n) return true;
  if (typeof value !== 'object') return false;
  if (value.kind === 'list') return value.items.length === 0;
  if (value.kind === 'map') return value.entries.size === 0;
  if (value.kind === 'general-map') return value.entries.length === 0;
  return value.kind === 'float' && value.value === 0;
}

/** From 1.14 on, a list of search domains that is there but empty is written (`SearchDomainList.IsZero`). */
function isEmptyButWritten(field: FieldShape, value: GoValue, context: TypeContext): boolean {
  return field.key === 'domains' && field.replace && value !== null && isAtLeast(context.minor, '1.14');
}

function isEmptyStruct(name: string, shape: TypeShape, value: GoStruct, context: TypeContext): boolean {
  if (value.unknown !== undefined) return false;
  const considered = isAtLeast(context.minor, '1.12') ? CONSIDERED_FIELDS.get(name) : undefined;
  const fields = fieldsByKey(shape);
  for (const [key, inner] of value.fields) {
    if (considered !== undefined && !considered.has(key)) continue;
    const field = fields.get(key);
    if (field === undefined || isEmptyButWritten(field, inner, context)) return false;
    if (!isEmptyForYaml(field.type, inner, context)) return false;
  }
  return true;
}

/** Types whose `IsZero` looks at some of their fields only, from 1.12 on: the others are lost when these are empty. */
const CONSIDERED_FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['block.EncryptionSpec', new Set(['provider', 'keys'])],
  ['runtime.ProvisioningSpec', new Set(['diskSelector'])],
  ['storage.ProvisioningSpec', new Set(['volumeSelector'])],
]);
