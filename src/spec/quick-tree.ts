/**
 * Reads the YAML that cluster files are mostly made of, straight into a tree: block and flow collections, scalars on one line, literal
 * blocks, comments. Anything else, and everything that is wrong, is left to the YAML library: the result is the library's or none.
 * Files of a thousand nodes are read several times as fast.
 */
import type { SourcePosition } from '../errors.ts';
import { blockPatchText, literalBlock, plainScalar, quotedScalar } from './quick-scalar.ts';
import type { Layer, Origin } from './model.ts';
import {
  isPatchList,
  layerOf,
  type Entry,
  type ListTree,
  type MapTree,
  type Path,
  type ScalarValue,
  type Tree,
} from './tree.ts';

/** Undefined: ask the library. */
export function quickTree(file: string, text: string, outer: Layer): MapTree | undefined {
  if (UNUSUAL.test(text)) return undefined;
  try {
    return new QuickReader(file, text, outer).read();
  } catch (reason) {
    if (reason instanceof Unusual) return undefined;
    throw reason;
  }
}

/** Control characters, tabs and line ends other than a line feed; documents that are marked; a text without its last line end. */
const UNUSUAL =
  /[^\n\x20-\x7E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]|^(?:---|\.\.\.|%)|[^\n]$(?![\s\S])/m;

class Unusual extends Error {}

/** What stands before a value decides how far it may reach. */
interface Place {
  readonly path: Path;
  /** Of the block that the value stands in: what it holds is indented further. */
  readonly indent: number;
  readonly layer: Layer;
  /** A patch of its own, which begins where its text does. */
  readonly isPatch?: true;
}

