/**
 * Rewrites fields of the document without kind into the documents that took their place, in a person's own patch or config:
 * what moves takes its comments along, what stays is not touched.
 */
import {
  Document as YamlDocument,
  isAlias,
  isDocument,
  isMap,
  isNode,
  LineCounter,
  parseAllDocuments,
  visit,
  YAMLMap,
} from 'yaml';
import type { Document, Node } from 'yaml';
import { IchorError, messageOf } from '../../errors.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { contextFor } from '../values/document.ts';
import { isAtLeast, minorOf } from '../yaml/dialect.ts';
import { followed } from '../yaml/node.ts';
import { parseDocuments } from '../yaml/parse.ts';
import { loadPatch } from '../patch/load-patch.ts';
import { CLUSTER_RULES } from './rules-cluster.ts';
import { LINK_RULE } from './rules-links.ts';
import { MACHINE_RULES } from './rules-machine.ts';
import { NETWORK_RULES } from './rules-network.ts';
import { recordOf } from './rule.ts';
import type { MigrationRule, Target, TargetField } from './rule.ts';
import { chainOf, findPair, goneWith, indentOf, leadingComment, withoutPairs } from './source.ts';
import type { FoundPair } from './source.ts';

export interface MigrateOptions {
  /** The Talos version that the text was written for. */
  readonly from: string;
  readonly to: string;
  /** Also turns network interfaces into link documents, which switches default DHCP off for all links of a machine. */
  readonly links?: boolean;
}

export interface MigrationChange {
  /** `machine.network.hostname` */
  readonly path: string;
  /** Line of the text that was given, from 1. */
  readonly line: number;
  /** The documents that took the content over; empty when it was dropped. */
  readonly documents: readonly string[];
}

export interface MigrationNotice {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface Migration {
  readonly text: string;
  readonly changes: readonly MigrationChange[];
  readonly notices: readonly MigrationNotice[];
}

/** A text without anything to migrate comes back as it is. JSON patches are left alone, with a notice. */
export function migrateConfig(text: string, options: MigrateOptions): Migration {
  const [from, to] = [minorOf(options.from), minorOf(options.to)];
  if (!isAtLeast(to, from)) {
    throw new IchorError(
      'invalid-input',
      `configs are migrated to a later Talos, not from ${options.from} to ${options.to}`,
    );
  }
  if (from !== to && isOperations(text, from)) {
    const message = `is a JSON patch, which Talos ${to} refuses for the configs that it generates; write it as a strategic merge`;
    return { text, changes: [], notices: [{ path: '', line: 1, message }] };
  }
  const rules =
    options.links === true
      ? [LINK_RULE, ...RULES.filter(({ path }) => path.join('.') !== LINK_RULE.path.join('.'))]
      : RULES;
  return new Migrator(text, to, rules).run(options.to);
}

/** A list at the top: RFC 6902, in JSON or YAML. */
function isOperations(text: string, minor: TalosMinor): boolean {
  const [root] = parseDocuments(text, minor);
  return root !== undefined && followed(root).kind === 'seq';
}

const RULES: readonly MigrationRule[] = [...NETWORK_RULES, ...MACHINE_RULES, ...CLUSTER_RULES];

class Migrator {
  readonly #text: string;
  readonly #to: TalosMinor;
  readonly #rules: readonly MigrationRule[];
  readonly #lines = new LineCounter();
  readonly #changes: MigrationChange[] = [];
  readonly #notices: MigrationNotice[] = [];
  readonly #added: NewDocument[] = [];

  constructor(text: string, to: TalosMinor, rules: readonly MigrationRule[]) {
    this.#text = text;
    this.#to = to;
    this.#rules = rules.filter(({ since }) => isAtLeast(to, since));
  }

