/** Shows a place in a person's file: the lines around it with their numbers and a caret below the column. */
import type { SourcePosition } from '../errors.ts';

const LINES_BEFORE = 2;
const LINES_AFTER = 1;

/** Undefined when the place lies outside of the text. */
export function codeFrame(text: string, where: SourcePosition): string | undefined {
  const lines = text.split(/\r?\n/);
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
