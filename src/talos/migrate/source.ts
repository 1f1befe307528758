/**
 * Takes fields out of a YAML text without touching the rest of it: comments, quotes and spacing of what stays are a person's.
 */
import { isMap } from 'yaml';
import type { Document, LineCounter, Node, Pair, ParsedNode, YAMLMap } from 'yaml';

/** The text of one document and where it begins in the file. */
export interface SourceDocument {
  readonly document: Document.Parsed;
  readonly source: string;
  readonly lines: LineCounter;
}

export interface FoundPair {
  readonly pair: Pair<ParsedNode, ParsedNode | null>;
  readonly parents: readonly YAMLMap<ParsedNode, ParsedNode | null>[];
}

/** The pair at a path of maps. */
export function findPair(document: Document.Parsed, path: readonly string[]): FoundPair | undefined {
  const parents: YAMLMap<ParsedNode, ParsedNode | null>[] = [];
  let current: ParsedNode | null = document.contents;
  let pair: FoundPair['pair'] | undefined;
  for (const step of path) {
    if (!isMap(current)) return undefined;
    parents.push(current);
    pair = current.items.find((item) => keyText(item) === step);
    if (pair === undefined) return undefined;
    current = pair.value;
  }
  return pair === undefined ? undefined : { pair, parents };
}

export function keyText({ key }: Pair<ParsedNode, ParsedNode | null>): string {
  return 'value' in key ? String(key.value) : '';
}

/** The comment lines directly above a key and on its own line, without `#`. */
export function leadingComment(source: string, pair: FoundPair['pair']): string | undefined {
  const lines = source.slice(0, pair.key.range[0]).split('\n');
  const indent = lines.pop() ?? '';
  if (indent.trim() !== '') return undefined;
  const comments: string[] = [];
  for (let line = lines.pop(); line !== undefined && line.startsWith(`${indent}#`); line = lines.pop())
    comments.unshift(line.trim().slice(1));
  return comments.length === 0 ? undefined : comments.join('\n');
}

/**
 * The text without the pairs, and without maps that become empty by it. Where a pair stands in braces, the whole document is
 * written anew, which keeps comments but not spacing.
 */
export function withoutPairs(source: string, document: Document.Parsed, found: readonly FoundPair[]): string {
  if (found.some(({ parents }) => parents.some((parent) => parent.flow === true))) {
    for (const one of found) removeFromTree(one);
    return document.toString({ lineWidth: 0, indent: indentOf(source), flowCollectionPadding: false });
  }
  const gone = goneWith(found);
  const outermost = new Set(found.map((one) => chainOf(one).find((pair) => gone.has(pair)) ?? one.pair));
  const removals = [...outermost].map((pair) => linesOf(source, pair));
  let text = source;
  for (const [start, end] of removals.toSorted(([left], [right]) => right - left))
    text = text.slice(0, start) + text.slice(end);
  return text.replace(/\n\n+$/, '\n');
}

/** Pairs that go because everything in them does, and the given ones. */
export function goneWith(found: readonly FoundPair[]): ReadonlySet<FoundPair['pair']> {
  const gone = new Set(found.map(({ pair }) => pair));
  const chains = found.map(chainOf);
  for (let before = -1; before !== gone.size;) {
    before = gone.size;
    for (const holder of chains.flat()) {
      if (isMap(holder.value) && holder.value.items.every((item) => gone.has(item))) gone.add(holder);
    }
  }
  return gone;
}

/** The pairs on the way to a pair, from the outside, itself last. */
export function chainOf({ pair, parents }: FoundPair): readonly FoundPair['pair'][] {
  const holders = parents
    .slice(1)
    .flatMap((map, index) => parents[index]?.items.filter((item) => item.value === map) ?? []);
  return [...holders, pair];
}

/** The indent that the text itself uses. */
export function indentOf(source: string): number {
  const first = /^( +)[^\s#-]/m.exec(source)?.[1]?.length ?? 2;
  return Math.min(Math.max(first, 1), 8);
}

function removeFromTree({ pair, parents }: FoundPair): void {
  let child = pair;
  for (const parent of parents.toReversed()) {
    parent.items = parent.items.filter((item) => item !== child);
    if (parent.items.length > 0) return;
    const holder = parents[parents.indexOf(parent) - 1]?.items.find((item) => item.value === parent);
    if (holder === undefined) return;
    child = holder;
  }
}

/** From the first comment line above the key to the end of the value's last line. */
function linesOf(source: string, pair: FoundPair['pair']): readonly [start: number, end: number] {
  let start = source.lastIndexOf('\n', pair.key.range[0] - 1) + 1;
  const indent = source.slice(start, pair.key.range[0]);
  for (
    let above = previousLine(source, start);
    above !== undefined && source.startsWith(`${indent}#`, above);
    above = previousLine(source, start)
  )
    start = above;
  const value: Node | null = pair.value;
  const valueEnd = value?.range?.[1] ?? pair.key.range[1];
  const lineEnd = source.indexOf('\n', Math.max(pair.key.range[1], valueEnd - (source[valueEnd - 1] === '\n' ? 1 : 0)));
  return [start, lineEnd < 0 ? source.length : lineEnd + 1];
}

function previousLine(source: string, start: number): number | undefined {
  return start === 0 ? undefined : source.lastIndexOf('\n', start - 2) + 1;
}
