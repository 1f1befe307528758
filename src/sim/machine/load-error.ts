/**
 * Why a config does not load, in the words of a node: unknown kinds, unknown keys, documents that are there twice. Since 1.12 they
 * name the document and its line (FINDINGS 2.5).
 */
import { LineCounter, parseAllDocuments, stringify } from 'yaml';
import { documentTable, talosMinorOf } from '../../talos/documents/tables.ts';
import type { ConfigFinding } from '../../talos/documents/finding.ts';
import { hasNetworkDocuments, type TalosVersion } from '../versions.ts';
import { at, isTree, textAt, type Tree } from './tree.ts';

export interface PlacedDocument {
  readonly tree: Tree;
  readonly line: number;
  /** Not a map: a scalar or a list. */
  readonly isOther: boolean;
}

/** Throws what the YAML library says of text that is not YAML. */
export function placeDocuments(text: string): readonly PlacedDocument[] {
  const lines = new LineCounter();
  const placed: PlacedDocument[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: lines })) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    placed.push(isTree(value) ? { tree: value, line, isOther: false } : { tree: {}, line, isOther: true });
  }
  return placed;
}

export function findLoadError(documents: readonly PlacedDocument[], version: TalosVersion): string | undefined {
  if (documents.length === 0) return 'config not found';
  const other = documents.find((document) => document.isOther);
  if (other !== undefined)
    return hasNetworkDocuments(version)
      ? `expected a YAML document at line ${other.line}`
      : 'recovered: expected a mapping node';
  const problem = documents.find((document) => documentError(document.tree, version) !== undefined);
  if (problem !== undefined) return named(problem, documentError(problem.tree, version) ?? '', version);
  return duplicateError(documents, version);
}

/** The finding of the whole validation in the node's words where they are known. */
export function loadErrorText(text: string, finding: ConfigFinding, version: TalosVersion): string {
  if (!finding.message.includes('has no key') || finding.path.length === 0) return finding.message;
  const documents = placeDocuments(text);
  const kind = finding.document?.kind === 'v1alpha1' ? undefined : finding.document?.kind;
  const found = documents.find(
    ({ tree }) =>
      textAt(tree, 'kind') === kind && (kind === undefined || (textAt(tree, 'name') ?? '') === finding.document?.name),
  );
  if (found === undefined) return finding.message;
  const value = finding.path.reduce<unknown>((inner, key) => at(inner, String(key)), found.tree);
  const nested = finding.path.reduceRight<unknown>((inner, key) => ({ [String(key)]: inner }), value);
  return named(found, unknownKeys(nested), version);
}

function unknownKeys(nested: unknown): string {
  return `unknown keys found during decoding:\n${stringify(nested, { indent: 4, lineWidth: 0 })}`;
}

function named({ tree, line }: PlacedDocument, message: string, version: TalosVersion): string {
  return hasNetworkDocuments(version)
    ? `error decoding document ${identity(tree)} (line ${line}): ${message}`
    : message;
}

/** `apiVersion/kind/name`; the document without a kind counts as kind v1alpha1. */
function identity(tree: Tree): string {
  const kind = textAt(tree, 'kind');
  return kind === undefined
    ? '/v1alpha1/'
    : `${textAt(tree, 'apiVersion') ?? ''}/${kind}/${textAt(tree, 'name') ?? ''}`;
}

const LEGACY_KEYS = ['version', 'debug', 'persist', 'machine', 'cluster'];

function documentError(document: Tree, version: TalosVersion): string | undefined {
  const kind = textAt(document, 'kind');
  if (kind === undefined) {
    if (at(document, 'machine') === undefined && at(document, 'cluster') === undefined) return 'missing kind';
    const unknown = Object.keys(document).filter((key) => !LEGACY_KEYS.includes(key));
    return unknown.length === 0
      ? undefined
      : unknownKeys(Object.fromEntries(unknown.map((key) => [key, document[key]])));
  }
  const minor = talosMinorOf(version.text);
  // A Talos that nobody knows yet has documents that nobody knows yet.
  if (minor === undefined || documentTable(minor).kinds.has(kind)) return undefined;
  return `"${kind}" "${textAt(document, 'apiVersion') ?? ''}": not registered`;
}

function duplicateError(documents: readonly PlacedDocument[], version: TalosVersion): string | undefined {
  const seen = new Set<string>();
  for (const { tree, line } of documents) {
    const id = identity(tree);
    if (seen.has(id))
      return `duplicate document ${id} is not allowed${hasNetworkDocuments(version) ? ` (line ${line})` : ''}`;
    seen.add(id);
  }
  return undefined;
}
