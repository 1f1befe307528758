/**
 * Writes JSON values as YAML the way Talos' JSON patcher does (`JSONToYAML` over yaml.v2): two spaces, sorted keys, lists not
 * indented, long lines folded at column 80.
 */
import { resolvePlain } from '../schematic/scalar.ts';
import { compareKeys } from '../yaml/key-order.ts';
import { escapeOf } from '../yaml/emit.ts';
import { analyze } from '../yaml/scalar-style.ts';
import { isYaml11Text } from './json-value.ts';
import type { JsonValue } from './json-value.ts';

export function yamlOfJson(value: JsonValue): string {
  const writer: Writer = { lines: [''], indent: 0 };
  writeNode(writer, value, 'root');
  return `${writer.lines.join('\n')}\n`;
}

interface Writer {
  /** The last one is being written. */
  readonly lines: string[];
  readonly indent: number;
}

type Place = 'root' | 'map' | 'list';

const WIDTH = 80;

function writeNode(writer: Writer, value: JsonValue, place: Place): void {
  if (typeof value === 'object' && value !== null && value.kind === 'object' && value.entries.size > 0) {
    return writeEntries(writer, [...value.entries], place);
  }
  if (typeof value === 'object' && value !== null && value.kind === 'array' && value.items.length > 0) {
    return writeItems(writer, value.items, place);
  }
  if (place !== 'root') append(writer, ' ');
  writeScalar(writer, value);
}

function writeEntries(writer: Writer, entries: readonly (readonly [string, JsonValue])[], place: Place): void {
  const inner = place === 'root' ? writer : { ...writer, indent: writer.indent + 2 };
  if (place === 'list') append(writer, ' ');
  let needsLine = place === 'map';
  for (const [key, value] of entries.toSorted(([left], [right]) => compareKeys(left, right))) {
    if (needsLine) newLine(inner);
    needsLine = true;
    writeKey(inner, key);
    writeNode(inner, value, 'map');
  }
}

function writeKey(writer: Writer, key: string): void {
  const style = styleOf(key, true);
  const text = style === 'plain' ? key : style === 'single' ? `'${key.replaceAll("'", "''")}'` : quotedWhole(key);
  append(writer, `${text}:`);
}

/** A list in a map stands at the column of its key; one in a list, two further. */
function writeItems(writer: Writer, items: readonly JsonValue[], place: Place): void {
  const inner = place === 'list' ? { ...writer, indent: writer.indent + 2 } : writer;
  if (place === 'list') append(writer, ' ');
  let needsLine = place === 'map';
  for (const item of items) {
    if (needsLine) newLine(inner);
    needsLine = true;
    append(inner, '-');
    writeNode(inner, item, 'list');
  }
}

function writeScalar(writer: Writer, value: JsonValue): void {
  if (value === null || typeof value === 'boolean') return append(writer, String(value));
  if (typeof value !== 'string') {
    if (value.kind === 'number') return append(writer, numberText(value.text));
    return append(writer, value.kind === 'array' ? '[]' : '{}');
  }
  // Folded lines and block scalars stand one step deeper than their parent.
  const inner = { ...writer, indent: writer.indent + 2 };
  switch (styleOf(value, false)) {
    case 'plain':
      return writeFolded(inner, value, (character) => character);
    case 'single':
      append(writer, "'");
      writeFolded(inner, value, (character) => (character === "'" ? "''" : character), true);
      return append(writer, "'");
    case 'double':
      return writeDouble(inner, value);
    case 'literal':
      return writeLiteral(inner, value);
  }
}

function writeFolded(writer: Writer, text: string, escaped: (character: string) => string, keepsEdges = false): void {
  const characters = [...text];
  let isAfterSpace = false;
  for (const [index, character] of characters.entries()) {
    if (character !== ' ') {
      append(writer, escaped(character));
      isAfterSpace = false;
      continue;
    }
    const isInner = !keepsEdges || (index > 0 && index < characters.length - 1);
    const folds = !isAfterSpace && column(writer) > WIDTH && isInner && characters[index + 1] !== ' ';
    if (folds) newLine(writer);
    else append(writer, ' ');
    isAfterSpace = true;
  }
}

function writeDouble(writer: Writer, text: string): void {
  const characters = [...text];
  let isAfterSpace = false;
  append(writer, '"');
  for (const [index, character] of characters.entries()) {
    const folds =
      character === ' ' && !isAfterSpace && column(writer) > WIDTH && index > 0 && index < characters.length - 1;
    if (folds) {
      newLine(writer);
      if (characters[index + 1] === ' ') append(writer, '\\');
    } else {
      append(writer, escapeOf(character) ?? character);
    }
    isAfterSpace = character === ' ';
  }
  append(writer, '"');
}

function writeLiteral(writer: Writer, text: string): void {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  append(writer, `|${hint}${chomp}`);
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  for (const line of lines) writer.lines.push(line === '' ? '' : ' '.repeat(writer.indent) + line);
}

type Style = 'plain' | 'single' | 'double' | 'literal';

function styleOf(text: string, isKey: boolean): Style {
  const allowed = analyze(text);
  const wanted = text.includes('\n') ? 'literal' : isYaml11Text(text) && !isBase60(text) ? 'plain' : 'double';
  if (isKey && allowed.isMultiline) return 'double';
  const style = wanted === 'plain' && (!allowed.plain || (text === '' && isKey)) ? 'single' : wanted;
  if (style === 'single' && !allowed.single) return 'double';
  return style === 'literal' && (!allowed.block || isKey) ? 'double' : style;
}

function isBase60(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
}

/** Numbers are read again before they are written: `1e3` becomes 1000. */
function numberText(text: string): string {
  const resolved = resolvePlain(text);
  if (resolved.kind === 'int') return String(resolved.value);
  if (resolved.kind !== 'float') return text;
  const magnitude = Math.abs(resolved.value);
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e6))
    return Object.is(resolved.value, -0) ? '-0' : String(resolved.value);
  return resolved.value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}

function quotedWhole(text: string): string {
  return `"${[...text].map((character) => escapeOf(character) ?? character).join('')}"`;
}

function append({ lines }: Writer, text: string): void {
  lines[lines.length - 1] += text;
}

function newLine({ indent, lines }: Writer): void {
  lines.push(' '.repeat(indent));
}

function column({ lines }: Writer): number {
  return [...(lines.at(-1) ?? '')].length;
}
