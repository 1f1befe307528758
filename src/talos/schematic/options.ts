/**
 * `overlay.options` of a schematic: free-form data that go-yaml reads into Go maps and writes again, sorted and with its
 * numbers rewritten.
 */
import type { Emittable } from './emit.ts';
import type { SchematicEntry, SchematicNode } from './node.ts';
import { refused } from './refusal.ts';
import type { Resolved } from './scalar.ts';

/** Undefined when absent or empty, which is then not written at all. */
export function optionsOf(node: SchematicNode | undefined): Emittable | undefined {
  if (node === undefined || (node.kind === 'scalar' && node.resolved.kind === 'null')) return undefined;
  if (node.kind !== 'map') throw refused('has something else where overlay.options is a map', node.line);
  return node.entries.length === 0 ? undefined : rewritten(node, true);
}

/** `hasTextKeys`: the outermost map has text keys in Go, so that numbers there become text. */
function rewritten(node: SchematicNode, hasTextKeys: boolean): Emittable {
  if (node.kind === 'seq') return { kind: 'seq', items: node.items.map((item) => rewritten(item, false)) };
  if (node.kind === 'scalar') return scalar(node.text, node.resolved);
  const keys = node.entries.map((entry) => ({ entry, key: hasTextKeys ? textKey(entry) : keyOf(entry) }));
  const sorted = keys.toSorted((left, right) => compareKeys(left.key, right.key));
  return {
    kind: 'map',
    entries: sorted.map(({ entry, key }) => [scalar(key.text, key.resolved), rewritten(entry.value, false)] as const),
  };
}

interface Key {
  readonly text: string;
  readonly resolved: Resolved;
}

function keyOf({ key }: SchematicEntry): Key {
  if (key.kind !== 'scalar' || key.resolved.kind === 'null')
    throw refused('has a key in overlay.options that is not a word or a number', key.line);
  return { text: key.text, resolved: key.resolved };
}

function textKey(entry: SchematicEntry): Key {
  const key = keyOf(entry);
  if (key.resolved.kind === 'timestamp')
    throw refused('has a date as a key in overlay.options; quote it', entry.key.line);
  return { text: key.text, resolved: { kind: 'str' } };
}

function scalar(text: string, resolved: Resolved): Emittable {
  switch (resolved.kind) {
    case 'str':
    case 'merge':
      return { kind: 'str', text };
    case 'null':
      return { kind: 'plain', text: 'null' };
    case 'bool':
    case 'int':
      return { kind: 'plain', text: String(resolved.value) };
    case 'float':
      return { kind: 'plain', text: goFloat(resolved.value) };
    case 'timestamp':
      return { kind: 'plain', text: resolved.text };
  }
}

/** Go's `strconv.FormatFloat(value, 'g', -1, 64)`: an exponent below 1e-4 and from 1e6 on, of at least two digits. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}

/** `keyList.Less`: numbers by value, then texts in natural order (a9 before a10), letters after everything else. */
function compareKeys(left: Key, right: Key): number {
  const leftNumber = numberOf(left.resolved);
  const rightNumber = numberOf(right.resolved);
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
  if (leftNumber !== undefined || rightNumber !== undefined) return leftNumber === undefined ? 1 : -1;
  if (left.text === right.text) return 0;
  return isLess([...left.text], [...right.text]) ? -1 : 1;
}

function numberOf(resolved: Resolved): number | undefined {
  if (resolved.kind === 'bool') return resolved.value ? 1 : 0;
  return resolved.kind === 'int' || resolved.kind === 'float' ? Number(resolved.value) : undefined;
}

function isLess(left: readonly string[], right: readonly string[]): boolean {
  let isAfterDigit = false;
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index += 1) {
    const a = left[index] ?? '';
    const b = right[index] ?? '';
    if (a === b) {
      isAfterDigit = isDigit(a);
      continue;
    }
    const isLetterA = isLetter(a);
    const isLetterB = isLetter(b);
    if (isLetterA && isLetterB) return codeOf(a) < codeOf(b);
    if (isLetterA || isLetterB) return isAfterDigit ? isLetterA : isLetterB;
    return isLessNumber(left, right, index);
  }
  return left.length < right.length;
}

/** From the first difference on: the longer run of digits is the larger number, unless they differ in value. */
function isLessNumber(left: readonly string[], right: readonly string[], index: number): boolean {
  const lead = (left[index] === '0' || right[index] === '0') && hasDigitBefore(left, index) ? 1n : 0n;
  const a = run(left, index, lead);
  const b = run(right, index, lead);
  if (a.value !== b.value) return a.value < b.value;
  if (a.end !== b.end) return a.end < b.end;
  return codeOf(left[index] ?? '') < codeOf(right[index] ?? '');
}

/** Whether the digits directly before hold one that is not zero. */
function hasDigitBefore(text: readonly string[], index: number): boolean {
  for (let at = index - 1; at >= 0 && isDigit(text[at] ?? ''); at -= 1) {
    if (text[at] !== '0') return true;
  }
  return false;
}

function run(text: readonly string[], start: number, lead: bigint): { readonly value: bigint; readonly end: number } {
  let value = lead;
  let end = start;
  while (end < text.length && isDigit(text[end] ?? '')) {
    value = value * 10n + BigInt(codeOf(text[end] ?? '') - 0x30);
    end += 1;
  }
  return { value, end };
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character);
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
