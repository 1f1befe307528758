/**
 * Replacements of parts of a text, and how a value is written where an encrypted one stood.
 */
import { stringify } from 'yaml';
import { resolvePlain, type SopsValue } from './value.ts';

export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies replacements that do not overlap, in any order. One inside another (a comment in a replaced block) is moved behind it. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = '';
  let at = 0;
  let behind = '';
  for (const splice of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (splice.start < at) {
      behind += ` ${splice.text}`;
      continue;
    }
    result += withBehind(text.slice(at, splice.start), behind) + splice.text;
    behind = '';
    // A block scalar's range takes its line end with it.
    if (text.slice(splice.start, splice.end).endsWith('\n') && splice.text !== '' && !splice.text.endsWith('\n')) {
      behind = '\n';
    }
    at = splice.end;
  }
  return result + withBehind(text.slice(at), behind);
}

function withBehind(next: string, behind: string): string {
  const [lineEnd, comments] = behind.startsWith('\n') ? ['\n', behind.slice(1)] : ['', behind];
  return comments + lineEnd + next;
}

export interface ScalarPlace {
  readonly isFlow: boolean;
  readonly indent: number;
  /** Something follows on the same line, so that a text of several lines must be quoted. */
  readonly isFollowed?: boolean;
}

/** A value in the clear, in the form that reads back as the same value for Go and for YAML 1.2. */
export function plainScalar(value: SopsValue, place: ScalarPlace): string {
  switch (value.type) {
    case 'null':
      return 'null';
    case 'bool':
      return value.text === 'True' ? 'true' : 'false';
    case 'float':
      return floatText(value.text);
    case 'int':
    case 'time':
      return value.text;
    case 'str':
      return stringScalar(value.text, place);
  }
}

/** SOPS writes 2.0 as `2`, which must not come back as an integer. */
function floatText(text: string): string {
  if (text === '+Inf') return '.inf';
  if (text === '-Inf') return '-.inf';
  if (text === 'NaN') return '.nan';
  return resolvePlain(text).type === 'float' ? text : `${text}.0`;
}

function stringScalar(text: string, place: ScalarPlace): string {
  const isBlock =
    text.includes('\n') &&
    !place.isFlow &&
    place.isFollowed !== true &&
    /^[^\s#](?:\n|[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}])*$/u.test(text) &&
    !/[ \t]+\n|\n{2,}$/.test(text);
  if (isBlock) {
    const indent = ' '.repeat(place.indent + 4);
    const body = text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => (line === '' ? '' : indent + line));
    return `${text.endsWith('\n') ? '|' : '|-'}\n${body.join('\n')}`;
  }
  const isQuoted = place.isFlow || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) || resolvePlain(text).type !== 'str';
  return isQuoted ? quoted(text) : stringify(text, { compat: 'yaml-1.1', lineWidth: 0 }).trimEnd();
}

/** Double quotes; characters that YAML 1.1 takes for line ends or refuses are escaped, which JSON alone does not do. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
