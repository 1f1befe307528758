/**
 * Typed documents as plain objects again: exactly what would be written, in the order of writing.
 */
import { IchorError } from '../../errors.ts';
import type { PlainObject, PlainValue } from '../documents-text.ts';
import { resolvePlain } from '../schematic/scalar.ts';
import type { Emittable } from '../yaml/emit.ts';
import { emittable } from './document.ts';
import type { ConfigDocument } from './document.ts';
import type { ReadContext } from './read.ts';

export function plainObjectOf(document: ConfigDocument, context: ReadContext): PlainObject {
  const root = emittable(document, context);
  if (root.kind !== 'map') throw new IchorError('internal', `the document ${document.documentKind} is not a map`);
  return objectOf(root.entries);
}

function objectOf(entries: readonly (readonly [Emittable, Emittable])[]): PlainObject {
  return Object.fromEntries(
    entries.map(([key, value]) => [key.kind === 'str' || key.kind === 'plain' ? key.text : '', plainOf(value)]),
  );
}

function plainOf(value: Emittable): PlainValue {
  if (value.kind === 'str') return value.text;
  if (value.kind === 'seq') return value.items.map(plainOf);
  if (value.kind === 'map') return objectOf(value.entries);
  const resolved = resolvePlain(value.text);
  switch (resolved.kind) {
    case 'null':
      return null;
    case 'bool':
    case 'float':
      return resolved.value;
    case 'int':
      return resolved.value <= BigInt(Number.MAX_SAFE_INTEGER) && resolved.value >= BigInt(Number.MIN_SAFE_INTEGER)
        ? Number(resolved.value)
        : resolved.value;
    default:
      return value.text;
  }
}
