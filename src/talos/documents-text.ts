/**
 * Machine config documents as plain objects, and their canonical text: the form in which rendering builds configs.
 */
import { IchorError } from '../errors.ts';
import type { TalosMinor } from './documents/tables.ts';
import { contextFor, contextOfMinor, encodeTyped, LEGACY_KIND, readDocument } from './values/document.ts';
import type { ConfigDocument } from './values/document.ts';
import { plainObjectOf } from './values/plain.ts';
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
  return documents.map((document) => {
    const known = typedForms.get(document);
    if (
      known !== undefined &&
      known.context.minor === context.minor &&
      known.context.keepsUnknown === context.keepsUnknown
    )
      return known.typed;
    const node = nodeOf(document.value);
    if (node.kind !== 'map') throw new IchorError('internal', `a ${LEGACY_KIND} document is not a map`);
    const typed = readDocument(node, context);
    typedForms.set(document, { context, typed });
    return typed;
  });
}

/** The plain form of typed documents. Its `value` is made when it is asked for: most steps of rendering only hand documents on. */
export function plainDocuments(typed: readonly ConfigDocument[], context: ReadContext): readonly Document[] {
  return typed.map((one) => {
    let value: PlainObject | undefined;
    const hasKind = one.documentKind !== LEGACY_KIND;
    const document: Document = {
      ...(hasKind ? { apiVersion: one.apiVersion, kind: one.documentKind } : {}),
      ...(hasKind && one.name !== '' ? { name: one.name } : {}),
      get value(): PlainObject {
        value ??= plainObjectOf(one, context);
        return value;
      },
    };
    typedForms.set(document, { context, typed: one });
    return document;
  });
}

interface TypedForm {
  readonly context: ReadContext;
  readonly typed: ConfigDocument;
}

/** A memo of what reading a document gives, by the document itself: documents never change, and are patched and written many times. */
const typedForms = new WeakMap<Document, TypedForm>();

function encodeWith(documents: readonly Document[], context: ReadContext): string {
  return encodeTyped(typedDocuments(documents, context), context);
}
