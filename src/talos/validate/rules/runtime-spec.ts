/**
 * Overrides of the base OCI runtime spec: Talos turns them into JSON and refuses what does not fit the spec's Go types
 * (`json.Unmarshal` into `specs.Spec`). Keys that the spec does not have are ignored there, and so here.
 */
import { documentTable, withoutPointer } from '../../documents/tables.ts';
import type { TypeRef, TypeShape } from '../../documents/tables.ts';
import type { GoValue } from '../../values/value.ts';
import type { Field } from '../field.ts';
import type { RuleContext } from '../rule.ts';

type Shapes = ReadonlyMap<string, TypeShape>;

export function baseRuntimeSpec(overrides: Field, context: RuleContext): void {
  const unsayable = notJson(overrides);
  if (unsayable !== undefined) {
    context.error(unsayable, 'it cannot be said in JSON');
    return;
  }
  const { root, types } = documentTable(context.minor).runtimeSpec;
  const misfit = misfitOf({ kind: 'named', name: root }, overrides, types);
  if (misfit !== undefined) context.error(misfit.field, `the OCI runtime spec needs ${misfit.wanted} here`);
}

interface Misfit {
  readonly field: Field;
  readonly wanted: string;
}

/** The first value that does not fit. */
function misfitOf(type: TypeRef, field: Field, shapes: Shapes): Misfit | undefined {
  if (field.value === undefined || field.value === null) return undefined;
  const bare = withoutPointer(type);
  switch (bare.kind) {
    case 'list':
      return listMisfit(bare.of, field, shapes);
    case 'map':
      return firstOf(childrenOf(field), ([, child]) => misfitOf(bare.of, child, shapes)) ?? wantsMap(field);
    case 'named':
      return structMisfit(bare.name, field, shapes);
    case 'scalar':
      return fitsScalar(bare.name, field.value) ? undefined : { field, wanted: `a value of type ${bare.name}` };
    default:
      return undefined;
  }
}

function listMisfit(element: TypeRef, field: Field, shapes: Shapes): Misfit | undefined {
  const { value } = field;
  if (typeof value !== 'object' || value === null || value.kind !== 'list') return { field, wanted: 'a list' };
  return firstOf(value.items, (item, index) =>
    misfitOf(element, { ...field, value: item, path: [...field.path, index] }, shapes),
  );
}

/** Go matches keys of JSON whatever their case. */
function structMisfit(name: string, field: Field, shapes: Shapes): Misfit | undefined {
  const shape = shapes.get(name);
  if (shape === undefined || shape.go !== 'struct' || shape.ownFormat) return undefined;
  return (
    wantsMap(field) ??
    firstOf(childrenOf(field), ([key, child]) => {
      const known =
        shape.fields.find((one) => one.key === key) ??
        shape.fields.find((one) => one.key.toLowerCase() === key.toLowerCase());
      return known === undefined ? undefined : misfitOf(known.type, child, shapes);
    })
  );
}

function wantsMap(field: Field): Misfit | undefined {
  return isObject(field.value) ? undefined : { field, wanted: 'a map' };
}

function fitsScalar(name: string, value: GoValue): boolean {
  if (name === 'string') return typeof value === 'string' || isTime(value);
  if (name === 'bool') return typeof value === 'boolean';
  if (name === 'bytes')
    return typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0;
  if (name === 'float64') return typeof value === 'bigint' || isFloat(value);
  const whole = typeof value === 'bigint' ? value : wholeOf(value);
  if (whole === undefined) return false;
  const bits = BigInt(/[0-9]+$/.exec(name)?.[0] ?? '64');
  return name.startsWith('u')
    ? whole >= 0n && whole < 2n ** bits
    : whole >= -(2n ** (bits - 1n)) && whole < 2n ** (bits - 1n);
}

/** A float that JSON writes without fraction and exponent. */
function wholeOf(value: GoValue): bigint | undefined {
  if (!isFloat(value) || !Number.isInteger(value.value) || Math.abs(value.value) >= 1e21) return undefined;
  return BigInt(value.value);
}

/** Keys that are not all texts, and numbers that are none. */
function notJson(field: Field): Field | undefined {
  const { value } = field;
  if (typeof value !== 'object' || value === null) return undefined;
  if (value.kind === 'general-map') return field;
  if (value.kind === 'float') return Number.isFinite(value.value) ? undefined : field;
  if (value.kind === 'list')
    return firstOf(value.items, (item, index) => notJson({ ...field, value: item, path: [...field.path, index] }));
  return firstOf(childrenOf(field), ([, child]) => notJson(child));
}

function childrenOf(field: Field): readonly (readonly [string, Field])[] {
  const { value } = field;
  if (!isObject(value)) return [];
  const entries = value.kind === 'map' ? value.entries : value.fields;
  return [...entries].map(([key, child]) => [key, { ...field, value: child, path: [...field.path, key] }] as const);
}

function isObject(value: GoValue | undefined): value is Extract<GoValue & object, { readonly kind: 'map' | 'struct' }> {
  return typeof value === 'object' && value !== null && (value.kind === 'map' || value.kind === 'struct');
}

function isFloat(value: GoValue): value is Extract<GoValue & object, { readonly kind: 'float' }> {
  return typeof value === 'object' && value !== null && value.kind === 'float';
}

function isTime(value: GoValue): boolean {
  return typeof value === 'object' && value !== null && value.kind === 'time';
}

function firstOf<Item, Found>(
  list: readonly Item[],
  look: (item: Item, index: number) => Found | undefined,
): Found | undefined {
  for (const [index, item] of list.entries()) {
    const found = look(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
