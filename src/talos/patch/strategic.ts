/**
 * Strategic merge of a patch's documents into a config's (`configpatcher.StrategicMerge`): matched by apiVersion, kind and name,
 * merged or appended; deletes take away.
 */
import { assemble } from '../values/assemble.ts';
import type { ConfigDocument, TypedDocument, UnknownDocument } from '../values/document.ts';
import { withValue } from '../values/document.ts';
import type { ReadContext } from '../values/read.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import type { MapEntry, MapNode } from '../yaml/node.ts';
import { deleteFromStruct } from './delete-path.ts';
import type { DeleteSelector } from './find-deletes.ts';
import type { PatchPart } from './load-patch.ts';
import { rootPlace } from './merge-place.ts';
import type { MergeContext } from './merge-place.ts';
import { mergeStruct } from './merge.ts';
import { atStage, PatchRefused } from './refusal.ts';

/** Before 1.14, the delete of a document that is not there ends up among the documents itself. */
export type PatchedDocument = ConfigDocument | DeleteSelector;

export interface StrategicContext extends ReadContext {
  readonly merging: MergeContext;
}

export function mergeDocuments(
  documents: readonly PatchedDocument[],
  parts: readonly PatchPart[],
  context: StrategicContext,
): readonly PatchedDocument[] {
  return assembled(mergeParts(documents, parts, context), context);
}

/** As `mergeDocuments`, before it is seen to that the documents may stand together. */
export function mergeParts(
  documents: readonly PatchedDocument[],
  parts: readonly PatchPart[],
  context: StrategicContext,
): readonly PatchedDocument[] {
  const merged = [...documents];
  // Before 1.14, documents that the patch itself appends are not found again by what follows in it.
  const findable = new Set(merged);
  for (const part of parts) {
    const id = idOf(part);
    const at = merged.findIndex((document) => findable.has(document) && idOf(document) === id);
    const existing = merged[at];
    if (existing === undefined) append(merged, findable, part, context);
    else applyTo({ merged, findable, at }, existing, part, context);
  }
  return merged;
}

/** Kinds without a name are told apart by kind alone. */
export function idOf(part: PatchPart): string {
  const apiVersion = part.documentKind === 'v1alpha1' ? '' : part.apiVersion;
  return `${apiVersion}/${part.documentKind}/${part.name}`;
}

interface Spot {
  readonly merged: PatchedDocument[];
  readonly findable: Set<PatchedDocument>;
  readonly at: number;
}

function append(
  merged: PatchedDocument[],
  findable: Set<PatchedDocument>,
  part: PatchPart,
  context: StrategicContext,
): void {
  const isLate = isAtLeast(context.minor, '1.14');
  if (part.kind === 'selector' && isLate) return;
  merged.push(part);
  if (isLate) findable.add(part);
}

function applyTo(spot: Spot, existing: PatchedDocument, part: PatchPart, context: StrategicContext): void {
  if (part.kind === 'selector') {
    const kept = existing.kind === 'selector' ? undefined : deleted(existing, part, context);
    if (existing.kind === 'selector' && part.path.length > 0) throw nothingToDelete(part);
    replaceAt(spot, existing, kept);
    return;
  }
  if (existing.kind === 'selector') {
    throw new PatchRefused('apply', `${idOf(part)}: Talos cannot merge into a document whose delete found nothing`);
  }
  replaceAt(spot, existing, mergedDocument(existing, part, context));
}

function replaceAt({ at, findable, merged }: Spot, before: PatchedDocument, after: PatchedDocument | undefined): void {
  findable.delete(before);
  if (after === undefined) {
    merged.splice(at, 1);
    return;
  }
  findable.add(after);
  merged[at] = after;
}

function mergedDocument(left: ConfigDocument, right: ConfigDocument, context: StrategicContext): ConfigDocument {
  if (left.kind === 'typed' && right.kind === 'typed') {
    const merged = mergeStruct(left.shape, left.value, right.value, rootPlace(context.merging, pathRoot(left)));
    return merged === left.value ? left : withValue(left, merged);
  }
  return left.kind === 'unknown' && right.kind === 'unknown'
    ? { ...left, node: mergedNodes(left.node, right.node) }
    : right;
}

/** Messages about documents with a kind begin with it. */
function pathRoot(document: TypedDocument): readonly string[] {
  if (document.documentKind === 'v1alpha1') return [];
  return [document.name === '' ? document.documentKind : `${document.documentKind} ${document.name}`];
}

/** Of a kind that is not known, maps merge by key and everything else is replaced. */
function mergedNodes(left: MapNode, right: MapNode): MapNode {
  const entries: MapEntry[] = [...left.entries];
  for (const entry of right.entries) {
    const at = entries.findIndex(
      (other) => other.key.kind === 'scalar' && entry.key.kind === 'scalar' && other.key.text === entry.key.text,
    );
    const before = entries[at];
    if (before === undefined) entries.push(entry);
    else if (before.value.kind === 'map' && entry.value.kind === 'map')
      entries[at] = { key: before.key, value: mergedNodes(before.value, entry.value) };
    else entries[at] = entry;
  }
  return { ...left, entries };
}

/** Undefined when the whole document goes away. */
function deleted(
  document: ConfigDocument,
  selector: DeleteSelector,
  context: StrategicContext,
): ConfigDocument | undefined {
  if (selector.path.length === 0) return undefined;
  const target = { path: selector.path, whole: selector.path.join('.'), key: selector.key, value: selector.value };
  if (document.kind === 'typed')
    return withValue(document, deleteFromStruct(document.shape, document.value, target, context));
  return deletedFromUnknown(document, selector);
}

function deletedFromUnknown(document: UnknownDocument, selector: DeleteSelector): UnknownDocument {
  return { ...document, node: withoutPath(document.node, selector.path, selector) };
}

function withoutPath(node: MapNode, path: readonly string[], selector: DeleteSelector): MapNode {
  const [step, ...rest] = path;
  const at = node.entries.findIndex(({ key }) => key.kind === 'scalar' && key.text === step);
  const entry = node.entries[at];
  if (entry === undefined) throw nothingToDelete(selector);
  if (rest.length === 0) return { ...node, entries: node.entries.toSpliced(at, 1) };
  if (entry.value.kind !== 'map') throw nothingToDelete(selector);
  return {
    ...node,
    entries: node.entries.with(at, { key: entry.key, value: withoutPath(entry.value, rest, selector) }),
  };
}

export function assembled(
  documents: readonly PatchedDocument[],
  context: StrategicContext,
): readonly PatchedDocument[] {
  const real = documents.filter((document) => document.kind !== 'selector');
  const inOrder = atStage('apply', 'the patched config', () => assemble(real, context.minor));
  if (real.length === documents.length) return inOrder;
  const [first] = inOrder;
  const legacy = first?.kind === 'typed' && first.documentKind === 'v1alpha1' ? [first] : [];
  return [...legacy, ...documents.filter((document) => !legacy.some((other) => other === document))];
}

function nothingToDelete(selector: DeleteSelector): PatchRefused {
  return new PatchRefused('apply', `$patch: delete of ${selector.path.join('.')}: there is nothing to delete`);
}
