/**
 * Reads YAML texts into plain trees, one per document, refusing what Talos' library refuses whatever the document holds.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Alias, Document, ParsedNode, Scalar } from 'yaml';
import { IchorError, messageOf } from '../../errors.ts';
import { resolvePlain } from '../schematic/scalar.ts';
import type { Resolved } from '../schematic/scalar.ts';
import type { TalosMinor } from '../documents/tables.ts';
import type { MapEntry, NodePosition, ScalarNode, YamlNode } from './node.ts';

/** Every document of the text, empty ones as a null scalar. A text without any document gives an empty list. */
export function parseDocuments(text: string, minor: TalosMinor): readonly YamlNode[] {
  const lines = new LineCounter();
  const source = text.replace(/^\uFEFF/, '').replaceAll('\u0085', '\n');
  const documents = parseAllDocuments(source, {
    schema: 'failsafe',
    version: '1.2',
    // Only escapes are looked at in the source itself.
    keepSourceTokens: /\\u/i.test(source),
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  });
  if ('empty' in documents) return [];
  const roots: YamlNode[] = [];
  for (const document of documents) {
    const problem = document.errors[0];
    if (problem !== undefined) throw malformed(problem.message, lines.linePos(problem.pos[0]).line);
    if (document.contents === null && document.directives.docStart !== true && documents.length === 1) continue;
    roots.push(fromYaml(document.contents, { document, lines, depth: 0, open: new Set(), minor }));
  }
  return roots;
}

/** A text that is not YAML at all, or not what Talos' library takes for YAML. */
export function malformed(why: string, line: number): IchorError {
  return new IchorError('invalid-input', `the text is not valid YAML (line ${line}): ${why}`);
}

interface Reading {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly depth: number;
  readonly minor: TalosMinor;
  /** Anchored nodes that are being read, to notice a reference to a node from within itself. */
  readonly open: Set<unknown>;
}

const DEEPEST = 1000;

function fromYaml(node: ParsedNode | null, reading: Reading): YamlNode {
  if (node === null) return nullNode({ line: 0, column: 0 });
  if (reading.depth > DEEPEST) throw malformed('it is nested too deeply', positionOf(node, reading).line);
  const at = positionOf(node, reading);
  const inner = { ...reading, depth: reading.depth + 1 };
  if (isScalar(node)) return scalarOf(node, at, reading.minor);
  if (isAlias(node)) return aliasOf(node, at, inner);
  reading.open.add(node);
  const read: YamlNode = isMap(node)
    ? { kind: 'map', at, entries: mapEntries(node.items, inner) }
    : {
        kind: 'seq',
        at,
        items: node.items.map((item) => fromYaml(item, inner)),
      };
  reading.open.delete(node);
  return read;
}

function mapEntries(
  items: readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[],
  reading: Reading,
): readonly MapEntry[] {
  return items.map((item) => {
    const key = fromYaml(item.key, reading);
    return { key, value: item.value === null ? nullNode(key.at) : fromYaml(item.value, reading) };
  });
}

function nullNode(at: NodePosition): ScalarNode {
  return { kind: 'scalar', at, text: '', resolved: { kind: 'null' } };
}

function positionOf(node: ParsedNode, reading: Reading): NodePosition {
  // Collections that a tag turns into others lose their place.
  const start: unknown = Array.isArray(node.range) ? node.range[0] : undefined;
  if (typeof start !== 'number') return { line: 0, column: 0 };
  const { line, col } = reading.lines.linePos(start);
  return { line, column: col };
}

function scalarOf(node: Scalar.Parsed, at: NodePosition, minor: TalosMinor): YamlNode {
  const text = String(node.value);
  if (node.type === 'QUOTE_DOUBLE' && SURROGATE_ESCAPE.test(rawText(node)))
    throw malformed('an escape stands for half a character', at.line);
  const isPlain = node.type === 'PLAIN' || node.type === undefined;
  if (node.tag !== undefined && node.tag !== '!' && node.tag !== 'tag:yaml.org,2002:str') {
    return { kind: 'scalar', at, text, resolved: tagged(text, node.tag, at) };
  }
  const type: Resolved = isPlain && node.tag === undefined ? resolved(text, minor) : { kind: 'str' };
  return { kind: 'scalar', at, text, resolved: type, isPlain: isPlain && node.tag === undefined };
}

/** Surrogate pairs, which JSON writes for characters beyond U+FFFF, are refused by Talos' library. */
const SURROGATE_ESCAPE = /(?<!\\)(?:\\\\)*\\(?:u[dD][89a-fA-F]|U0000[dD][89a-fA-F])/;

/** A scalar as it stands in the file, with its quotes. */
function rawText(node: ParsedNode): string {
  return node.srcToken !== undefined && 'source' in node.srcToken ? node.srcToken.source : '';
}

/** yaml.v3 reads a negative zero as the whole number. */
function resolved(text: string, minor: TalosMinor): Resolved {
  return minor === '1.11' && text === '-0' ? { kind: 'int', value: 0n } : resolvePlain(text);
}

/** A value under an explicit core tag must be what the tag says. */
function tagged(text: string, tag: string, at: NodePosition): Resolved {
  const resolved = resolvePlain(text);
  if (tag === `tag:yaml.org,2002:${resolved.kind}`) return resolved;
  if (tag === 'tag:yaml.org,2002:float' && resolved.kind === 'int')
    return { kind: 'float', value: Number(resolved.value) };
  if (!tag.startsWith('tag:yaml.org,2002:')) return { kind: 'str' };
  throw malformed(`the tag ${tag} stands on ${JSON.stringify(text)}`, at.line);
}

function aliasOf(node: Alias.Parsed, at: NodePosition, reading: Reading): YamlNode {
  const target = resolvedAlias(node, at, reading);
  if (!isParsed(target)) throw malformed(`unknown anchor ${JSON.stringify(node.source)}`, at.line);
  if (reading.open.has(target)) throw malformed(`the anchor ${JSON.stringify(node.source)} contains itself`, at.line);
  return { kind: 'alias', at, target: fromYaml(target, reading) };
}

function resolvedAlias(node: Alias.Parsed, at: NodePosition, reading: Reading): unknown {
  try {
    return node.resolve(reading.document);
  } catch (error) {
    throw malformed(messageOf(error), at.line);
  }
}

/** What `resolve` finds in a parsed document is itself parsed; the library's types do not say so. */
function isParsed(node: unknown): node is ParsedNode {
  return (isMap(node) || isSeq(node) || isScalar(node)) && Array.isArray(node.range);
}
