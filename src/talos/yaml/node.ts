/**
 * The plain tree of a YAML document as Talos' library builds it before any types are applied, and such trees made of
 * JavaScript values. Knows nothing of Talos' documents.
 */
import { IchorError } from '../../errors.ts';
import { resolvePlain } from '../schematic/scalar.ts';
import type { Resolved } from '../schematic/scalar.ts';

/** A place in the text; both count from 1, and are 0 when the tree was not read from a text. */
export interface NodePosition {
  readonly line: number;
  readonly column: number;
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: NodePosition;
  /** As written, without quotes. */
  readonly text: string;
  /** The type of it by YAML's rules; `str` for everything quoted. */
  readonly resolved: Resolved;
  /** Written without quotes and tag: YAML 1.1 readers may take it for something else. */
  readonly isPlain?: boolean;
}

export interface SequenceNode {
  readonly kind: 'seq';
  readonly at: NodePosition;
  readonly items: readonly YamlNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly at: NodePosition;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

/** `*name`: Talos treats some values differently when they are references. */
export interface AliasNode {
  readonly kind: 'alias';
  readonly at: NodePosition;
  readonly target: YamlNode;
}

export type YamlNode = ScalarNode | SequenceNode | MapNode | AliasNode;

const NOWHERE: NodePosition = { line: 0, column: 0 };

/** The node itself, or what the reference stands for. */
export function followed(node: YamlNode): Exclude<YamlNode, AliasNode> {
  let current = node;
  while (current.kind === 'alias') current = current.target;
  return current;
}

export function isNull(node: YamlNode): boolean {
  const target = followed(node);
  return target.kind === 'scalar' && target.resolved.kind === 'null';
}

/** The value of a key of a map, by the key's text. */
export function entryOf(node: YamlNode, key: string): YamlNode | undefined {
  if (node.kind !== 'map') return undefined;
  return node.entries.find((entry) => entry.key.kind === 'scalar' && entry.key.text === key)?.value;
}

export function strNode(text: string, at: NodePosition = NOWHERE): ScalarNode {
  return { kind: 'scalar', at, text, resolved: { kind: 'str' } };
}

/** Strings stay strings whatever they look like; `undefined` values are left out; keys keep their order. */
export function nodeOf(value: unknown): YamlNode {
  if (typeof value === 'string') return strNode(value);
  if (value === null) return { kind: 'scalar', at: NOWHERE, text: 'null', resolved: { kind: 'null' } };
  if (typeof value === 'boolean')
    return { kind: 'scalar', at: NOWHERE, text: String(value), resolved: { kind: 'bool', value } };
  if (typeof value === 'bigint')
    return { kind: 'scalar', at: NOWHERE, text: String(value), resolved: { kind: 'int', value } };
  if (typeof value === 'number') return { kind: 'scalar', at: NOWHERE, text: String(value), resolved: numberOf(value) };
  if (value instanceof Date)
    return { kind: 'scalar', at: NOWHERE, text: value.toISOString(), resolved: resolvePlain(value.toISOString()) };
  if (Array.isArray(value)) return { kind: 'seq', at: NOWHERE, items: value.map(nodeOf) };
  if (typeof value !== 'object') {
    throw new IchorError('invalid-input', `a machine config holds a ${typeof value}, which YAML cannot say`);
  }
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => ({ key: strNode(key), value: nodeOf(inner) }));
  return { kind: 'map', at: NOWHERE, entries };
}

function numberOf(value: number): Resolved {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
    ? { kind: 'int', value: BigInt(value) }
    : { kind: 'float', value };
}