class QuickReader {
  readonly #file: string;
  readonly #text: string;
  readonly #outer: Layer;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string, outer: Layer) {
    this.#file = file;
    this.#text = text;
    this.#outer = outer;
  }

  read(): MapTree {
    this.#nextContent();
    if (this.#at !== this.#lineStart) throw new Unusual();
    const tree = this.#block({ path: [], indent: -1, layer: this.#outer });
    if (tree.kind !== 'map' || this.#at < this.#text.length) throw new Unusual();
    return tree;
  }

  /** At its first character; leaves the reader at the first character behind it that is neither space nor comment. */
  #block(place: Place): Tree {
    const indent = this.#at - this.#lineStart;
    return this.#isItem() ? this.#sequence(place, indent) : this.#mapping(place, indent);
  }

  #mapping(place: Place, indent: number): MapTree {
    const origin = this.#origin(place.layer);
    const entries = new Map<string, Entry>();
    while (this.#at < this.#text.length && this.#at - this.#lineStart === indent && !this.#isItem()) {
      const keyWhere = this.#where();
      const key = this.#key(entries);
      entries.set(key, { keyWhere, value: this.#entryValue(this.#inside(place, key, indent)) });
    }
    if (
      this.#at < this.#text.length &&
      this.#at - this.#lineStart > place.indent &&
      this.#at - this.#lineStart !== indent
    )
      throw new Unusual();
    return { kind: 'map', entries, origin };
  }

  #entryValue(place: Place): Tree {
    this.#spaces();
    if (!this.#isLineEnd()) return this.#lineValue(place);
    this.#nextContent();
    const column = this.#at - this.#lineStart;
    const isNested = column > place.indent || (column === place.indent && this.#isItem());
    if (this.#at >= this.#text.length || !isNested) throw new Unusual();
    return this.#block({ ...place, indent: this.#isItem() ? Math.min(place.indent, column - 1) : place.indent });
  }

  #sequence(place: Place, indent: number): ListTree {
    const origin = this.#origin(place.layer);
    const items: Tree[] = [];
    const isPatches = isPatchList(place.path);
    while (this.#at < this.#text.length && this.#at - this.#lineStart === indent && this.#isItem()) {
      this.#at += 1;
      this.#spaces();
      if (this.#isLineEnd()) throw new Unusual();
      const inner = this.#inside(place, items.length, indent);
      items.push(isPatches ? this.#patch(inner) : this.#item(inner));
    }
    if (
      this.#at < this.#text.length &&
      this.#at - this.#lineStart > place.indent &&
      this.#at - this.#lineStart !== indent
    )
      throw new Unusual();
    return { kind: 'list', items, origin };
  }

  #item(place: Place): Tree {
    return this.#isKey() || this.#isItem() ? this.#block(place) : this.#lineValue(place);
  }

  /** A patch is kept as the text that the person wrote; it is read all the same, to see that it is YAML. */
  #patch(place: Place): Tree {
    const start = this.#at;
    const column = this.#at - this.#lineStart;
    const isText = '"\'|>'.includes(this.#text.charAt(start));
    const value = this.#item({ ...place, isPatch: true });
    if (isText || value.kind === 'scalar') return value;
    // A comment below belongs to the patch when it is indented like what the patch holds.
    if (this.#deepestComment > place.indent) throw new Unusual();
    const text = blockPatchText(this.#text.slice(start, this.#end), column);
    if (text === undefined) throw new Unusual();
    return { kind: 'scalar', value: text, origin: value.origin };
  }

  /** Behind the last character of the value that was read last. */
  #end = 0;

  /** A value that begins on the line of its key or dash; the line ends with it. */
  #lineValue(place: Place): Tree {
    const first = this.#text.charAt(this.#at);
    if (first === '|') return this.#literal(place);
    const tree = this.#flow(place, false);
    this.#end = this.#at;
    const isSpaced = this.#spaces();
    if (!this.#isLineEnd() || (!isSpaced && this.#text.charAt(this.#at) === '#')) throw new Unusual();
    if (this.#text.charAt(this.#at) === '#') this.#end = this.#text.indexOf('\n', this.#at);
    this.#nextContent();
    // A plain scalar goes on in lines that are indented further.
    if (this.#at < this.#text.length && this.#at - this.#lineStart > place.indent) throw new Unusual();
    return tree;
  }

  #literal(place: Place): Tree {
    const origin = this.#origin(place.layer);
    const block = literalBlock(this.#text, this.#at, place.indent);
    if (block === undefined) throw new Unusual();
    const where =
      place.isPatch === true ? { file: this.#file, line: this.#line + 1, column: block.indent + 1 } : origin.where;
    for (let index = this.#at; index < block.end; index += 1) {
      if (this.#text.charAt(index) !== '\n') continue;
      this.#line += 1;
      this.#lineStart = index + 1;
    }
    this.#at = block.end;
    this.#end = block.end;
    this.#nextContent();
    if (this.#at < this.#text.length && this.#at - this.#lineStart > place.indent) throw new Unusual();
    return { kind: 'scalar', value: block.value, origin: where === undefined ? origin : { ...origin, where } };
  }

  #flow(place: Place, isInFlow: boolean): Tree {
    const first = this.#text.charAt(this.#at);
    if (first === '{') return this.#flowMap(place);
    if (first === '[') return this.#flowList(place);
    const origin = this.#origin(place.layer);
    return { kind: 'scalar', value: this.#scalar(isInFlow), origin };
  }

  #scalar(isInFlow: boolean): ScalarValue {
    const read = quotedScalar(this.#text, this.#at) ?? plainScalar(this.#text, this.#at, isInFlow);
    if (read === undefined) throw new Unusual();
    this.#at = read.end;
    return read.value;
  }

  #flowMap(place: Place): MapTree {
    const origin = this.#origin(place.layer);
    const entries = new Map<string, Entry>();
    this.#at += 1;
    while (!this.#closes(place, '}', entries.size > 0)) {
      const keyWhere = this.#where();
      const key = this.#key(entries);
      this.#spaces();
      if (this.#isLineEnd() || ',}'.includes(this.#text.charAt(this.#at))) throw new Unusual();
      entries.set(key, { keyWhere, value: this.#flow(this.#inside(place, key, place.indent), true) });
    }
    return { kind: 'map', entries, origin };
  }

  #flowList(place: Place): ListTree {
    const origin = this.#origin(place.layer);
    const items: Tree[] = [];
    const isPatches = isPatchList(place.path);
    this.#at += 1;
    while (!this.#closes(place, ']', items.length > 0)) {
      if (this.#isKey()) throw new Unusual();
      const start = this.#at;
      const item = this.#flow(this.#inside(place, items.length, place.indent), true);
      if (isPatches && item.kind !== 'scalar') {
        const text = blockPatchText(this.#text.slice(start, this.#at), 0);
        if (text === undefined || text.indexOf('\n') < text.length - 1) throw new Unusual();
        items.push({ kind: 'scalar', value: text, origin: item.origin });
      } else {
        items.push(item);
      }
    }
    return { kind: 'list', items, origin };
  }

  /** Between the elements of a flow collection: over its comma, or over its end. */
  #closes(place: Place, end: string, isBehindElement: boolean): boolean {
    this.#flowSpace(place);
    if (isBehindElement && this.#text.charAt(this.#at) === ',') {
      this.#at += 1;
      this.#flowSpace(place);
    } else if (isBehindElement && this.#text.charAt(this.#at) !== end) {
      throw new Unusual();
    }
    if (this.#text.charAt(this.#at) !== end) return false;
    this.#at += 1;
    return true;
  }

  /** A flow collection may go on in the next line, indented further than its block. */
  #flowSpace(place: Place): void {
    this.#spaces();
    if (this.#text.charAt(this.#at) === '#') throw new Unusual();
    if (this.#text.charAt(this.#at) !== '\n') return;
    this.#nextContent();
    if (this.#at - this.#lineStart <= Math.max(place.indent, 0)) throw new Unusual();
  }

  #key(entries: ReadonlyMap<string, Entry>): string {
    KEY.lastIndex = this.#at;
    const match = KEY.exec(this.#text);
    const key = match?.[1] ?? match?.[2];
    if (match === null || key === undefined || entries.has(key) || SPECIAL_KEYS.has(key.toLowerCase()))
      throw new Unusual();
    this.#at = KEY.lastIndex;
    return key;
  }

  #isKey(): boolean {
    KEY.lastIndex = this.#at;
    return KEY.test(this.#text);
  }

  #isItem(): boolean {
    return this.#text.charAt(this.#at) === '-' && ' \n'.includes(this.#text.charAt(this.#at + 1));
  }

  #isLineEnd(): boolean {
    const character = this.#text.charAt(this.#at);
    return character === '\n' || character === '#' || character === '';
  }

  /** Whether there were any. */
  #spaces(): boolean {
    const start = this.#at;
    while (this.#text.charAt(this.#at) === ' ') this.#at += 1;
    return this.#at > start;
  }

  /** Of the lines of comment that were passed last. */
  #deepestComment = 0;

  /** Over the rest of the line, empty lines and lines of comment. */
  #nextContent(): void {
    const { length } = this.#text;
    this.#deepestComment = 0;
    for (let isFirst = true; this.#at < length; isFirst = false) {
      this.#spaces();
      if (this.#text.charAt(this.#at) === '#') {
        if (!isFirst) this.#deepestComment = Math.max(this.#deepestComment, this.#at - this.#lineStart);
        this.#at = this.#text.indexOf('\n', this.#at);
      }
      if (this.#text.charAt(this.#at) !== '\n') return;
      this.#at += 1;
      this.#line += 1;
      this.#lineStart = this.#at;
    }
  }

  /** Everything in one class or node shares its layer. */
  #inside({ path: outer, layer }: Place, key: string | number, indent: number): Place {
    const path = [...outer, key];
    return { path, indent, layer: path.length === 2 ? layerOf(this.#outer, path) : layer };
  }

  #where(): SourcePosition {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #origin(layer: Layer): Origin {
    return { layer, where: this.#where() };
  }
}

/** A key in one word or in double quotes, with its colon. */
const KEY = /(?:([A-Za-z_$][A-Za-z0-9_./-]*\+?)|"([^"\\\n]*)"):(?=[ \n])/y;
/** What the library reads as another type than text. */
const SPECIAL_KEYS: ReadonlySet<string> = new Set(['true', 'false', 'null', '']);
