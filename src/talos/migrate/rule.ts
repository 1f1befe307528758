/**
 * What a rule of migration says: which field of the document without kind it is about, and where its content goes.
 */
import type { Node } from 'yaml';
import type { PlainValue } from '../documents-text.ts';
import type { TalosMinor } from '../documents/tables.ts';

export interface MigrationRule {
  /** The first minor in which the field's successor exists and Talos' own configs use it. */
  readonly since: TalosMinor;
  readonly path: readonly string[];
  apply(found: FoundField): RuleOutcome;
}

export interface FoundField {
  /** As written; moved with its comments. */
  readonly node: Node;
  readonly plain: unknown;
  /** The whole document that the field stands in. */
  readonly root: unknown;
}

export interface RuleOutcome {
  readonly targets: readonly Target[];
  readonly notices?: readonly string[];
  /** The field stays where it is: there is no successor, or a person has to decide. */
  readonly stays?: true;
}

/** A part of a document that takes over the content. Parts of the same document come together. */
export interface Target {
  readonly kind: string;
  readonly name?: string;
  readonly fields: readonly TargetField[];
  /** The whole document is deleted. */
  readonly isDelete?: true;
}

export interface TargetField {
  readonly path: readonly string[];
  readonly value: Node | PlainValue;
}

/** The content moves as it is. */
export function moved(since: TalosMinor, from: string, kind: string, to: string): MigrationRule {
  return {
    since,
    path: from.split('.'),
    apply: ({ node }) => ({ targets: [{ kind, fields: [{ path: to.split('.'), value: node }] }] }),
  };
}

/** The content is turned into something else. */
export function turned(since: TalosMinor, from: string, turn: (found: FoundField) => readonly Target[]): MigrationRule {
  return { since, path: from.split('.'), apply: (found) => ({ targets: turn(found) }) };
}

/** There is no successor. */
export function noted(since: TalosMinor, path: string, notice: string): MigrationRule {
  return { since, path: path.split('.'), apply: () => ({ targets: [], notices: [notice], stays: true }) };
}

export function target(kind: string, fields: Readonly<Record<string, Node | PlainValue>>, name?: string): Target {
  return {
    kind,
    ...(name === undefined ? {} : { name }),
    fields: Object.entries(fields).map(([path, value]) => ({ path: path.split('.'), value })),
  };
}

export function deletion(kind: string, name?: string): Target {
  return { kind, ...(name === undefined ? {} : { name }), fields: [], isDelete: true };
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A PEM text out of the base64 that the document without kind holds. */
export function pemOf(value: unknown): string {
  return Buffer.from(textOf(value), 'base64').toString();
}
