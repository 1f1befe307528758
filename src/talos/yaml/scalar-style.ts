/**
 * Which quotes Talos' YAML library gives a string, per dialect: go-yaml's `stringv`, `analyzeScalar` and `selectScalarStyle`
 * in one.
 */
import { isOldYamlWord, resolvePlain } from '../schematic/scalar.ts';
import type { YamlDialect } from './dialect.ts';

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal';

const SIMPLE_WORD = /^[A-Za-z/][A-Za-z0-9/._-]*$/;
/** Words that YAML 1.1 or 1.2 readers take for something else than text, in any case. */
const SPECIAL_WORD = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
const LONGEST_SPECIAL = 'false'.length;

export function styleOf(text: string, isKey: boolean, dialect: YamlDialect, isTagged = false): ScalarStyle {
  // Most strings of a config are such words; the long way below comes to the same.
  if (SIMPLE_WORD.test(text) && (text.length > LONGEST_SPECIAL || !SPECIAL_WORD.test(text))) return 'plain';
  const allowed = analyze(text);
  const wanted = wantedStyle(text, dialect, isTagged);
  if (isKey && allowed.isMultiline) return 'double';
  const isPlainRefused = !allowed.plain || (text === '' && isKey);
  const style = wanted === 'plain' && isPlainRefused ? 'single' : wanted;
  if (style === 'single' && !allowed.single) return 'double';
  if (style === 'literal' && (!allowed.block || isKey)) return 'double';
  return style;
}

export function isBreak(character: string): boolean {
  return /^[\r\n\u0085\u2028\u2029]$/.test(character);
}

export function isPrintable(character: string): boolean {
  return /^[\n\x20-\x7E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]$/.test(character);
}

function wantedStyle(text: string, dialect: YamlDialect, isTagged: boolean): ScalarStyle {
  if (text.includes('\n')) return dialect.quotesBlankBlocks && !hasInk(text) ? 'double' : 'literal';
  if (isTagged) return resolvePlain(text).kind === 'str' ? 'plain' : 'double';
  if (text === '<<') return dialect.quotesMergeWord ? dialect.oldWords : 'plain';
  if (isOldYamlWord(text)) return dialect.oldWords;
  return resolvePlain(text).kind === 'str' ? 'plain' : 'double';
}

/** v4's `shouldUseLiteralStyle`: at least one character that is not white space. */
function hasInk(text: string): boolean {
  return text.length >= 2 && /[^\s\u0085]/u.test(text.replaceAll('\uFEFF', 'x'));
}

/** The styles that a text can be written in at all. */
export interface Allowed {
  readonly isMultiline: boolean;
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

/** `analyzeScalar`, for block context. */
export function analyze(text: string): Allowed {
  if (text === '') return { isMultiline: false, plain: true, single: true, block: false };
  const first = text.charAt(0);
  const last = text.charAt(text.length - 1);
  const isMultiline = /[\r\n\u0085\u2028\u2029]/.test(text);
  const isSpecial = /[^\t\n\x20-\x7E\u00A0-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]/u.test(text);
  const spaceBreak = / [\r\n\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const hasEdge = first === ' ' || last === ' ' || isBreak(first) || isBreak(last);
  const single = !breakSpace && !spaceBreak && !text.includes('\t') && !isSpecial;
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
