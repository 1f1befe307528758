/**
 * Machine config documents as plain objects, and their canonical text: the form in which rendering builds configs.
 */
import { IchorError } from '../errors.ts';
import type { TalosMinor } from './documents/tables.ts';
import { contextFor, contextOfMinor, encodeTyped, LEGACY_KIND, readDocument } from './values/document.ts';
import type { ConfigDocument } from './values/document.ts';
import type { ReadContext } from './values/read.ts';
import { nodeOf } from './yaml/node.ts';

/** A plain value of a config: what JSON can say, and big integers. `undefined` fields are left out. */
export type PlainValue = string | number | bigint | boolean | null | readonly PlainValue[] | PlainObject;

export interface PlainObject {
  readonly [key: string]: PlainValue | undefined;
}

/** One document. `value` holds all of it, `apiVersion` and `kind` included; the document without kind has neither. */
export interface Document {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly value: PlainObject;
}

export function documentOf(value: PlainObject): Document {
  const { apiVersion, kind, name } = value;
  return {
    ...(typeof apiVersion === 'string' ? { apiVersion } : {}),
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(typeof kind === 'string' && typeof name === 'string' ? { name } : {}),
    value,
  };
}

/** The text that Talos of that minor itself would write: order of keys, quotes and indentation included. */
export function encodeDocuments(documents: readonly Document[], minor: TalosMinor): string {
  return encodeWith(documents, contextOfMinor(minor));
}

/** As `encodeDocuments`, for a version: of a Talos newer than the known minors, unknown kinds and fields are kept. */
export function encodeDocumentsFor(documents: readonly Document[], talos: string): string {
  return encodeWith(documents, contextFor(talos));
}

export function typedDocuments(documents: readonly Document[], context: ReadContext): readonly ConfigDocument[] {
  return documents.map(({ value }) => {
    const node = nodeOf(value);
    if (node.kind !== 'map') throw new IchorError('internal', `a ${LEGACY_KIND} document is not a map`);
    return readDocument(node, context);
  });
}

function encodeWith(documents: readonly Document[], context: ReadContext): string {
  return encodeTyped(typedDocuments(documents, context), context);
}
