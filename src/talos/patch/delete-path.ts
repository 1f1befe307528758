/**
 * Deletes the value at a path of a typed value, as Talos' delete selectors do by reflection
 * (`configloader/internal/decoder/selector.go`).
 */
import type { DocumentTable, FieldShape, TalosMinor, TypeRef, TypeShape } from '../documents/tables.ts';
import { writeOwn } from '../values/own-format.ts';
import { shapeNamed } from '../values/read.ts';
import { formatDuration } from '../values/sizes.ts';
import type { GoStruct, GoValue } from '../values/value.ts';
import { isStruct } from '../values/value.ts';
import { zeroValue } from '../values/zero.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { PatchRefused } from './refusal.ts';

export interface DeleteContext {
  readonly minor: TalosMinor;
  readonly table: DocumentTable;
}

export interface DeleteTarget {
  /** What is left of the way. */
  readonly path: readonly string[];
  /** The whole way, for messages. */
  readonly whole: string;
  readonly key: string;
  readonly value: string;
}

export function deleteFromStruct(
  shape: TypeShape,
  value: GoStruct,
  target: DeleteTarget,
  context: DeleteContext,
): GoStruct {
  const [step = '', ...rest] = target.path;
  if (shape.rest !== undefined && shape.fields.length === 0) {
    // The map inside is an inline field, which is looked into from 1.12 on.
    if (!isAtLeast(context.minor, '1.12')) throw lookupFailed(target);
    return {
      kind: 'struct',
      fields: deleteFromMap(shape.rest, value.fields, { ...target, path: [step, ...rest] }, context),
    };
  }
  const field = shape.fields.find((candidate) => candidate.key === step);
  if (field === undefined || isHidden(field, context)) throw lookupFailed(target);
  const fields = new Map(value.fields);
  if (rest.length === 0) {
    fields.delete(step);
    return { ...value, fields };
  }
  const inner = fields.get(step) ?? zeroValue(field.type, context);
  fields.set(step, deletePath(field.type, inner, { ...target, path: rest }, context));
  return { ...value, fields };
}

function deletePath(type: TypeRef, value: GoValue, target: DeleteTarget, context: DeleteContext): GoValue {
  if (type.kind === 'pointer') {
    if (value !== null) return deletePath(type.of, value, target, context);
    if (isAtLeast(context.minor, '1.12')) throw lookupFailed(target);
    throw new PatchRefused('panic', `Talos' patcher crashes when a parent of ${target.whole} is not set`);
  }
  if (type.kind === 'any') return deleteFromAny(value, target, context);
  if (type.kind === 'list') return deleteElement(type.of, value, target, context);
  if (type.kind === 'map') return deleteFromTypedMap(type.of, value, target, context);
  if (type.kind !== 'named') throw lookupFailed(target);
  const shape = shapeNamed(type.name, context.table);
  if (shape.element !== undefined && shape.go === 'map')
    return deleteFromTypedMap(shape.element, value, target, context);
  if (shape.element !== undefined) return deleteElement(shape.element, value, target, context);
  if (shape.go !== 'struct' || shape.ownFormat) throw lookupFailed(target);
  return deleteFromStruct(shape, isStruct(value) ? value : { kind: 'struct', fields: new Map() }, target, context);
}

function deleteFromTypedMap(element: TypeRef, value: GoValue, target: DeleteTarget, context: DeleteContext): GoValue {
  if (typeof value !== 'object' || value?.kind !== 'map') throw lookupFailed(target);
  return { kind: 'map', entries: deleteFromMap(element, value.entries, target, context) };
}

function deleteFromMap(
  element: TypeRef,
  entries: ReadonlyMap<string, GoValue>,
  target: DeleteTarget,
  context: DeleteContext,
): ReadonlyMap<string, GoValue> {
  const [step = '', ...rest] = target.path;
  const inner = entries.get(step);
  if (inner === undefined) throw lookupFailed(target);
  const changed = new Map(entries);
  if (rest.length === 0) changed.delete(step);
  else changed.set(step, deletePath(element, inner, { ...target, path: rest }, context));
  return changed;
}

function deleteFromAny(value: GoValue, target: DeleteTarget, context: DeleteContext): GoValue {
  if (typeof value !== 'object' || value === null) throw lookupFailed(target);
  if (value.kind === 'map')
    return { kind: 'map', entries: deleteFromMap({ kind: 'any' }, value.entries, target, context) };
  if (value.kind === 'list') return deleteElement({ kind: 'any' }, value, target, context);
  if (value.kind !== 'general-map') throw lookupFailed(target);
  const [step = '', ...rest] = target.path;
  const at = value.entries.findIndex(([key]) => key === step);
  const entry = value.entries[at];
  if (entry === undefined) throw lookupFailed(target);
  if (rest.length === 0) return { ...value, entries: value.entries.toSpliced(at, 1) };
  const inner = deleteFromAny(entry[1], { ...target, path: rest }, context);
  return { ...value, entries: value.entries.toSpliced(at, 1, [entry[0], inner]) };
}