  run(toVersion: string): Migration {
    const pieces = splitDocuments(this.#text);
    const kept = pieces.map((piece) => (isLegacy(piece.source) ? this.#migratePiece(piece) : piece.source));
    if (this.#changes.length === 0) return { text: this.#text, changes: [], notices: this.#notices };
    const merged = this.#mergeIntoExisting(kept);
    const created = this.#added
      .filter((document) => !document.isPlaced)
      .map((document) => document.text(indentOf(this.#text)));
    const texts = [...merged.filter((piece) => !isBlank(piece)), ...created].map((piece) =>
      piece.endsWith('\n') ? piece : `${piece}\n`,
    );
    const text = texts.join('---\n');
    this.#checkLoads(text, toVersion);
    return { text, changes: this.#changes, notices: this.#notices };
  }

  #migratePiece(piece: Piece): string {
    const [document] = parsed(piece.source, this.#lines);
    if (document === undefined) return piece.source;
    const removed: Removed[] = [];
    const plain: unknown = document.toJS();
    this.#noteWhole(plain, piece.firstLine);
    for (const rule of this.#rules) {
      const found = findPair(document, rule.path);
      if (found !== undefined && found.pair.value !== null) this.#applyRule(rule, found, { ...piece, plain }, removed);
    }
    if (removed.length === 0) return piece.source;
    const pairs = removed.map(({ found }) => found);
    this.#carryComments(piece.source, removed, goneWith(pairs));
    const rest = withoutPairs(piece.source, document, pairs);
    return isOnlyVersion(rest) ? '' : rest;
  }

  /** A whole config holds more than what can be carried over field by field. */
  #noteWhole(plain: unknown, line: number): void {
    const machine = recordOf(recordOf(plain)['machine']);
    if (machine['type'] === undefined || machine['token'] === undefined || !isAtLeast(this.#to, '1.14')) return;
    const message = `this is a whole config: one generated for ${this.#to} from the same secrets also has the labels, taints and policies that Talos ${this.#to} no longer adds by itself`;
    this.#notices.push({ path: 'machine.type', line, message });
  }

  #applyRule(
    rule: MigrationRule,
    found: FoundPair,
    piece: Piece & { readonly plain: unknown },
    removed: Removed[],
  ): void {
    const { value } = found.pair;
    if (value === null) return;
    const path = rule.path.join('.');
    const line = piece.firstLine + piece.source.slice(0, found.pair.key.range[0]).split('\n').length - 1;
    if (isShared(value)) {
      this.#notices.push({
        path,
        line,
        message: 'stays: it uses a YAML anchor; write the value out, then migrate again',
      });
      return;
    }
    const outcome = rule.apply({ node: value, plain: plainOf(value), root: piece.plain });
    for (const message of outcome.notices ?? []) this.#notices.push({ path, line, message });
    if (outcome.stays === true) return;
    const documents = outcome.targets.map((one) => this.#place(one));
    removed.push({ found, documents });
    this.#changes.push({ path, line, documents: outcome.targets.map(titleOf) });
  }

  #place(target: Target): NewDocument {
    const existing = this.#added.find((document) => document.isSame(target));
    const document = existing ?? new NewDocument(target);
    if (existing === undefined) this.#added.push(document);
    document.add(target.fields);
    return document;
  }

  /** What stood above a key, or above a section that goes with it, stands above the document that takes over. */
  #carryComments(source: string, removed: readonly Removed[], gone: ReadonlySet<FoundPair['pair']>): void {
    const carried = new Set<FoundPair['pair']>();
    for (const { documents, found } of removed) {
      for (const pair of chainOf(found)) {
        if (!gone.has(pair) || carried.has(pair)) continue;
        carried.add(pair);
        const comment = leadingComment(source, pair);
        if (comment !== undefined) documents[0]?.addComment(comment);
      }
      // Content that was turned into something else leaves its comments behind.
      for (const comment of innerComments(found.pair.value)) {
        if (!documents.some((document) => document.text(2).includes(`#${comment}`))) documents[0]?.addComment(comment);
      }
    }
  }

  /** Documents that the file holds already take the new fields in. */
  #mergeIntoExisting(pieces: readonly string[]): readonly string[] {
    return pieces.map((piece) => {
      const [document] = isBlank(piece) ? [] : parsed(piece, new LineCounter());
      if (document === undefined || !isMap(document.contents)) return piece;
      const same = this.#added.find((added) => !added.isPlaced && added.isOf(document));
      if (same === undefined) return piece;
      same.isPlaced = true;
      for (const { path, value } of same.fields) {
        if (document.hasIn(path))
          this.#notices.push({
            path: path.join('.'),
            line: 0,
            message: `${same.title} says this already; the older field is dropped`,
          });
        else setNested(document, path, value);
      }
      return document.toString({ lineWidth: 0, indent: indentOf(piece), flowCollectionPadding: false });
    });
  }

  #checkLoads(text: string, version: string): void {
    try {
      loadPatch(text, contextFor(version));
    } catch (error) {
      this.#notices.push({
        path: '',
        line: 0,
        message: `the result needs a look, Talos ${this.#to} would not load it: ${messageOf(error)}`,
      });
    }
  }
}

/** A document that takes content over. */
class NewDocument {
  isPlaced = false;
  readonly fields: TargetField[] = [];
  readonly #kind: string;
  readonly #name: string | undefined;
  readonly #isDelete: boolean;
  readonly #comments: string[] = [];

  constructor(target: Target) {
    this.#kind = target.kind;
    this.#name = target.name;
    this.#isDelete = target.isDelete === true;
  }

