import { pathText, type ConfigFinding } from '../../../talos/documents/finding.ts';
import { validateConfig } from '../../../talos/validate/validate.ts';
import type { IchorContext } from '../../context.ts';
import { Exit } from '../../failure.ts';
import { readInput } from '../../input.ts';
import { dataColours, print, printJson, type Colours } from '../../output.ts';
import type { ValidateFlags } from './route.ts';

export async function runValidate(this: IchorContext, flags: ValidateFlags, file: string): Promise<void> {
  const { load, errors, warnings, notices } = validateConfig(await readInput(this, file), {
    talos: flags.talos,
    mode: flags.mode,
    strict: flags.strict,
  });
  const findings = [...load, ...errors, ...warnings, ...notices];
  const ok = load.length === 0 && errors.length === 0;
  if (flags.output === 'json') {
    printJson(this, { file, ok, findings });
  } else {
    const colours = dataColours(this);
    for (const finding of findings) print(this, renderConfigFinding(finding, file, colours));
    print(this, `${file} is ${ok ? '' : 'not '}valid for ${flags.mode} mode on Talos ${flags.talos}`);
  }
  if (!ok) throw new Exit(1);
}

function renderConfigFinding(finding: ConfigFinding, file: string, colours: Colours): string {
  const { severity, document, path, message, hint, position } = finding;
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const word = { error: colours.red, warning: colours.yellow, notice: colours.cyan }[severity](severity);
  const owner =
    document === undefined ? '' : document.name === '' ? document.kind : `${document.kind}/${document.name}`;
  const subject = [owner, pathText(path)].filter((part) => part !== '').join(' ');
  return `${place}: ${word}: ${subject === '' ? '' : `${subject}: `}${message}${hint === undefined ? '' : `\n  ${colours.bold('hint')}: ${hint}`}`;
}
