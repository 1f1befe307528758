/**
 * A YAML text, or a JavaScript object, as the plain tree that go-yaml would build of it. Owns the syntax that the Image
 * Factory refuses although other YAML readers take it; knows nothing of schematics.
 */
import { Alias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, Scalar } from 'yaml';
import { IchorError, messageOf } from '../../errors.ts';
import { resolvePlain } from './scalar.ts';
import type { Resolved } from './scalar.ts';

/** `line` counts from 1; 0 when the tree came from an object. */
export type SchematicNode =
  | { readonly kind: 'scalar'; readonly line: number; readonly text: string; readonly resolved: Resolved }
  | { readonly kind: 'seq'; readonly line: number; readonly items: readonly SchematicNode[] }
  | { readonly kind: 'map'; readonly line: number; readonly entries: readonly SchematicEntry[] };

export interface SchematicEntry {
  readonly key: SchematicNode;
  readonly value: SchematicNode;
}

/** The first document of the text; undefined when it is empty or holds comments only. */
export function parseNode(text: string): SchematicNode | undefined {
  // For go-yaml (YAML 1.1) these end a line: NEL as any other, LS and PS in ways too odd to follow.
  if (/[\u2028\u2029]/.test(text))
    throw malformed('holds a Unicode line separator; write it as an escape in double quotes');
  const lines = new LineCounter();
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, '').replaceAll('\u0085', '\n'), {
    schema: 'failsafe',
    version: '1.2',
    keepSourceTokens: true,
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  });
  const document = 'empty' in documents ? undefined : documents[0];
  if (document === undefined || (document.contents === null && document.directives?.docStart !== true))
    return undefined;
  const problem = document.errors[0];
  if (problem !== undefined) throw malformed(problem.message, lines.linePos(problem.pos[0]).line);
  if (document.contents === null) return { kind: 'scalar', line: 1, text: '', resolved: { kind: 'null' } };
  return fromYaml(document.contents, { document, lines, depth: 0 });
}

/** Strings stay strings whatever they look like, a `Date` is a timestamp; `undefined` values are left out. */
export function nodeOf(value: unknown): SchematicNode {
  if (Array.isArray(value)) return { kind: 'seq', line: 0, items: value.map(nodeOf) };
  if (typeof value === 'string') return { kind: 'scalar', line: 0, text: value, resolved: { kind: 'str' } };
  if (value === null) return { kind: 'scalar', line: 0, text: 'null', resolved: { kind: 'null' } };
  if (value instanceof Date)
    return { kind: 'scalar', line: 0, text: value.toISOString(), resolved: resolvePlain(value.toISOString()) };
  if (typeof value === 'number') return { kind: 'scalar', line: 0, text: String(value), resolved: numberOf(value) };
  if (typeof value === 'boolean' || typeof value === 'bigint') {
    return { kind: 'scalar', line: 0, text: String(value), resolved: resolvePlain(String(value)) };
  }
  if (typeof value !== 'object') throw malformed(`holds a ${typeof value}, which YAML cannot say`);
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => ({ key: nodeOf(key), value: nodeOf(inner) }));
  return { kind: 'map', line: 0, entries };
}

function numberOf(value: number): Resolved {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
    ? { kind: 'int', value: BigInt(value) }
    : { kind: 'float', value };
}

function malformed(why: string, line = 0): IchorError {
  return new IchorError('invalid-input', `the YAML text${line > 0 ? ` (line ${line})` : ''} ${why}`, {
    hint: 'It must be YAML that Talos and its Image Factory read in the same way as everybody else.',
  });
}

interface Reading {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly depth: number;
}

function fromYaml(node: ParsedNode | null, reading: Reading): SchematicNode {
  if (node === null) return { kind: 'scalar', line: 0, text: '', resolved: { kind: 'null' } };
  if (reading.depth > 100) throw malformed('is nested too deeply');
  const line = reading.lines.linePos(node.range[0]).line;
  const inner = { ...reading, depth: reading.depth + 1 };
  if (isMap(node)) return mapOf(node.items, line, inner);
  if (isSeq(node)) return { kind: 'seq', line, items: node.items.map((item) => fromYaml(item, inner)) };
  if (isScalar(node)) return scalarOf(node, line);
  return aliasOf(node, inner);
}

function mapOf(
  items: readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[],
  line: number,
  reading: Reading,
): SchematicNode {
  const entries: SchematicEntry[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const key = fromYaml(item.key, reading);
    if (key.kind !== 'scalar') throw malformed('has a key that is a list or a map', line);
    // go-yaml compares the text of keys, so that 1 and "1" are the same key.
    if (seen.has(key.text)) throw malformed(`says ${JSON.stringify(key.text)} twice`, key.line);
    if (key.resolved.kind === 'merge') throw malformed('uses a merge key (<<); write the values out', key.line);
    seen.add(key.text);
    entries.push({ key, value: fromYaml(item.value, reading) });
  }
  return { kind: 'map', line, entries };
}

/** A scalar as it stands in the file, with its quotes. */
function rawText(node: ParsedNode): string {
  return node.srcToken !== undefined && 'source' in node.srcToken ? node.srcToken.source : '';
}

type ParsedScalar = Scalar.Parsed;

function scalarOf(node: ParsedScalar, line: number): SchematicNode {
  const text = String(node.value);
  const raw = rawText(node);
  if (node.type === 'QUOTE_DOUBLE' && /(?<!\\)(?:\\\\)*\\(?:u[dD][89a-fA-F]|U0000[dD][89a-fA-F])/.test(raw)) {
    throw malformed('escapes a character as a surrogate pair, which the factory does not read', line);
  }
  const isPlain = node.type === 'PLAIN' || node.type === undefined;
  if (node.tag !== undefined && !/^(?:!|tag:yaml\.org,2002:str)$/.test(node.tag)) {
    return { kind: 'scalar', line, text, resolved: tagged(text, node.tag, line) };
  }
  const resolved: Resolved = isPlain && node.tag === undefined ? resolvePlain(text) : { kind: 'str' };
  return { kind: 'scalar', line, text, resolved };
}

/** A value under an explicit core tag must be what the tag says. */
function tagged(text: string, tag: string, line: number): Resolved {
  const resolved = resolvePlain(text);
  if (tag === `tag:yaml.org,2002:${resolved.kind}`) return resolved;
  if (tag === 'tag:yaml.org,2002:float' && resolved.kind === 'int')
    return { kind: 'float', value: Number(resolved.value) };
  throw malformed(`has the tag ${tag} on ${JSON.stringify(text)}`, line);
}

function aliasOf(node: ParsedNode, reading: Reading): SchematicNode {
  try {
    const target = node instanceof Alias ? node.resolve(reading.document) : undefined;
    if (isMap(target) || isSeq(target) || isScalar(target)) return fromYaml(parsed(target), reading);
  } catch (error) {
    throw malformed(messageOf(error));
  }
  throw malformed('refers to an anchor that is not there');
}

/** What `resolve` finds in a parsed document is itself parsed; the library's types do not say so. */
function parsed(node: unknown): ParsedNode | null {
  return isParsed(node) ? node : null;
}

function isParsed(node: unknown): node is ParsedNode {
  return (isMap(node) || isSeq(node) || isScalar(node)) && Array.isArray(node.range);
}
