/**
 * JSON values with the text of their numbers, read from JSON and from YAML as the tools inside Talos' JSON patcher read it
 * (yaml.v2: YAML 1.1 booleans included).
 */
import { IchorError } from '../../errors.ts';
import { resolvePlain } from '../schematic/scalar.ts';
import { mergedEntries } from '../values/read-any.ts';
import { followed } from '../yaml/node.ts';
import type { ScalarNode, YamlNode } from '../yaml/node.ts';

export interface JsonNumber {
  readonly kind: 'number';
  readonly text: string;
}

export interface JsonObject {
  readonly kind: 'object';
  readonly entries: ReadonlyMap<string, JsonValue>;
}

export interface JsonArray {
  readonly kind: 'array';
  readonly items: readonly JsonValue[];
}

export type JsonValue = null | boolean | string | JsonNumber | JsonObject | JsonArray;

/** Undefined when the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  // `JSON.parse` forgets how numbers were written, so that each is wrapped before.
  const wrapped = text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*/gs, (token) =>
    token.startsWith('"') ? token : `{"${NUMBER}":"${token}"}`,
  );
  return fromParsed(JSON.parse(wrapped));
}

const NUMBER = '\\u0000number';

function fromParsed(value: unknown): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return { kind: 'array', items: value.map(fromParsed) };
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value);
  const [first] = entries;
  if (first?.[0] === '\u0000number') return { kind: 'number', text: String(first[1]) };
  return { kind: 'object', entries: new Map(entries.map(([key, inner]) => [key, fromParsed(inner)])) };
}

/** As yaml.v2 reads a document for `YAMLToJSON`. */
export function jsonOfYaml11(node: YamlNode): JsonValue {
  return fromNode(node, yaml11Scalar);
}

/** As yaml v3 and v4 read free-form data. */
export function jsonOfYaml12(node: YamlNode): JsonValue {
  return fromNode(node, yaml12Scalar);
}

function fromNode(node: YamlNode, scalar: (node: ScalarNode) => JsonValue): JsonValue {
  const target = followed(node);
  if (target.kind === 'scalar') return scalar(target);
  if (target.kind === 'seq') return { kind: 'array', items: target.items.map((item) => fromNode(item, scalar)) };
  const entries = mergedEntries(target).map(
    ({ key, value }) => [keyOf(followed(key), scalar), fromNode(value, scalar)] as const,
  );
  return { kind: 'object', entries: new Map(entries) };
}

function keyOf(key: Exclude<YamlNode, { kind: 'alias' }>, scalar: (node: ScalarNode) => JsonValue): string {
  const value = key.kind === 'scalar' ? scalar(key) : null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value !== null && value.kind === 'number') return value.text;
  throw new IchorError('invalid-input', `line ${key.at.line}: the key is neither a text nor a number`);
}

function yaml11Scalar(node: ScalarNode): JsonValue {
  if (node.resolved.kind !== 'str' || !node.isPlain) return yaml12Scalar(node);
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(node.text)) return true;
  if (/^(?:n|N|no|No|NO|off|Off|OFF)$/.test(node.text)) return false;
  return node.text;
}

function yaml12Scalar({ resolved, text }: ScalarNode): JsonValue {
  switch (resolved.kind) {
    case 'str':
    case 'merge':
      return text;
    case 'null':
      return null;
    case 'bool':
      return resolved.value;
    case 'int':
      return { kind: 'number', text: String(resolved.value) };
    case 'float':
      return { kind: 'number', text: jsonFloat(resolved.value) };
    case 'timestamp':
      return resolved.text;
  }
}

/** Go's `encoding/json`: like JavaScript's, but for the width of exponents. Infinity and NaN cannot be said. */
function jsonFloat(value: number): string {
  if (!Number.isFinite(value)) throw new IchorError('invalid-input', `JSON cannot say the number ${value}`);
  return Object.is(value, -0) ? '-0' : String(value).replace(/e([-+])(\d)$/, 'e$10$2');
}

/** Whether a text that is written plain would be read as something else by yaml.v2. */
export function isYaml11Text(text: string): boolean {
  if (/^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text)) return false;
  const { kind } = resolvePlain(text);
  return kind === 'str' || kind === 'merge';
}
