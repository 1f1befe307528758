/** Findings as a person reads them: severity, place, what is wrong, the lines around it, what to write instead. */
import type { Finding } from '../../spec/finding.ts';
import type { Colours } from '../output.ts';

export function renderFindings(findings: readonly Finding[], colours: Colours): string {
  return findings.map((finding) => renderFinding(finding, colours)).join('\n');
}

/** Of one rule at most so many: a large file with the same remark on every node stays readable. `check` shows all. */
export function abridgeFindings(findings: readonly Finding[], perRule: number, colours: Colours): string {
  const seen = new Map<string, number>();
  const shown = findings.filter((finding) => {
    const count = (seen.get(finding.rule) ?? 0) + 1;
    seen.set(finding.rule, count);
    return finding.severity === 'error' || count <= perRule;
  });
  const hidden = findings.length - shown.length;
  const rest =
    hidden === 0 ? '' : `\n${colours.dim(`… and ${hidden} more of the same rules: ichor check shows all`)}\n`;
  return `${renderFindings(shown, colours)}${rest}`;
}

export function renderFinding(finding: Finding, colours: Colours): string {
  const paint = { error: colours.red, warning: colours.yellow, notice: colours.cyan }[finding.severity];
  const place =
    finding.where === undefined ? '' : `${finding.where.file}:${finding.where.line}:${finding.where.column}: `;
  const lines = [`${place}${paint(finding.severity)}: ${finding.message} ${colours.dim(`[${finding.rule}]`)}`];
  if (finding.frame !== undefined) lines.push(indent(finding.frame.trimEnd()));
  if (finding.hint !== undefined) lines.push(`  ${colours.bold('hint')}: ${finding.hint}`);
  return `${lines.join('\n')}\n`;
}

/** `2 errors, 1 warning` */
export function countFindings(findings: readonly Finding[]): string {
  const counts = (['error', 'warning', 'notice'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return counts.length === 0 ? 'no findings' : counts.join(', ');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
