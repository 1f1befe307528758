/** The scalars of `quick-tree.ts`, each undefined where the YAML library has to look. Values are those of YAML 1.2's core schema. */
import type { ScalarValue } from './tree.ts';

export interface ReadScalar {
  readonly value: ScalarValue;
  /** Behind its last character. */
  readonly end: number;
}

const DOUBLE = /"([^"\\\n]*)"/y;
const SINGLE = /'((?:[^'\n]|'')*)'/y;

export function quotedScalar(text: string, at: number): ReadScalar | undefined {
  const first = text.charAt(at);
  if (first !== '"' && first !== "'") return undefined;
  const pattern = first === '"' ? DOUBLE : SINGLE;
  pattern.lastIndex = at;
  const inner = pattern.exec(text)?.[1];
  if (inner === undefined) return undefined;
  return { value: first === '"' ? inner : inner.replaceAll("''", "'"), end: pattern.lastIndex };
}

/** Begins with no indicator, ends before a comment, and holds no colon that could end a key. */
const BLOCK_PLAIN = /(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s]))(?:[^\n#:]|:(?=[^\s])|(?<! )#)*/y;
const FLOW_PLAIN = /(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s,[\]{}]))(?:[^\n#:,[\]{}]|:(?=[^\s,[\]{}])|(?<! )#)*/y;

export function plainScalar(text: string, at: number, isInFlow: boolean): ReadScalar | undefined {
  const pattern = isInFlow ? FLOW_PLAIN : BLOCK_PLAIN;
  pattern.lastIndex = at;
  const match = pattern.exec(text)?.[0];
  if (match === undefined || text.charAt(at + match.length) === ':') return undefined;
  // In flow collections a scalar may go on in the next line.
  if (isInFlow && !',]}'.includes(text.charAt(at + match.length) || '\n')) return undefined;
  const written = match.trimEnd();
  const value = coreValue(written);
  return value === undefined ? undefined : { value, end: at + written.length };
}

const MAYBE_SPECIAL = /^[-+.0-9~nNtTfF]/;
const WHOLE = /^[-+]?[0-9]+$/;
const FRACTION = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)$/;
const EXPONENT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+$/;
const ENDLESS = /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/;

function coreValue(text: string): ScalarValue | undefined {
  if (!MAYBE_SPECIAL.test(text)) return text;
  if (/^(?:~|[Nn]ull|NULL)$/.test(text)) return null;
  if (/^(?:[Tt]rue|TRUE)$/.test(text)) return true;
  if (/^(?:[Ff]alse|FALSE)$/.test(text)) return false;
  if (WHOLE.test(text)) return Number.parseInt(text, 10);
  if (FRACTION.test(text) || EXPONENT.test(text)) return Number.parseFloat(text);
  if (/^0o[0-7]+$/.test(text)) return Number.parseInt(text.slice(2), 8);
  if (/^0x[0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  return ENDLESS.test(text) ? undefined : text;
}

export interface LiteralBlock {
  readonly value: string;
  /** Of its lines. */
  readonly indent: number;
  /** Behind the line end of its last line with content. */
  readonly end: number;
}

/** `|` and `|-` without further marks; the first line says how far it is indented. */
export function literalBlock(text: string, at: number, parentIndent: number): LiteralBlock | undefined {
  const header = /\|(-?)\n( *)(?=[^ \n])/y;
  header.lastIndex = at;
  const match = header.exec(text);
  const indent = match?.[2]?.length ?? 0;
  if (match === null || indent <= parentIndent || indent === 0) return undefined;
  const lines: string[] = [];
  let start = text.indexOf('\n', at) + 1;
  let end = start;
  let kept = 0;
  while (start < text.length) {
    const stop = text.indexOf('\n', start);
    const line = text.slice(start, stop);
    const spaces = line.length - line.trimStart().length;
    if (line.trim() !== '' && spaces < indent) break;
    // Lines of nothing but spaces beyond the indent belong to the text.
    if (line.trim() === '' && line.length > indent) return undefined;
    lines.push(line.slice(indent));
    start = stop + 1;
    if (line.trim() === '') continue;
    end = start;
    kept = lines.length;
  }
  return { value: lines.slice(0, kept).join('\n') + (match[1] === '-' ? '' : '\n'), indent, end };
}

/** The text of a patch written as YAML, shifted left to its own margin; undefined when it may refer to what stands outside of it. */
export function blockPatchText(source: string, columns: number): string | undefined {
  if (/(?:^|[\s:,[{])\*[\w-]/.test(source)) return undefined;
  const margin = new RegExp(`^ {0,${columns}}`);
  const [first = '', ...rest] = source.split('\n');
  return `${[first, ...rest.map((line) => line.replace(margin, ''))].join('\n').trimEnd()}\n`;
}
