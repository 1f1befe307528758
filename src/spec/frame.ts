/** Shows a place in a person's file: the lines around it with their numbers and a caret below the column. */
import type { SourcePosition } from '../errors.ts';

const LINES_BEFORE = 2;
const LINES_AFTER = 1;

/** Undefined when the place lies outside of the text. What begins at one of the `secrets` is left out of the picture. */
export function codeFrame(
  text: string,
  where: SourcePosition,
  secrets: readonly SourcePosition[] = [],
): string | undefined {
  const lines = masked(text.split(/\r?\n/), secrets);
  if (lines[where.line - 1] === undefined) return undefined;
  const first = Math.max(1, where.line - LINES_BEFORE);
  const last = Math.min(lines.length, where.line + LINES_AFTER);
  const width = String(last).length;
  const shown: string[] = [];
  for (let number = first; number <= last; number += 1) {
    shown.push(
      `${number === where.line ? '>' : ' '} ${String(number).padStart(width)} | ${lines[number - 1] ?? ''}`.trimEnd(),
    );
    if (number === where.line) shown.push(`  ${' '.repeat(width)} | ${' '.repeat(where.column - 1)}^`);
  }
  return shown.join('\n');
}

/** The rest of the line goes, and the lines below that are indented deeper: a secret may be a block of text. */
function masked(lines: readonly string[], secrets: readonly SourcePosition[]): readonly string[] {
  const result = [...lines];
  for (const { line, column } of secrets) {
    const text = lines[line - 1];
    if (text === undefined) continue;
    result[line - 1] = `${text.slice(0, column - 1)}(hidden)`;
    const margin = indentOf(text);
    for (let below = line; below < lines.length && indentOf(lines[below] ?? '') > margin; below += 1)
      result[below] = `${' '.repeat(margin + 2)}(hidden)`;
  }
  return result;
}

function indentOf(line: string): number {
  return line.trim() === '' ? Number.POSITIVE_INFINITY : line.length - line.trimStart().length;
}
