/**
 * Writes a tree as go-yaml v4 does with its defaults (indent 4, no folding): the canonical text of a schematic, whose
 * SHA-256 is its id. A port of what `internal/libyaml/emitter.go` and `desolver.go` (rc.6) do for such trees.
 */
import { isOldYamlWord, resolvePlain } from './scalar.ts';

/** What is written. Maps are written in the order given. Numbers come as the text that Go prints. */
export type Emittable =
  | { readonly kind: 'str'; readonly text: string }
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'seq'; readonly items: readonly Emittable[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Emittable, Emittable])[] };

/** How strings that YAML 1.1 takes for something else are quoted: rc.5 and later `single`, rc.4 and earlier `double`. */
export type OldWordQuotes = 'single' | 'double';

export function emit(root: Emittable, oldWords: OldWordQuotes): string {
  const writer = new Writer(oldWords);
  writer.node(root, { indent: 0, inSequence: false, isKey: false, isRoot: true });
  return writer.text;
}

const INDENT = 4;
const LONGEST_SIMPLE_KEY = 128;

interface Context {
  readonly indent: number;
  readonly inSequence: boolean;
  readonly isKey: boolean;
  readonly isRoot?: boolean;
}

class Writer {
  text = '';
  #column = 0;
  #whitespace = true;
  #indention = true;
  readonly #oldWords: OldWordQuotes;

  constructor(oldWords: OldWordQuotes) {
    this.#oldWords = oldWords;
  }

  node(value: Emittable, context: Context): void {
    if (value.kind === 'seq') this.#sequence(value.items, context);
    else if (value.kind === 'map') this.#map(value.entries, context);
    else this.#scalar(value, context);
    if (context.isRoot === true && this.#column > 0) this.#breakLine();
  }

  #sequence(items: readonly Emittable[], context: Context): void {
    if (items.length === 0) return this.#indicator('[]', true, false);
    const indent = deeper(context);
    for (const item of items) {
      this.#toIndent(indent);
      this.#indicator('-', true, true);
      this.node(item, { indent, inSequence: true, isKey: false });
    }
  }

  #map(entries: readonly (readonly [Emittable, Emittable])[], context: Context): void {
    if (entries.length === 0) return this.#indicator('{}', true, false);
    const indent = context.isRoot === true ? 0 : deeper(context);
    for (const [key, value] of entries) {
      this.#toIndent(indent);
      if (isSimpleKey(key)) {
        this.node(key, { indent, inSequence: false, isKey: true });
        this.#indicator(':', false, false);
      } else {
        this.#indicator('?', true, true);
        this.node(key, { indent, inSequence: false, isKey: false });
        this.#toIndent(indent);
        this.#indicator(':', true, true);
      }
      this.node(value, { indent, inSequence: false, isKey: false });
    }
  }

  #scalar(value: { readonly kind: 'str' | 'plain'; readonly text: string }, context: Context): void {
    const { text } = value;
    const style = value.kind === 'plain' ? 'plain' : styleOf(text, context.isKey, this.#oldWords);
    const indent = deeper(context);
    if (style === 'double') this.#double(text);
    else if (style === 'single') this.#single(text, indent);
    else if (style === 'literal') this.#literal(text, indent);
    else this.#plain(text);
  }

  #plain(text: string): void {
    if (text !== '' && !this.#whitespace) this.#put(' ');
    this.#put(text);
    if (text !== '') this.#whitespace = false;
    this.#indention = false;
  }

  #single(text: string, indent: number): void {
    this.#indicator("'", true, false);
    let afterBreak = false;
    for (const character of text) {
      if (isBreak(character)) {
        if (!afterBreak && character === '\n') this.#breakLine();
        this.#writeBreak(character);
        afterBreak = true;
        continue;
      }
      if (afterBreak && character !== ' ') this.#toIndent(indent);
      this.#put(character === "'" ? "''" : character);
      this.#indention = false;
      afterBreak = afterBreak && character === ' ';
    }
    this.#indicator("'", false, false);
  }

  #double(text: string): void {
    this.#indicator('"', true, false);
    for (const character of text) this.#put(escapeOf(character) ?? character);
    this.#indicator('"', false, false);
  }

  #literal(text: string, indent: number): void {
    this.#indicator('|', true, false);
    if (text.startsWith(' ')) this.#put(String(INDENT));
    this.#put(chompOf(text));
    this.#breakLine();
    this.#whitespace = true;
    let afterBreak = true;
    for (const character of text) {
      if (isBreak(character)) {
        this.#writeBreak(character);
        afterBreak = true;
        continue;
      }
      if (afterBreak) this.#toIndent(indent);
      this.#put(character);
      this.#indention = false;
      afterBreak = false;
    }
  }

  #indicator(indicator: string, needsSpace: boolean, isIndention: boolean): void {
    if (needsSpace && !this.#whitespace) this.#put(' ');
    this.#put(indicator);
    this.#whitespace = false;
    this.#indention = this.#indention && isIndention;
  }

  #toIndent(indent: number): void {
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace)) this.#breakLine();
    if (this.#column < indent) this.#put(' '.repeat(indent - this.#column));
    this.#whitespace = true;
  }

  #writeBreak(character: string): void {
    if (character === '\n') return this.#breakLine();
    this.#put(character);
    this.#column = 0;
    this.#indention = true;
  }

  #breakLine(): void {
    this.text += '\n';
    this.#column = 0;
    this.#indention = true;
  }

  #put(text: string): void {
    this.text += text;
    this.#column += [...text].length;
  }
}

