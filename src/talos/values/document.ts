/**
 * Machine config documents: texts and plain objects read into typed values, and written again as Talos writes them. Which
 * documents may stand together is validation's matter.
 */
import { IchorError } from '../../errors.ts';
import { documentTable, isNewerThanKnown } from '../documents/tables.ts';
import type { DocumentTable, TalosMinor, TypeShape } from '../documents/tables.ts';
import { dialectOf, isAtLeast, minorOf } from '../yaml/dialect.ts';
import { emit } from '../yaml/emit.ts';
import type { Emittable } from '../yaml/emit.ts';
import { entryOf, followed, isNull } from '../yaml/node.ts';
import type { MapNode, YamlNode } from '../yaml/node.ts';
import { parseDocuments } from '../yaml/parse.ts';
import { assemble } from './assemble.ts';
import { readStruct, shapeNamed } from './read.ts';
import type { ReadContext } from './read.ts';
import type { GoStruct } from './value.ts';
import { writeStruct } from './write.ts';
import type { WriteContext } from './write.ts';

/** The name under which the document without kind stands in the tables. */
export const LEGACY_KIND = 'v1alpha1';

export interface TypedDocument {
  readonly kind: 'typed';
  readonly apiVersion: string;
  /** `v1alpha1` for the document without kind. */
  readonly documentKind: string;
  /** Empty for kinds without a name. */
  readonly name: string;
  readonly typeName: string;
  readonly shape: TypeShape;
  readonly value: GoStruct;
}

/** A kind that this Ichor does not know, of a Talos newer than it knows: carried through as it stands. */
export interface UnknownDocument {
  readonly kind: 'unknown';
  readonly apiVersion: string;
  readonly documentKind: string;
  readonly name: string;
  readonly node: MapNode;
}

export type ConfigDocument = TypedDocument | UnknownDocument;

/** How the configs of one Talos version are read. */
export function contextFor(talos: string): ReadContext {
  const minor = minorOf(talos);
  return { minor, table: documentTable(minor), keepsUnknown: isNewerThanKnown(talos) };
}

export function contextOfMinor(minor: TalosMinor): ReadContext {
  return { minor, table: documentTable(minor), keepsUnknown: false };
}

/**
 * All documents of a config text, the one without kind first. Null documents are skipped from 1.12 on and refused before; a text
 * without any document is an error.
 */
export function readDocuments(text: string, context: ReadContext): readonly ConfigDocument[] {
  const documents: ConfigDocument[] = [];
  const seen = new Set<string>();
  for (const node of parseDocuments(text, context.minor)) {
    const document = readRoot(node, context, seen);
    if (document !== undefined) documents.push(document);
  }
  if (documents.length === 0) throw new IchorError('invalid-input', 'the text holds no config document');
  return assemble(documents, context.minor);
}

/** One document of a stream; `seen` collects identities, since the same document twice is refused. Undefined for a skipped null. */
export function readRoot(
  node: YamlNode,
  context: ReadContext,
  seen: Set<string> | undefined,
): ConfigDocument | undefined {
  const root = followed(node);
  if (isNull(root) && isAtLeast(context.minor, '1.12')) return undefined;
  if (root.kind !== 'map') throw new IchorError('invalid-input', `line ${root.at.line}: a document must be a map`);
  const id = `${textAt(root, 'apiVersion')}/${textAt(root, 'kind') || LEGACY_KIND}/${textAt(root, 'name')}`;
  if (seen?.has(id) === true)
    throw new IchorError('invalid-input', `line ${root.at.line}: the document ${id} is there twice`);
  seen?.add(id);
  return readDocument(root, context);
}

export function readDocument(root: MapNode, context: ReadContext): ConfigDocument {
  const kind = textAt(root, 'kind');
  const apiVersion = LEGACY_KEYS.some((key) => entryOf(root, key) !== undefined)
    ? LEGACY_KIND
    : textAt(root, 'apiVersion');
  if (kind === '') {
    if (apiVersion !== LEGACY_KIND)
      throw new IchorError('invalid-input', `line ${root.at.line}: the document has no kind`);
    return typed(root, LEGACY_KIND, context);
  }
  if (apiVersion === '' && isAtLeast(context.minor, '1.12')) {
    throw new IchorError('invalid-input', `line ${root.at.line}: the document ${kind} has no apiVersion`, {
      hint: `Write apiVersion: v1alpha1 above kind: ${kind}.`,
    });
  }
  const known = context.table.kinds.get(kind);
  if (known !== undefined && kind !== LEGACY_KIND && known.apiVersion === apiVersion) return typed(root, kind, context);
  if (context.keepsUnknown)
    return { kind: 'unknown', apiVersion, documentKind: kind, name: textAt(root, 'name'), node: root };
  throw new IchorError(
    'invalid-input',
    `line ${root.at.line}: Talos ${context.minor} does not know the document kind ${apiVersion}/${kind}`,
  );
}

/** All documents in Talos' canonical form, with `---` between them. */
export function encodeTyped(documents: readonly ConfigDocument[], context: ReadContext & WriteContext): string {
  const dialect = dialectOf(context.minor);
  return documents.map((document) => emit(emittable(document, context), dialect)).join('---\n');
}

export function emittable(document: ConfigDocument, context: WriteContext): Emittable {
  return document.kind === 'typed' ? writeStruct(document.shape, document.value, context) : verbatim(document.node);
}

/** With another value of the same type; the identity may have changed with it. */
export function withValue(document: TypedDocument, value: GoStruct): TypedDocument {
  const name = value.fields.get('name');
  return { ...document, value, name: document.name !== '' && typeof name === 'string' ? name : document.name };
}

export function textAt(root: YamlNode, key: string): string {
  const value = entryOf(root, key);
  if (value === undefined) return '';
  const target = followed(value);
  return target.kind === 'scalar' && target.resolved.kind !== 'null' ? target.text : '';
}

const LEGACY_KEYS = ['machine', 'cluster', 'debug', 'persist'] as const;

function typed(root: MapNode, kind: string, context: ReadContext): TypedDocument {
  const { typeName, isNamed } = typeOfKind(kind, context.table);
  const shape = shapeNamed(typeName, context.table);
  const value = readStruct(shape, root, context);
  const name = value.fields.get('name');
  return {
    kind: 'typed',
    apiVersion: kind === LEGACY_KIND ? LEGACY_KIND : textAt(root, 'apiVersion'),
    documentKind: kind,
    name: isNamed && typeof name === 'string' ? name : '',
    typeName,
    shape,
    value,
  };
}

function typeOfKind(kind: string, table: DocumentTable): { readonly typeName: string; readonly isNamed: boolean } {
  const known = table.kinds.get(kind);
  if (known === undefined) throw new IchorError('internal', `the document tables do not hold the kind ${kind}`);
  return { typeName: known.root, isNamed: known.named };
}

/** In the order in which it stands, since nothing is known of its type. */
function verbatim(node: YamlNode): Emittable {
  const target = followed(node);
  if (target.kind === 'seq') return { kind: 'seq', items: target.items.map(verbatim) };
  if (target.kind === 'map')
    return { kind: 'map', entries: target.entries.map(({ key, value }) => [verbatim(key), verbatim(value)] as const) };
  if (target.resolved.kind === 'str') return { kind: 'str', text: target.text };
  return { kind: 'plain', text: target.resolved.kind === 'null' ? 'null' : target.text };
}
