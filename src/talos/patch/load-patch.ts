/**
 * Reads a patch: first as documents to merge, then as an RFC 6902 patch in JSON, then in YAML, as `configpatcher.LoadPatch` does.
 */
import { IchorError } from '../../errors.ts';
import { assemble } from '../values/assemble.ts';
import { readRoot } from '../values/document.ts';
import type { ConfigDocument } from '../values/document.ts';
import type { ReadContext } from '../values/read.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { followed, isNull, nodeOf } from '../yaml/node.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseDocuments } from '../yaml/parse.ts';
import { findDeletes } from './find-deletes.ts';
import type { DeleteSelector } from './find-deletes.ts';
import type { JsonOperation } from './json-patch.ts';
import { jsonOfYaml12, parseJson } from './json-value.ts';
import type { JsonValue } from './json-value.ts';

export type LoadedPatch =
  | { readonly kind: 'strategic'; readonly parts: readonly PatchPart[] }
  | { readonly kind: 'json'; readonly operations: readonly JsonOperation[] };

export type PatchPart = ConfigDocument | DeleteSelector;

/** An empty text is an empty JSON patch. */
export function loadPatch(text: string, context: ReadContext): LoadedPatch {
  let strategicError: unknown;
  try {
    return { kind: 'strategic', parts: strategicParts(text, context) };
  } catch (error) {
    strategicError = error;
  }
  const json = jsonOperations(parseJson(text), true);
  if (json !== undefined) return { kind: 'json', operations: json };
  const yaml = yamlOperations(text, context);
  if (yaml !== undefined) return { kind: 'json', operations: yaml };
  if (text.trim().startsWith('['))
    throw new IchorError('invalid-input', 'the text is not a JSON patch: it must be a list of operations');
  throw strategicError;
}

/** JSON patches that follow one another are applied as one. */
export function joinPatches(patches: readonly LoadedPatch[]): readonly LoadedPatch[] {
  const joined: LoadedPatch[] = [];
  for (const patch of patches) {
    const last = joined.at(-1);
    if (patch.kind === 'json' && last?.kind === 'json') {
      joined[joined.length - 1] = { kind: 'json', operations: [...last.operations, ...patch.operations] };
    } else {
      joined.push(patch);
    }
  }
  return joined;
}

/** Plain documents and fragments of the one without kind, as if they had been written in a text of their own. */
export function composePatch(fragments: readonly unknown[], context: ReadContext): LoadedPatch {
  return { kind: 'strategic', parts: partsOf(fragments.map(nodeOf), context) };
}

function strategicParts(text: string, context: ReadContext): readonly PatchPart[] {
  return partsOf(parseDocuments(text, context.minor), context);
}

function partsOf(documents: readonly YamlNode[], context: ReadContext): readonly PatchPart[] {
  const parts: PatchPart[] = [];
  const seen = isAtLeast(context.minor, '1.14') ? undefined : new Set<string>();
  for (const node of documents) {
    const { rest, selectors } = findDeletes(node);
    parts.push(...selectors);
    if (rest === undefined) continue;
    const document = readRoot(rest, context, seen);
    if (document !== undefined) parts.push(document);
  }
  if (parts.length === 0) throw new IchorError('invalid-input', 'the patch holds no document');
  return inOrder(parts, context);
}

/** What is deleted from the document without kind comes first. Before 1.14 so does that document; it and the others are checked. */
function inOrder(parts: readonly PatchPart[], context: ReadContext): readonly PatchPart[] {
  const isEarly = (part: PatchPart): boolean => part.kind === 'selector' && part.documentKind === 'v1alpha1';
  const isLegacy = (part: PatchPart): boolean => part.kind === 'typed' && part.documentKind === 'v1alpha1';
  const early = parts.filter(isEarly);
  const others = parts.filter((part) => !isEarly(part));
  if (isAtLeast(context.minor, '1.14')) return [...early, ...others];
  assemble(
    others.filter((part) => part.kind !== 'selector'),
    context.minor,
  );
  return [...early, ...others.filter(isLegacy), ...others.filter((part) => !isLegacy(part))];
}

function yamlOperations(text: string, context: ReadContext): readonly JsonOperation[] | undefined {
  let root: YamlNode | undefined;
  try {
    root = parseDocuments(text, context.minor)[0];
  } catch {
    return undefined;
  }
  if (root === undefined || isNull(root)) return [];
  return followed(root).kind === 'seq' ? jsonOperations(jsonOfYaml12(root), false) : undefined;
}

/** Undefined when the value is not a list of maps. */
function jsonOperations(value: JsonValue | undefined, isJson: boolean): readonly JsonOperation[] | undefined {
  if (value === undefined) return undefined;
  if (value === null) return [];
  if (typeof value !== 'object' || value.kind !== 'array') return undefined;
  const operations: JsonOperation[] = [];
  for (const item of value.items) {
    if (item !== null && (typeof item !== 'object' || item.kind !== 'object')) return undefined;
    const entries = item === null ? new Map<string, JsonValue>() : item.entries;
    const operation = entries.get('op');
    const given = entries.get('value');
    operations.push({
      op: typeof operation === 'string' ? operation : 'unknown',
      path: textOf(entries.get('path')),
      from: textOf(entries.get('from')),
      value: given ?? null,
      isNil: given === undefined || (given === null && isJson),
    });
  }
  return operations;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