/** Inside a sequence the first step only skips the `- `; everything else aligns to the next multiple of four. */
function deeper(context: Context): number {
  if (context.isRoot === true) return 0;
  return context.inSequence ? context.indent + 2 : INDENT * Math.floor((context.indent + INDENT) / INDENT);
}

function isSimpleKey(key: Emittable): boolean {
  if (key.kind === 'seq') return key.items.length === 0;
  if (key.kind === 'map') return key.entries.length === 0;
  return ![...key.text].some(isBreak) && Buffer.byteLength(key.text) <= LONGEST_SIMPLE_KEY;
}

type Style = 'plain' | 'single' | 'double' | 'literal';

/** go-yaml's `stringv`, `desolveScalar` and `selectScalarStyle` in one. */
function styleOf(text: string, isKey: boolean, oldWords: OldWordQuotes): Style {
  const allowed = analyze(text);
  const wanted = wantedStyle(text, oldWords);
  if (isKey && allowed.isMultiline) return 'double';
  const isPlainRefused = !allowed.plain || (text === '' && isKey);
  const style = wanted === 'plain' && isPlainRefused ? 'single' : wanted;
  if (style === 'single' && !allowed.single) return 'double';
  if (style === 'literal' && (!allowed.block || isKey)) return 'double';
  return style;
}

function wantedStyle(text: string, oldWords: OldWordQuotes): Style {
  // Literal only with at least one character that is not white space (`shouldUseLiteralStyle`).
  if (text.includes('\n'))
    return text.length >= 2 && /[^\s\u0085]/u.test(text.replaceAll('\uFEFF', 'x')) ? 'literal' : 'double';
  if (isOldYamlWord(text)) return oldWords;
  return resolvePlain(text).kind === 'str' ? 'plain' : 'double';
}

interface Allowed {
  readonly isMultiline: boolean;
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

/** `analyzeScalar`, for block context. */
function analyze(text: string): Allowed {
  if (text === '') return { isMultiline: false, plain: true, single: true, block: false };
  const characters = [...text];
  const first = characters[0] ?? '';
  const last = characters.at(-1) ?? '';
  const isMultiline = characters.some(isBreak);
  const isSpecial = characters.some((character) => character !== '\t' && !isPrintable(character));
  const hasTab = text.includes('\t');
  const spaceBreak = / [\r\n\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const hasEdge = first === ' ' || last === ' ' || isBreak(first) || isBreak(last);
  const single = !breakSpace && !spaceBreak && !hasTab && !isSpecial;
  return {
    isMultiline,
    plain: single && !hasEdge && !isMultiline && !hasBlockIndicator(text),
    single,
    block: last !== ' ' && !spaceBreak && !isSpecial,
  };
}

function hasBlockIndicator(text: string): boolean {
  return (
    /^(?:---|\.\.\.)/.test(text) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[-?:](?:[ \t]|$)/.test(text) ||
    /.:(?:[ \t]|$)/su.test(text) ||
    /[ \t\r\n\0\u0085\u2028\u2029]#/.test(text)
  );
}

function isBreak(character: string): boolean {
  return /^[\r\n\u0085\u2028\u2029]$/.test(character);
}

function isPrintable(character: string): boolean {
  return /^[\n\x20-\x7E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]$/.test(character);
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

function escapeOf(character: string): string | undefined {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  if (isPrintable(character)) return undefined;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function chompOf(text: string): string {
  const characters = [...text];
  const last = characters.at(-1) ?? '';
  if (!isBreak(last)) return '-';
  const before = characters.at(-2);
  return before === undefined || isBreak(before) ? '+' : '';
}
