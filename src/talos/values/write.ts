/**
 * Turns typed values into the tree that is written: fields in the order of the type, empty ones left out where Talos leaves them
 * out, free-form maps sorted.
 */
import type { TypeRef, TypeShape } from '../documents/tables.ts';
import type { Emittable, EmittableMap } from '../yaml/emit.ts';
import { compareKeys } from '../yaml/key-order.ts';
import { writeOwn } from './own-format.ts';
import { shapeNamed } from './read.ts';
import { formatDuration } from './sizes.ts';
import type { GoStruct, GoValue } from './value.ts';
import { isOmitted, zeroValue } from './zero.ts';
import type { TypeContext } from './zero.ts';
import type { WrittenForms } from './written-forms.ts';

export interface WriteContext extends TypeContext {
  /** What many documents of this run have in common; absent: each is written for itself. */
  readonly forms?: WrittenForms;
}

const NULL: Emittable = { kind: 'plain', text: 'null' };

export function writeValue(type: TypeRef, value: GoValue, context: WriteContext): Emittable {
  switch (type.kind) {
    case 'any':
      return writeAny(value);
    case 'pointer':
      return value === null ? NULL : writeValue(type.of, value, context);
    case 'list':
    case 'map':
      return writeContainer(type.kind, type.of, value, context);
    case 'scalar':
      return writeScalar(type.name, value, context);
    case 'named':
      return writeNamed(type.name, value, context);
  }
}

export function writeStruct(shape: TypeShape, value: GoStruct, context: WriteContext): Emittable {
  return context.forms === undefined
    ? writeFields(shape, value, context)
    : context.forms.formOf(shape, value, () => writeFields(shape, value, context));
}

function writeFields(shape: TypeShape, value: GoStruct, context: WriteContext): EmittableMap {
  if (shape.fields.length === 0 && shape.rest !== undefined)
    return writeSortedMap(value.fields, (inner) => writeAny(inner));
  const entries: (readonly [Emittable, Emittable])[] = [];
  for (const field of shape.fields) {
    const inner = value.fields.get(field.key) ?? zeroValue(field.type, context);
    if (!isOmitted(field, inner, context))
      entries.push([{ kind: 'str', text: field.key }, writeValue(field.type, inner, context)]);
  }
  for (const [key, inner] of value.unknown ?? []) entries.push([{ kind: 'str', text: key }, writeAny(inner)]);
  return { kind: 'map', entries };
}

export function writeAny(value: GoValue): Emittable {
  if (value === null) return NULL;
  if (typeof value === 'string') return { kind: 'str', text: value };
  if (typeof value !== 'object') return { kind: 'plain', text: String(value) };
  switch (value.kind) {
    case 'float':
      return { kind: 'plain', text: goFloat(value.value) };
    case 'time':
      return { kind: 'plain', text: value.text };
    case 'list':
      return { kind: 'seq', items: value.items.map(writeAny) };
    case 'map':
      return writeSortedMap(value.entries, writeAny);
    case 'general-map': {
      const sorted = value.entries.toSorted(([left], [right]) => compareKeys(left, right));
      return { kind: 'map', entries: sorted.map(([key, inner]) => [writeAny(key), writeAny(inner)] as const) };
    }
    case 'struct':
      return writeSortedMap(value.fields, writeAny);
    default:
      return NULL;
  }
}

function writeNamed(name: string, value: GoValue, context: WriteContext): Emittable {
  const shape = shapeNamed(name, context.table);
  if (shape.element !== undefined)
    return writeContainer(shape.go === 'map' ? 'map' : 'list', shape.element, value, context);
  if (shape.ownFormat || shape.ownWrite) return writeOwn({ name, shape, minor: context.minor }, value);
  if (typeof value === 'object' && value?.kind === 'struct') return writeStruct(shape, value, context);
  return writeStruct(shape, { kind: 'struct', fields: new Map() }, context);
}

function writeContainer(kind: 'list' | 'map', element: TypeRef, value: GoValue, context: WriteContext): Emittable {
  if (typeof value === 'object' && value?.kind === 'list') {
    return { kind: 'seq', items: value.items.map((item) => writeValue(element, item, context)) };
  }
  if (typeof value === 'object' && value?.kind === 'map')
    return writeSortedMap(value.entries, (inner) => writeValue(element, inner, context));
  return kind === 'list' ? { kind: 'seq', items: [] } : { kind: 'map', entries: [] };
}

function writeScalar(name: string, value: GoValue, context: WriteContext): Emittable {
  if (name === 'bytes') return writeContainer('list', { kind: 'scalar', name: 'uint8' }, value, context);
  if (name === 'string') return { kind: 'str', text: typeof value === 'string' ? value : '' };
  if (name === 'duration') return { kind: 'str', text: formatDuration(typeof value === 'bigint' ? value : 0n) };
  return writeAny(value);
}

function writeSortedMap(entries: ReadonlyMap<string, GoValue>, write: (value: GoValue) => Emittable): EmittableMap {
  const sorted = [...entries].toSorted(([left], [right]) => compareKeys(left, right));
  return { kind: 'map', entries: sorted.map(([key, inner]) => [{ kind: 'str', text: key }, write(inner)] as const) };
}

/** Go's `strconv.FormatFloat(value, 'g', -1, 64)`: an exponent below 1e-4 and from 1e6 on, of at least two digits. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}