  get title(): string {
    return this.#name === undefined ? this.#kind : `${this.#kind} ${this.#name}`;
  }

  isSame(target: Target): boolean {
    return target.kind === this.#kind && target.name === this.#name && (target.isDelete === true) === this.#isDelete;
  }

  isOf(document: Document.Parsed): boolean {
    return document.get('kind') === this.#kind && (document.get('name') ?? undefined) === this.#name && !this.#isDelete;
  }

  /** A later field at the same place wins. */
  add(fields: readonly TargetField[]): void {
    for (const field of fields) {
      const at = this.fields.findIndex((other) => other.path.join('\0') === field.path.join('\0'));
      if (at < 0) this.fields.push(field);
      else this.fields[at] = field;
    }
  }

  addComment(comment: string): void {
    this.#comments.push(comment);
  }

  text(indent: number): string {
    const head = {
      apiVersion: 'v1alpha1',
      kind: this.#kind,
      ...(this.#name === undefined ? {} : { name: this.#name }),
      ...(this.#isDelete ? { $patch: 'delete' } : {}),
    };
    const document = new YamlDocument(head, { version: '1.1' });
    for (const { path, value } of this.fields) setNested(document, path, value);
    if (this.#comments.length > 0) document.commentBefore = this.#comments.join('\n');
    const text = document.toString({ lineWidth: 0, indent, directives: false, flowCollectionPadding: false });
    return this.#comments.length > 0 ? text.replace(/^((?:#[^\n]*\n)+)\n/, '$1') : text;
  }
}

/** Anchors and references bind a value to its document. */
function isShared(value: Node): boolean {
  let found = false;
  visit(value, (_key, node) => {
    if (isAlias(node) || (isNode(node) && node.anchor !== undefined)) found = true;
  });
  return found;
}

/** Each line of comment inside a value, without `#`. */
function innerComments(value: Node | null): readonly string[] {
  const comments: string[] = [];
  if (value === null) return comments;
  visit(value, (_key, node) => {
    if (!isNode(node)) return;
    for (const text of [node.commentBefore, node.comment])
      comments.push(...(text ?? '').split('\n').filter((line) => line !== ''));
  });
  return comments;
}

/** A field that went, and the documents that took it over. */
interface Removed {
  readonly found: FoundPair;
  readonly documents: readonly NewDocument[];
}

/** `setIn` of the library makes ordered lists of the maps on the way. */
function setNested(document: YamlDocument, path: readonly string[], value: TargetField['value']): void {
  for (let depth = 1; depth < path.length; depth += 1) {
    const way = path.slice(0, depth);
    if (!isMap(document.getIn(way, true))) document.setIn(way, new YAMLMap());
  }
  document.setIn(path, isNode(value) ? value : document.createNode(value));
}

interface Piece {
  readonly source: string;
  /** The line of the file at which it begins, from 1. */
  readonly firstLine: number;
}

/** At `---` lines, which belong to neither side. */
function splitDocuments(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let source = '';
  let firstLine = 1;
  for (const [index, line] of text.split(/(?<=\n)/).entries()) {
    if (/^---\s*$/.test(line)) {
      pieces.push({ source, firstLine });
      source = '';
      firstLine = index + 2;
    } else {
      source += line;
    }
  }
  pieces.push({ source, firstLine });
  return pieces.filter((piece, index) => index > 0 || !isBlank(piece.source));
}

function parsed(source: string, lines: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(source, {
    version: '1.1',
    merge: false,
    lineCounter: lines,
    keepSourceTokens: true,
    uniqueKeys: false,
  });
  if ('empty' in documents) return [];
  const problem = documents.flatMap(({ errors }) => errors)[0];
  if (problem !== undefined) throw new IchorError('invalid-input', `the text is not valid YAML: ${problem.message}`);
  return documents.filter((document) => isDocument(document));
}

function isLegacy(source: string): boolean {
  const [document] = isBlank(source) ? [] : parsed(source, new LineCounter());
  return document !== undefined && isMap(document.contents) && !document.has('kind');
}

function isBlank(source: string): boolean {
  return source.split('\n').every((line) => line.trim() === '' || line.startsWith('#') || line.startsWith('---'));
}

/** Nothing to merge is left; comments that a person wrote at the top level stay with the first document. */
function isOnlyVersion(source: string): boolean {
  return source.split('\n').every((line) => line.trim() === '' || line.startsWith('version:'));
}

function titleOf(target: Target): string {
  const title = target.name === undefined ? target.kind : `${target.kind} ${target.name}`;
  return target.isDelete === true ? `${title} (deleted)` : title;
}

function plainOf(node: Node): unknown {
  return node.toJS(new YamlDocument());
}
