/**
 * The order in which Go's YAML library writes the keys of a map: numbers by value, texts in natural order (a9 before a10).
 */
import type { GoValue } from '../values/value.ts';

/** `keyList.Less` as a comparison. */
export function compareKeys(left: GoValue, right: GoValue): number {
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
  if (leftNumber !== undefined || rightNumber !== undefined) return leftNumber === undefined ? 1 : -1;
  return compareTexts(textOf(left), textOf(right));
}

const PLAIN_WORD = /^[a-zA-Z]*$/;

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  if (PLAIN_WORD.test(left) && PLAIN_WORD.test(right)) return left < right ? -1 : 1;
  return isLess([...left], [...right]) ? -1 : 1;
}

function isLess(left: readonly string[], right: readonly string[]): boolean {
  let isAfterDigit = false;
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index += 1) {
    const [a, b] = [left[index] ?? '', right[index] ?? ''];
    if (a === b) {
      isAfterDigit = isDigit(a);
      continue;
    }
    const [isLetterA, isLetterB] = [isLetter(a), isLetter(b)];
    if (isLetterA && isLetterB) return codeOf(a) < codeOf(b);
    if (isLetterA || isLetterB) return isAfterDigit ? isLetterA : isLetterB;
    return isLessNumber(left, right, index);
  }
  return left.length < right.length;
}

/** From the first difference on: the longer run of digits is the larger number, unless they differ in value. */
function isLessNumber(left: readonly string[], right: readonly string[], index: number): boolean {
  const lead = (left[index] === '0' || right[index] === '0') && hasDigitBefore(left, index) ? 1n : 0n;
  const a = runFrom(left, index, lead);
  const b = runFrom(right, index, lead);
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

function runFrom(
  text: readonly string[],
  start: number,
  lead: bigint,
): { readonly value: bigint; readonly end: number } {
  let value = lead;
  let end = start;
  while (end < text.length && isDigit(text[end] ?? '')) {
    value = value * 10n + BigInt(codeOf(text[end] ?? '') - 0x30);
    end += 1;
  }
  return { value, end };
}

function numberOf(key: GoValue): number | undefined {
  if (typeof key === 'boolean') return key ? 1 : 0;
  if (typeof key === 'bigint') return Number(key);
  return typeof key === 'object' && key?.kind === 'float' ? key.value : undefined;
}

function textOf(key: GoValue): string {
  if (typeof key === 'string') return key;
  return typeof key === 'object' && key?.kind === 'time' ? key.text : '';
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
