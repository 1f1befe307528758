/** Reads YAML into a tree whose every value knows its place and the layer that it stands in. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import type { SourcePosition } from '../errors.ts';
import type { Finding } from './finding.ts';
import type { Layer, Origin } from './model.ts';
import { isPatchList, layerOf } from './tree.ts';
import type { Entry, MapTree, Path, ScalarTree, ScalarValue, Tree } from './tree.ts';

export interface ParsedFile {
  /** Absent when the file is no YAML mapping. */
  readonly tree?: MapTree;
  readonly findings: readonly Finding[];
}

interface Reading {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly document: Document;
  readonly outer: Layer;
}

/** `outer` is the layer of what stands in the file outside of `classes` and `nodes`. */
export function parseTree(file: string, text: string, outer: Layer): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const reading: Reading = { file, text, lines, document, outer };
  const findings: Finding[] = [];
  for (const error of document.errors) findings.push(syntaxFinding(reading, error));
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { findings };
  const root = document.contents;
  if (!isMap(root)) {
    const message = `${file} is not a cluster file: expected keys such as \`name:\` and \`nodes:\``;
    findings.push({ severity: 'error', rule: 'yaml-syntax', message, where: { file, line: 1, column: 1 } });
    return { findings };
  }
  return { tree: mapTree(reading, root, []), findings };
}

function syntaxFinding(
  reading: Reading,
  error: { readonly code: string; readonly message: string; readonly pos: readonly number[] },
): Finding {
  const where = positionOf(reading, error.pos[0] ?? 0);
  const rule = error.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'yaml-syntax';
  const message =
    error.code === 'DUPLICATE_KEY'
      ? 'this key stands twice in the same map; only one of them can hold'
      : `not valid YAML: ${error.message}`;
  return { severity: 'error', rule, message, where };
}

function positionOf(reading: Reading, offset: number): SourcePosition {
  const { line, col } = reading.lines.linePos(offset);
  return { file: reading.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

function originAt(reading: Reading, node: Node, path: Path): Origin {
  return { layer: layerOf(reading.outer, path), where: positionOf(reading, node.range?.[0] ?? 0) };
}

function treeOf(reading: Reading, node: unknown, path: Path): Tree {
  if (isAlias(node)) {
    const target = node.resolve(reading.document);
    return target === undefined ? nullAt(reading, node, path) : treeOf(reading, target, path);
  }
  if (isMap(node)) return mapTree(reading, node, path);
  if (isSeq(node)) {
    const items = isPatchList(path)
      ? node.items.map((item) => patchTree(reading, item, path))
      : node.items.map((item, index) => treeOf(reading, item, [...path, index]));
    return { kind: 'list', items, origin: originAt(reading, node, path) };
  }
  if (isScalar(node)) return { kind: 'scalar', value: scalarOf(node.value), origin: originAt(reading, node, path) };
  return { kind: 'scalar', value: null, origin: { layer: layerOf(reading.outer, path) } };
}

function nullAt(reading: Reading, node: Node, path: Path): ScalarTree {
  return { kind: 'scalar', value: null, origin: originAt(reading, node, path) };
}

function scalarOf(value: unknown): ScalarValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return value;
  return String(value);
}

function mapTree(reading: Reading, map: YAMLMap, path: Path): MapTree {
  const entries = new Map<string, Entry>();
  const inherited = new Map<string, Entry>();
  for (const pair of map.items) {
    const key = keyOf(pair);
    if (key === '<<') {
      for (const [name, entry] of mergedIn(reading, pair, path)) inherited.set(name, entry);
      continue;
    }
    const childPath = [...path, key];
    const keyWhere = positionOf(reading, isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : (map.range?.[0] ?? 0));
    const value = treeOf(reading, pair.value, childPath);
    const placed =
      value.origin.where === undefined ? { ...value, origin: { ...value.origin, where: keyWhere } } : value;
    entries.set(key, { keyWhere, value: placed });
  }
  return { kind: 'map', entries: new Map([...inherited, ...entries]), origin: originAt(reading, map, path) };
}

function keyOf(pair: Pair): string {
  if (isScalar(pair.key)) return typeof pair.key.value === 'symbol' ? '<<' : String(pair.key.value);
  return String(pair.key);
}

/** What `<<: *anchor` brings in: YAML's own merge, which the file's own keys override. */
function mergedIn(reading: Reading, pair: Pair, path: Path): ReadonlyMap<string, Entry> {
  const value = treeOf(reading, pair.value, path);
  const maps = value.kind === 'list' ? value.items.toReversed() : [value];
  const entries = new Map<string, Entry>();
  for (const map of maps) {
    if (map.kind === 'map') for (const [key, entry] of map.entries) entries.set(key, entry);
  }
  return entries;
}

/**
 * A patch is kept as the text that the person wrote: Talos reads it by its own YAML rules (`0644` is octal there, decimal in
 * YAML 1.2), so it must not pass through our parser. Only aliases, which reach outside the text, force it to be written anew.
 */
function patchTree(reading: Reading, item: unknown, path: Path): Tree {
  if (isScalar(item) && typeof item.value === 'string') {
    const isBlock = item.type === 'BLOCK_LITERAL' || item.type === 'BLOCK_FOLDED';
    const origin = originAt(reading, item, path);
    return {
      kind: 'scalar',
      value: item.value,
      origin: isBlock ? { ...origin, where: blockStart(reading, item.range?.[0] ?? 0) } : origin,
    };
  }
  if (!isMap(item) && !isSeq(item)) return treeOf(reading, item, path);
  const start = item.range?.[0] ?? 0;
  const source = reading.text.slice(start, item.range?.[1] ?? start);
  const text = /(^|[\s:,[{])\*[\w-]/.test(source)
    ? stringify(item.toJS(reading.document), { compat: 'yaml-1.1' })
    : dedent(source, reading.lines.linePos(start).col - 1);
  return { kind: 'scalar', value: text, origin: originAt(reading, item, path) };
}

/** Where the text of a block scalar begins: below its `|`, at its own indentation. */
function blockStart(reading: Reading, offset: number): SourcePosition {
  const { file, line } = positionOf(reading, offset);
  const below = reading.text.split('\n')[line] ?? '';
  return { file, line: line + 1, column: below.length - below.trimStart().length + 1 };
}

function dedent(source: string, columns: number): string {
  const margin = new RegExp(`^ {0,${columns}}`);
  const [first = '', ...rest] = source.split('\n');
  return [first, ...rest.map((line) => line.replace(margin, ''))].join('\n').trimEnd().concat('\n');
}
