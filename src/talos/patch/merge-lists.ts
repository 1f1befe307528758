/**
 * Lists that merge element by element instead of being appended to: network interfaces, VLANs, admission plugins, extension
 * service files, image verification rules.
 */
import type { TypeRef } from '../documents/tables.ts';
import { shapeNamed } from '../values/read.ts';
import type { GoStruct, GoValue } from '../values/value.ts';
import { isList, isStruct } from '../values/value.ts';
import type { MergePlace } from './merge-place.ts';
import { PatchRefused } from './refusal.ts';

/** Whether the element of the left list is the one that an element of the right list means. */
type IsSame = (left: GoStruct, right: GoStruct) => boolean;

const RULES: ReadonlyMap<string, IsSame> = new Map([
  ['NetworkDeviceList', isSameInterface],
  ['VlanList', byField('vlanId', 0n)],
  ['AdmissionPluginConfigList', byField('name', '')],
  ['ConfigFileList', byField('mountPath', '')],
  ['ImageVerificationRules', byField('image', '')],
]);

export function isKeyedList(typeName: string): boolean {
  return RULES.has(bare(typeName));
}

type MergeElement = (element: TypeRef, left: GoValue, right: GoValue, place: MergePlace) => GoValue;

export interface Sides {
  readonly left: GoValue;
  readonly right: GoValue;
}

export function mergeKeyedList(
  name: string,
  { left, right }: Sides,
  place: MergePlace,
  mergeElement: MergeElement,
): GoValue {
  if (!isList(right)) return left;
  const isSame = RULES.get(bare(name));
  const { element } = shapeNamed(name, place.context.table);
  if (isSame === undefined || element === undefined) return right;
  const isReplacing = bare(name) === 'ImageVerificationRules';
  const before = isList(left) ? left.items : [];
  const merged = [...before];
  for (const item of right.items) {
    // Rules are looked up among the ones that were there before, last first; the others also among those just added.
    const at = isReplacing
      ? before.findLastIndex((rule) => isSamePair(rule, item, isSame))
      : findSame(merged, item, isSame, place);
    const existing = merged[at];
    if (existing === undefined) merged.push(item);
    else
      merged[at] = isReplacing
        ? item
        : mergeElement(element, existing, item, {
            ...place,
            path: [...place.path, `[${at}]`],
            replaces: false,
            overwrites: false,
          });
  }
  if (merged.length === 0 && !isList(left)) return left;
  return { kind: 'list', items: merged };
}

function isSamePair(left: GoValue, right: GoValue, isSame: IsSame): boolean {
  return isStruct(left) && isStruct(right) && isSame(left, right);
}

function findSame(items: readonly GoValue[], wanted: GoValue, isSame: IsSame, place: MergePlace): number {
  if (!isStruct(wanted)) throw nullElement(place);
  return items.findIndex((item) => {
    if (!isStruct(item)) throw nullElement(place);
    return isSame(item, wanted);
  });
}

function byField(key: string, zero: GoValue): IsSame {
  return (left, right) => (left.fields.get(key) ?? zero) === (right.fields.get(key) ?? zero);
}

/** By name; without one, by a selector all of whose fields are equal. */
function isSameInterface(left: GoStruct, right: GoStruct): boolean {
  const name = right.fields.get('interface') ?? '';
  if (name !== '') return left.fields.get('interface') === name;
  const selector = right.fields.get('deviceSelector');
  const other = left.fields.get('deviceSelector');
  return isStruct(selector) && isStruct(other) && isSameSelector(other, selector);
}

/** `physical` is compared by its address in memory: two selectors that set it are never the same. */
function isSameSelector(left: GoStruct, right: GoStruct): boolean {
  if ((left.fields.get('physical') ?? null) !== null || (right.fields.get('physical') ?? null) !== null) return false;
  const keys = new Set([...left.fields.keys(), ...right.fields.keys()]);
  keys.delete('physical');
  return [...keys].every((key) => (left.fields.get(key) ?? '') === (right.fields.get(key) ?? ''));
}

function bare(typeName: string): string {
  return typeName.slice(typeName.indexOf('.') + 1);
}

function nullElement(place: MergePlace): PatchRefused {
  return new PatchRefused('panic', `${place.path.join('.')}: Talos' patcher crashes on an element that is null`);
}
