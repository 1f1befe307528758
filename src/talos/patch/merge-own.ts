/**
 * How values with their own text merge: sizes and selectors even by what they do not say, URLs part by part, the others whole.
 */
import type { OwnType } from '../values/own-format.ts';
import { isZeroOwn } from '../values/own-format.ts';
import type { GoUrl, GoValue } from '../values/value.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { notMergeable } from './merge-place.ts';
import type { MergePlace } from './merge-place.ts';

export function mergeOwn(type: OwnType, left: GoValue, right: GoValue, place: MergePlace): GoValue {
  const name = type.name.slice(type.name.indexOf('.') + 1);
  switch (name) {
    case 'Expression':
    case 'ByteSize':
      return mergeTaken(left, right, place);
    case 'Size':
      return mergeSize(left, right, place);
    case 'Endpoint':
    case 'URL':
      return mergeUrl(left, right, place);
    case 'InstallDiskSizeMatcher':
      throw notMergeable(place, 'a size condition');
    case 'HardwareAddr':
    case 'Base64Bytes':
      return right === null ? left : right;
    case 'Addr':
    case 'Prefix':
    case 'AddrPort':
      // Only 1.14 has a rule for them; before, Go's reflection cannot set what is inside.
      if (!isAtLeast(type.minor, '1.14') && !type.shape.ownMerge) throw notMergeable(place, 'an address');
      return isZeroOwn(type, right) ? left : right;
    default:
      if (name.startsWith('PEMEncoded')) return right;
      return place.overwrites || !isZeroOwn(type, right) ? right : left;
  }
}

/** Talos copies even an empty right side, so that any patch to a document clears what it does not repeat (talos-3-config.md §5.2). */
function mergeTaken(left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (right !== null || left === null) return right;
  if (place.context.keepsSelectors) return left;
  place.context.lost(place.path);
  return right;
}

/** Bytes and percentage are kept side by side, so that in Talos a percentage can never replace a number of bytes. */
function mergeSize(left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (typeof left !== 'object' || left?.kind !== 'size' || typeof right !== 'object' || right?.kind !== 'size')
    return right;
  if (place.context.keepsSelectors) return right.bytes === null && right.percentage === null ? left : right;
  return { kind: 'size', bytes: right.bytes ?? left.bytes, percentage: right.percentage ?? left.percentage };
}

function mergeUrl(left: GoValue, right: GoValue, place: MergePlace): GoValue {
  if (right === null) return left;
  if (!isUrl(left) || !isUrl(right)) return right;
  if (left.user !== null && right.user !== null) throw notMergeable(place, 'a user into a URL');
  return {
    kind: 'url',
    scheme: right.scheme || left.scheme,
    opaque: right.opaque || left.opaque,
    user: right.user ?? left.user,
    host: right.host || left.host,
    path: right.path || left.path,
    rawPath: right.rawPath || left.rawPath,
    forceQuery: right.forceQuery,
    rawQuery: right.rawQuery || left.rawQuery,
    fragment: right.fragment || left.fragment,
    rawFragment: right.rawFragment || left.rawFragment,
  };
}

function isUrl(value: GoValue): value is GoUrl {
  return typeof value === 'object' && value?.kind === 'url';
}
