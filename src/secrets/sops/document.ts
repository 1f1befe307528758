/**
 * A YAML text as SOPS sees it: its leaves in order with the keys above them, and its comments with the collection they belong to.
 * Everything carries its place in the text, so that a change replaces just these characters and the rest stays as written.
 */
import {
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  parseDocument,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { IchorError } from '../../errors.ts';
import { isRecord, readYaml } from '../yaml-source.ts';
import { resolvePlain, type SopsValue } from './value.ts';

export interface Leaf {
  readonly path: readonly string[];
  readonly value: SopsValue;
  readonly start: number;
  readonly end: number;
  /** Inside `{…}` or `[…]`, where an encrypted value must be quoted. */
  readonly isFlow: boolean;
  readonly isListItem: boolean;
  /** Column of the collection around it. */
  readonly indent: number;
}

export interface Comment {
  /** Keys above the collection it belongs to. */
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
  /** Without the `#`. */
  readonly text: string;
}

/** A block or flow collection that is open between two offsets. */
export interface Collection {
  readonly path: readonly string[];
  readonly kind: 'map' | 'list';
  readonly isFlow: boolean;
  readonly start: number;
  readonly end: number;
  readonly indent: number;
}

export interface SopsDocument {
  readonly text: string;
  readonly leaves: readonly Leaf[];
  readonly comments: readonly Comment[];
  readonly collections: readonly Collection[];
  /** The metadata of an encrypted file, and the lines on which it stands. */
  readonly metadata:
    | { readonly value: Readonly<Record<string, unknown>>; readonly start: number; readonly end: number }
    | undefined;
}

export const METADATA_KEY = 'sops';

export function readSopsDocument(text: string, file: string): SopsDocument {
  readYaml(text, file);
  // All scalars as text: what they mean is Go's reading of them, not this library's.
  const document = parseDocument(text, { schema: 'failsafe', keepSourceTokens: true });
  const root = document.contents;
  if (root === null) return { text, leaves: [], comments: [], collections: [], metadata: undefined };
  if (!isMap(root)) throw new IchorError('invalid-input', `${file} is no map at its top; SOPS encrypts maps only`);
  const walk: Walk = { file, text, leaves: [], collections: [] };
  const sops = root.items.find((pair) => keyOf(walk, pair) === METADATA_KEY);
  walkMap(walk, root, [], sops);
  const metadata = sops === undefined ? undefined : metadataOf(text, sops, root.flow === true);
  const comments = commentsOf(walk, metadata);
  return { text, leaves: walk.leaves, comments, collections: walk.collections, metadata };
}

interface Walk {
  readonly file: string;
  readonly text: string;
  readonly leaves: Leaf[];
  readonly collections: Collection[];
}

function walkMap(walk: Walk, map: YAMLMap, path: readonly string[], skip?: Pair): void {
  walk.collections.push(collectionOf(walk, map, path, 'map'));
  for (const pair of map.items) {
    if (pair === skip) continue;
    walkNode(walk, pair.value, [...path, keyOf(walk, pair)], map);
  }
}

function walkNode(walk: Walk, node: unknown, path: readonly string[], parent: YAMLMap | YAMLSeq): void {
  if (isMap(node)) {
    walkMap(walk, node, path);
  } else if (isSeq(node)) {
    walk.collections.push(collectionOf(walk, node, path, 'list'));
    for (const item of node.items) walkNode(walk, item, path, node);
  } else if (isScalar(node)) {
    const leaf = leafOf(walk, node, path, parent);
    if (leaf !== undefined) walk.leaves.push(leaf);
  } else if (isAlias(node)) {
    throw new IchorError(
      'invalid-input',
      `${walk.file}: ${path.join('.')} is an alias (*); SOPS files are written without anchors`,
      {
        hint: 'Write the value out where it is used.',
      },
    );
  }
}

function leafOf(walk: Walk, node: Scalar, path: readonly string[], parent: YAMLMap | YAMLSeq): Leaf | undefined {
  const [start, end] = node.range ?? [0, 0];
  const value = scalarValue(node, `${walk.file}: ${path.join('.')}`);
  if (value.type === 'null' && start === end) return undefined;
  return {
    path,
    value,
    start,
    end,
    isFlow: parent.flow === true,
    isListItem: isSeq(parent),
    indent: columnOf(walk.text, parent.range?.[0] ?? 0),
  };
}

function scalarValue(node: Scalar, where: string): SopsValue {
  const text = String(node.value ?? '');
  const isPlain = node.type === 'PLAIN';
  if (node.tag === undefined) return isPlain ? resolvePlain(text) : { type: 'str', text };
  switch (node.tag) {
    case 'tag:yaml.org,2002:str':
      return { type: 'str', text };
    default:
      throw new IchorError('invalid-input', `${where} has the tag ${node.tag}, which an encrypted value cannot carry`, {
        hint: 'Write the value without a tag.',
      });
  }
}

function keyOf(walk: Walk, pair: Pair): string {
  const { key } = pair;
  if (!isScalar(key))
    throw new IchorError('invalid-input', `${walk.file} has a key that is no string; SOPS allows string keys only`);
  const text = String(key.value ?? '');
  if (key.type === 'PLAIN' && resolvePlain(text).type !== 'str') {
    throw new IchorError('invalid-input', `${walk.file} has the key ${text}, which is no string for SOPS`, {
      hint: `Write it in quotes: "${text}".`,
    });
  }
  return text;
}

function collectionOf(walk: Walk, node: YAMLMap | YAMLSeq, path: readonly string[], kind: 'map' | 'list'): Collection {
  const [start, end] = node.range ?? [0, 0];
  return { path, kind, isFlow: node.flow === true, start, end, indent: columnOf(walk.text, start) };
}

function metadataOf(text: string, pair: Pair, isFlow: boolean): SopsDocument['metadata'] {
  const { key } = pair;
  const keyStart = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
  // In JSON the comma before it goes with it.
  const start = isFlow ? text.slice(0, keyStart).replace(/,\s*$/, '').length : keyStart;
  const value: unknown = nodeOf(pair.value)?.toJSON();
  const end = nodeOf(pair.value)?.range?.[1] ?? text.length;
  return { value: isRecord(value) ? value : {}, start, end };
}

function nodeOf(value: unknown): Node | undefined {
  return isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
}

function commentsOf(walk: Walk, metadata: SopsDocument['metadata']): Comment[] {
  const comments: Comment[] = [];
  const tokens = commentTokens(walk.text);
  for (const [index, [start, source]] of tokens.entries()) {
    if (metadata !== undefined && start >= metadata.start && start < metadata.end) continue;
    const owner = ownerOf(walk, start, contentBefore(walk.text, tokens.slice(0, index)));
    comments.push({ path: owner.path, start, end: start + source.length, text: source.slice(1) });
  }
  return comments;
}

function commentTokens(text: string): readonly (readonly [number, string])[] {
  const found: [number, string][] = [];
  let offset = 0;
  let isScalarNext = false;
  for (const source of new Lexer().lex(text)) {
    const kind = CST.tokenType(source);
    // The lexer announces a scalar and the rest of a document by control characters that are not in the text.
    const isMark = kind === 'scalar' || kind === 'doc-mode' || kind === 'flow-error-end';
    if (kind === 'comment' && !isScalarNext) found.push([offset, source]);
    isScalarNext = kind === 'scalar' && !isScalarNext;
    if (!isMark) offset += source.length;
  }
  return found;
}

/** For each comment: given the comments before it, the last character of content that stands before an offset. */
function contentBefore(text: string, comments: readonly (readonly [number, string])[]): (offset: number) => number {
  return (offset) => {
    let end = text.slice(0, offset).trimEnd().length;
    for (const [start, source] of comments.toReversed()) {
      if (start + source.trimEnd().length !== end) break;
      end = text.slice(0, start).trimEnd().length;
    }
    return end - 1;
  };
}

/**
 * The collection that yaml.v3 hangs a comment on. Behind something on its line: the one around that. On a line of its own: the
 * one of the next entry if it stands in the same column, else the innermost open one that does not begin further right.
 */
function ownerOf(walk: Walk, offset: number, lastContentBefore: (offset: number) => number): Collection {
  const { text, collections } = walk;
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const open = (at: number): Collection[] => collections.filter(({ start, end }) => start <= at && at < end);
  if (text.slice(lineStart, offset).trim() !== '') {
    // Behind `{…}` it is taken into the braces.
    return open(text.slice(0, offset).trimEnd().length - 1).at(-1) ?? rootOf(walk);
  }
  const column = offset - lineStart;
  const next = /\n[ \t]*(?=[^\s#])/.exec(text.slice(offset));
  const at = next === null ? undefined : offset + next.index + next[0].length;
  const nextOwner = at === undefined || columnOf(text, at) !== column ? undefined : innermost(open(at), column);
  if (nextOwner !== undefined && !hasBlankLine(text.slice(offset, at))) return nextOwner;
  const previous = lastContentBefore(lineStart);
  const around = collections.filter(({ start, end, isFlow }) => !isFlow && start <= previous && previous <= end);
  // A list that begins in the column of its own key ends before a comment in that column, unless that stands right behind it.
  const isBesideKey = ({ kind, indent }: Collection, index: number): boolean =>
    kind === 'list' && indent === around[index - 1]?.indent;
  const last = around.at(-1);
  const isIndented = column > (at === undefined ? 0 : columnOf(text, at));
  const isBeside = last !== undefined && isBesideKey(last, around.length - 1) && column >= last.indent;
  // Between content and something further left, without a blank line: it goes with that content, however deep that stands.
  const isFootBefore = isIndented && !/^[^\n]*\n[ \t]*\r?\n/.test(text.slice(offset));
  const mayBeItems = isFootBefore || isBeside;
  if (last !== undefined && mayBeItems && isRightBehind(text.slice(previous + 1, offset), column)) return last;
  if (nextOwner !== undefined) return nextOwner;
  return (
    innermost(
      around.filter((collection, index) => !isBesideKey(collection, index)),
      column,
    ) ?? rootOf(walk)
  );
}

function hasBlankLine(text: string): boolean {
  return /\n[ \t]*\r?\n/.test(text);
}

/** Whether only comments of this very column stand between the end of some content and a comment. */
function isRightBehind(between: string, column: number): boolean {
  const lines = between.split('\n').slice(1, -1);
  return lines.every((line) => line.search(/\S/) === column);
}

/** Collections come from the outside in, so that the last that fits is the innermost. */
function innermost(collections: readonly Collection[], column: number): Collection | undefined {
  return collections.findLast((collection) => !collection.isFlow && collection.indent <= column);
}

function rootOf(walk: Walk): Collection {
  const [root] = walk.collections;
  if (root === undefined) throw new IchorError('internal', 'a YAML document without a root');
  return root;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}
