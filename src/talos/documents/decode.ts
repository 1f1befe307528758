/**
 * Reads a config text into its documents as strictly as that Talos does, and lists everything that keeps it from loading, with
 * places. How values are read is in `../values/`; what they may say is validation's matter.
 */
import { IchorError, messageOf } from '../../errors.ts';
import { assemble } from '../values/assemble.ts';
import { contextFor, LEGACY_KIND, readRoot, textAt } from '../values/document.ts';
import type { ConfigDocument } from '../values/document.ts';
import type { ReadContext } from '../values/read.ts';
import { followed } from '../yaml/node.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseDocuments } from '../yaml/parse.ts';
import type { ConfigFinding, DocumentIdentity } from './finding.ts';
import { positionAt } from './position.ts';
import { unknownKeys } from './unknown-keys.ts';

export interface DecodedDocument {
  readonly apiVersion: string;
  /** `v1alpha1` for the document without kind. */
  readonly kind: string;
  /** Empty for kinds without names. */
  readonly name: string;
  /** The typed value, or, of a kind that this Ichor does not know, the tree as it stands. */
  readonly document: ConfigDocument;
  /** The document's tree in the text, for places (`positionAt`). */
  readonly node: YamlNode;
}

export interface DecodedConfig {
  /** In Talos' order: the document without kind first. Those that could be read, when there are problems. */
  readonly documents: readonly DecodedDocument[];
  /** Why Talos does not load the text; empty when it does. */
  readonly problems: readonly ConfigFinding[];
  /** Kinds and fields that are carried along unread: only for a Talos newer than the known ones. */
  readonly notices: readonly ConfigFinding[];
}

export function decodeDocuments(text: string, talos: string): DecodedConfig {
  const context = contextFor(talos);
  let roots: readonly YamlNode[];
  try {
    roots = parseDocuments(text, context.minor);
  } catch (reason) {
    return { documents: [], problems: [problemOf(reason, undefined)], notices: [] };
  }
  return readRoots(roots, context, talos);
}

export function identityOf(document: DecodedDocument): DocumentIdentity {
  return { kind: document.kind, name: document.name };
}

function readRoots(roots: readonly YamlNode[], context: ReadContext, talos: string): DecodedConfig {
  const problems: ConfigFinding[] = [];
  const notices: ConfigFinding[] = [];
  const nodes = new Map<ConfigDocument, YamlNode>();
  const seen = new Set<string>();
  for (const root of roots) {
    const read = attempt(() => readRoot(root, context, seen));
    if (read.reason !== undefined) problems.push(...problemsOf(root, read.reason, context));
    else if (read.value !== undefined) {
      nodes.set(read.value, root);
      notices.push(...noticesOf(read.value, root, context, talos));
    }
  }
  if (nodes.size === 0 && problems.length === 0) {
    problems.push(finding('the text holds no config document', undefined, undefined));
  }
  const read = [...nodes.keys()];
  const assembled = attempt(() => assemble(read, context.minor));
  if (assembled.reason !== undefined) problems.push(problemOf(assembled.reason, undefined));
  const documents = (assembled.value ?? read).map((document) => decoded(document, nodes.get(document)));
  return { documents, problems, notices };
}

function decoded(document: ConfigDocument, node: YamlNode | undefined): DecodedDocument {
  if (node === undefined) throw new IchorError('internal', 'a document without its tree');
  return { apiVersion: document.apiVersion, kind: document.documentKind, name: document.name, document, node };
}

/** Unknown keys are all listed; else there is the one reason for which reading stopped. */
function problemsOf(root: YamlNode, reason: unknown, context: ReadContext): readonly ConfigFinding[] {
  const target = followed(root);
  if (target.kind !== 'map') return [problemOf(reason, undefined)];
  const identity = { kind: textAt(target, 'kind') || LEGACY_KIND, name: textAt(target, 'name') };
  const type = context.table.kinds.get(identity.kind)?.root;
  const unknown = type === undefined || !isAboutKey(reason) ? [] : unknownKeys(context.table, type, target);
  if (unknown.length === 0) return [problemOf(reason, identity)];
  return unknown.map(({ path, key, nearest }) => ({
    severity: 'error',
    document: identity,
    path,
    message: `${identity.kind} of Talos ${context.minor} has no key ${JSON.stringify(key)} here`,
    ...(nearest === undefined ? {} : { hint: `Did you mean ${nearest}?` }),
    position: positionAt(target, path),
  }));
}

function isAboutKey(reason: unknown): boolean {
  return messageOf(reason).includes('is unknown here');
}

function noticesOf(
  document: ConfigDocument,
  root: YamlNode,
  context: ReadContext,
  talos: string,
): readonly ConfigFinding[] {
  if (!context.keepsUnknown) return [];
  const identity = { kind: document.documentKind, name: document.name };
  const position = positionAt(root, []);
  if (document.kind === 'unknown') {
    return [
      {
        severity: 'notice',
        document: identity,
        path: [],
        message: `Ichor does not know the kind ${identity.kind} of Talos ${talos}: it is carried along unchecked`,
        position,
      },
    ];
  }
  return unknownKeys(context.table, document.typeName, root).map(({ path, key }) => ({
    severity: 'notice',
    document: identity,
    path,
    message: `Ichor does not know ${JSON.stringify(key)} in ${identity.kind} of Talos ${talos}: it is carried along unchecked`,
    position: positionAt(root, path),
  }));
}

function problemOf(reason: unknown, document: DocumentIdentity | undefined): ConfigFinding {
  if (!(reason instanceof IchorError)) throw reason;
  const { message, hint } = reason;
  const line = Number(/\bline ([0-9]+)/.exec(message)?.[1] ?? 0);
  const told = finding(message.replace(/^line [0-9]+: /, ''), document, line > 0 ? { line, column: 1 } : undefined);
  return hint === undefined ? told : { ...told, hint };
}

function finding(
  message: string,
  document: DocumentIdentity | undefined,
  position: ConfigFinding['position'],
): ConfigFinding {
  return { severity: 'error', document, path: [], message, position };
}

interface Attempt<Value> {
  readonly value?: Value;
  readonly reason?: unknown;
}

function attempt<Value>(run: () => Value): Attempt<Value> {
  try {
    return { value: run() };
  } catch (reason) {
    return { reason };
  }
}