function deleteElement(element: TypeRef, value: GoValue, target: DeleteTarget, context: DeleteContext): GoValue {
  const [step = '', ...rest] = target.path;
  if (rest.length > 0) throw failed(target, 'Talos does not look inside the elements of a list');
  if (!step.startsWith('[')) throw failed(target, 'it leads into a list, which has no keys');
  const items = typeof value === 'object' && value?.kind === 'list' ? value.items : [];
  const shape = elementShape(element, context);
  const field = shape?.fields.find((candidate) => candidate.key === target.key);
  if (field === undefined) throw lookupFailed(target);
  const at = items.findIndex(
    (item) =>
      isStruct(item) &&
      textOf(field.type, item.fields.get(field.key) ?? zeroValue(field.type, context), context) === target.value,
  );
  if (at < 0) throw lookupFailed(target);
  return { kind: 'list', items: items.toSpliced(at, 1) };
}

function elementShape(element: TypeRef, context: DeleteContext): TypeShape | undefined {
  const bare = element.kind === 'pointer' ? element.of : element;
  if (bare.kind !== 'named') return undefined;
  const shape = shapeNamed(bare.name, context.table);
  return shape.ownFormat ? undefined : shape;
}

/** The text by which Go compares: of strings, and from 1.12 on of everything that can print itself. */
function textOf(type: TypeRef, value: GoValue, context: DeleteContext): string | undefined {
  if (type.kind === 'scalar' && type.name === 'string') return typeof value === 'string' ? value : '';
  if (!isAtLeast(context.minor, '1.12')) return undefined;
  if (type.kind === 'pointer') return value === null ? printedNil(type.of, context) : printed(type.of, value, context);
  return printed(type, value, context);
}

/** Talos asks a pointer that is not set for its text, and crashes, when what it would point to can print itself. */
function printedNil(type: TypeRef, context: DeleteContext): undefined {
  if (type.kind === 'named' && canPrint(type.name, context)) throw crashed();
  return undefined;
}

function canPrint(typeName: string, context: DeleteContext): boolean {
  const shape = shapeNamed(typeName, context.table);
  const name = typeName.slice(typeName.indexOf('.') + 1);
  return (
    shape.element === undefined &&
    (shape.ownFormat || shape.ownWrite) &&
    !WITHOUT_TEXT.has(name) &&
    !name.startsWith('PEMEncoded')
  );
}

function crashed(): PatchRefused {
  return new PatchRefused(
    'panic',
    "$patch: delete: Talos' patcher crashes when an element of the list does not have the value that it looks for",
  );
}

function printed(type: TypeRef, value: GoValue, context: DeleteContext): string | undefined {
  if (type.kind === 'scalar' && type.name === 'duration') return formatDuration(typeof value === 'bigint' ? value : 0n);
  if (type.kind !== 'named') return undefined;
  const shape = shapeNamed(type.name, context.table);
  const name = type.name.slice(type.name.indexOf('.') + 1);
  if (!canPrint(type.name, context)) return undefined;
  if (name === 'URL' && value === null) throw crashed();
  if (name === 'PortRange') return typeof value === 'string' && value !== '' ? value : '0-0';
  const written = writeOwn({ name: type.name, shape, minor: context.minor }, value);
  if (written.kind === 'seq' || written.kind === 'map') return undefined;
  // Empty addresses print themselves in words.
  return written.text === '' ? EMPTY_TEXTS[name] : written.text;
}

/** They have their own text in YAML, but no `String` method. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set([
  'ByteSize',
  'Size',
  'Base64Bytes',
  'DiskSize',
  'InstallDiskSizeMatcher',
  'ArgValue',
]);
const EMPTY_TEXTS: Readonly<Record<string, string>> = {
  Addr: 'invalid IP',
  Prefix: 'invalid Prefix',
  AddrPort: 'invalid AddrPort',
  HardwareAddr: '',
  Expression: '',
};

/** Fields of inline structs are found from 1.12 on. */
function isHidden(field: FieldShape, context: DeleteContext): boolean {
  return !isAtLeast(context.minor, '1.12') && (field.key === 'apiVersion' || field.key === 'kind');
}

function lookupFailed(target: DeleteTarget): PatchRefused {
  const what = target.key === '' ? '' : ` with ${target.key}: ${target.value}`;
  return failed(target, `there is nothing${what} to delete`);
}

function failed(target: DeleteTarget, why: string): PatchRefused {
  return new PatchRefused('apply', `$patch: delete of ${target.whole}: ${why}`);
}
