/**
 * Writes a tree as the YAML library of a Talos minor does (indent 4, block style, no folding). What the tree holds and in
 * which order is the caller's matter.
 */
import type { YamlDialect } from './dialect.ts';
import { isBreak, isPrintable, styleOf } from './scalar-style.ts';

/** Maps are written in the order given. `plain` is text that is written as it stands: numbers, booleans, null. */
export type Emittable =
  /** `isTagged`: a text that Talos writes as a node of its own, for which YAML 1.1 words get no quotes. */
  | { readonly kind: 'str'; readonly text: string; readonly isTagged?: true }
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'seq'; readonly items: readonly Emittable[] }
  | EmittableMap;

export interface EmittableMap {
  readonly kind: 'map';
  readonly entries: readonly (readonly [Emittable, Emittable])[];
  /** For a map that stands in many texts: how it was written before, by its indent. Filled in while writing. */
  readonly texts?: Map<number, string>;
}

const INDENT = 4;
const LONGEST_SIMPLE_KEY = 128;

/** One document, ended by a line break. */
export function emit(root: Emittable, dialect: YamlDialect): string {
  const parts: string[] = [];
  const emitter = { parts, dialect };
  if (root.kind === 'map' && root.entries.length > 0) writeMap(emitter, root, 0);
  else if (root.kind === 'seq' && root.items.length > 0) writeItems(emitter, root.items, 0);
  else parts.push(inline(emitter, root, 0));
  return `${parts.join('')}\n`;
}

interface Emitter {
  readonly parts: string[];
  readonly dialect: YamlDialect;
}

/** The first line stands where the writer is; the others begin with their own indent. */
function writeMap(emitter: Emitter, map: EmittableMap, indent: number): void {
  if (map.texts === undefined) return writeEntries(emitter, map.entries, indent);
  let text = map.texts.get(indent);
  if (text === undefined) {
    const inner = { parts: [], dialect: emitter.dialect };
    writeEntries(inner, map.entries, indent);
    text = inner.parts.join('');
    map.texts.set(indent, text);
  }
  emitter.parts.push(text);
}

function writeEntries(emitter: Emitter, entries: EmittableMap['entries'], indent: number): void {
  const lineStart = `\n${' '.repeat(indent)}`;
  let isFirst = true;
  for (const [key, value] of entries) {
    if (!isFirst) emitter.parts.push(lineStart);
    isFirst = false;
    if (isSimpleKey(key)) emitter.parts.push(`${scalar(key, true, indent, emitter.dialect)}:`);
    else writeComplexKey(emitter, key, indent);
    writeValue(emitter, value, indent);
  }
}

function writeComplexKey(emitter: Emitter, key: Emittable, indent: number): void {
  emitter.parts.push(`? ${scalar(key, false, nextStop(indent), emitter.dialect)}\n${' '.repeat(indent)}:`);
}

function writeValue(emitter: Emitter, value: Emittable, indent: number): void {
  const inner = nextStop(indent);
  if (isNested(value)) {
    emitter.parts.push(`\n${' '.repeat(inner)}`);
    writeNested(emitter, value, inner);
  } else {
    emitter.parts.push(spaced(inline(emitter, value, inner)));
  }
}

function writeItems(emitter: Emitter, items: readonly Emittable[], indent: number): void {
  const lineStart = `\n${' '.repeat(indent)}`;
  let isFirst = true;
  for (const item of items) {
    emitter.parts.push(isFirst ? '-' : `${lineStart}-`);
    isFirst = false;
    if (isNested(item)) {
      emitter.parts.push(' ');
      writeNested(emitter, item, indent + 2);
    } else {
      emitter.parts.push(spaced(inline(emitter, item, indent + 2)));
    }
  }
}

function writeNested(emitter: Emitter, value: Emittable, indent: number): void {
  if (value.kind === 'map') writeMap(emitter, value, indent);
  if (value.kind === 'seq') writeItems(emitter, value.items, indent);
}

function isNested(value: Emittable): boolean {
  return (value.kind === 'map' && value.entries.length > 0) || (value.kind === 'seq' && value.items.length > 0);
}

function inline(emitter: Emitter, value: Emittable, indent: number): string {
  if (value.kind === 'map') return '{}';
  return value.kind === 'seq' ? '[]' : scalar(value, false, indent, emitter.dialect);
}

function spaced(text: string): string {
  return text === '' ? '' : ` ${text}`;
}

/** Every block begins at the next multiple of four columns, whatever column its parent stands at. */
function nextStop(indent: number): number {
  return INDENT * Math.floor((indent + INDENT) / INDENT);
}

function isSimpleKey(key: Emittable): boolean {
  if (key.kind === 'seq' || key.kind === 'map') return false;
  return (
    !/[\r\n\u0085\u2028\u2029]/.test(key.text) &&
    (key.text.length < 40 || Buffer.byteLength(key.text) <= LONGEST_SIMPLE_KEY)
  );
}

function scalar(value: Emittable, isKey: boolean, indent: number, dialect: YamlDialect): string {
  if (value.kind === 'plain') return value.text;
  if (value.kind !== 'str') return value.kind === 'seq' ? '[]' : '{}';
  const { text } = value;
  switch (styleOf(text, isKey, dialect, value.isTagged)) {
    case 'plain':
      return text;
    case 'single':
      return single(text, indent);
    case 'double':
      return double(text);
    case 'literal':
      return literal(text, indent, dialect);
  }
}

/** Multi-line texts come here only with breaks that are not line feeds. */
function single(text: string, indent: number): string {
  let out = "'";
  let isAfterBreak = false;
  for (const character of text) {
    if (isBreak(character)) {
      out += !isAfterBreak && character === '\n' ? '\n\n' : character;
      isAfterBreak = true;
      continue;
    }
    if (isAfterBreak && character !== ' ') out += ' '.repeat(indent);
    out += character === "'" ? "''" : character;
    isAfterBreak = isAfterBreak && character === ' ';
  }
  return `${out}'`;
}

function double(text: string): string {
  let out = '"';
  for (const character of text) out += escapeOf(character) ?? character;
  return `${out}"`;
}

function literal(text: string, indent: number, dialect: YamlDialect): string {
  const startsWithBreak = isBreak(text.charAt(0));
  const needsHint = text.startsWith(' ') || (startsWithBreak && dialect.leadingBreak !== 'kept');
  const pad = ' '.repeat(indent);
  let out = `|${needsHint ? String(INDENT) : ''}${chompOf(text)}`;
  if (!(startsWithBreak && dialect.leadingBreak === 'lost')) out += '\n';
  let isAfterBreak = true;
  for (const piece of text.split(/([\n\u2028\u2029])/)) {
    if (piece === '') continue;
    if (isBreak(piece)) {
      out += piece;
      isAfterBreak = true;
      continue;
    }
    out += isAfterBreak ? pad + piece : piece;
    isAfterBreak = false;
  }
  // The break that ends a clipped or kept block is the one that ends the line as well.
  return out.endsWith('\n') ? out.slice(0, -1) : out;
}

function chompOf(text: string): string {
  if (!isBreak(text.charAt(text.length - 1))) return '-';
  return text.length === 1 || isBreak(text.charAt(text.length - 2)) ? '+' : '';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1B': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

/** How a character is written inside double quotes when it cannot stand there itself. */
export function escapeOf(character: string): string | undefined {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  if (isPrintable(character)) return undefined;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
