/** How an import is told: the cluster file on standard output or in a file, everything else on standard error, or all of it as JSON. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { IchorError } from '../../errors.ts';
import { replacePrivateFile } from '../../secrets/private-file.ts';
import type { Finding } from '../../spec/finding.ts';
import type { ConfigDifference } from '../../spec/import/differences.ts';
import type { ImportNote } from '../../spec/import/note.ts';
import type { IchorContext } from '../context.ts';
import { print, printJson, say } from '../output.ts';
import type { ImportFlags } from './import.ts';

export interface ImportReport {
  readonly text: string;
  readonly notes: readonly ImportNote[];
  readonly differences: readonly ConfigDifference[];
  /** Errors of `check` in the file that was made. */
  readonly findings: readonly Finding[];
  /** Why the two were not held against each other. */
  readonly notCompared?: string;
}

export async function reportImport(context: IchorContext, flags: ImportFlags, report: ImportReport): Promise<void> {
  refuseSecrets(report.notes, flags);
  if (flags.to !== undefined) await writeSpec(context, flags.to, { text: report.text, force: flags.force });
  const { text, notes, differences, findings, notCompared } = report;
  if (flags.output === 'json') {
    const file = flags.to === undefined ? { spec: text } : { file: flags.to };
    return printJson(context, {
      ...file,
      notes,
      differences,
      findings,
      ...(notCompared !== undefined && { notCompared }),
    });
  }
  if (flags.to === undefined) print(context, text);
  say(context, summary(report, flags.to));
}

function refuseSecrets(notes: readonly ImportNote[], flags: ImportFlags): void {
  const secrets = notes.filter(({ kind }) => kind === 'secret');
  if (secrets.length === 0 || flags.reveal) return;
  const list = secrets.map(({ place, what }) => `\n  ${place}: ${what}`).join('');
  throw new IchorError(
    'refused',
    `values out of encrypted files would stand in the cluster file in the clear:${list}`,
    {
      hint: 'If they are no secrets, repeat it with --reveal; else move them out of the patches first, into a feature that takes a reference.',
    },
  );
}

async function writeSpec(
  context: IchorContext,
  file: string,
  { text, force }: { readonly text: string; readonly force: boolean },
): Promise<void> {
  const path = resolve(context.cwd, file);
  if (existsSync(path) && !force)
    throw new IchorError('refused', `${file} exists already`, { hint: 'Give another name with --to, or --force.' });
  await replacePrivateFile(path, text);
}

const TITLES = {
  lost: 'Not carried over',
  changed: 'Said in another way',
  secret: 'In the clear now',
  check: 'To be looked at',
} as const;

function summary({ notes, differences, findings, notCompared }: ImportReport, file: string | undefined): string {
  const lines = [file === undefined ? 'Imported.' : `Wrote ${file}.`];
  for (const kind of ['lost', 'changed', 'secret', 'check'] as const) {
    const some = notes.filter((note) => note.kind === kind);
    if (some.length > 0)
      lines.push('', `${TITLES[kind]}:`, ...some.map(({ place, what, reason }) => `  ${place}: ${what}: ${reason}`));
  }
  if (notCompared !== undefined) lines.push('', `Not held against the old configs: ${notCompared}`);
  for (const isSame of [false, true]) {
    const some = differences.filter(({ isSameMeaning }) => isSameMeaning === isSame);
    const title = isSame ? 'Differs in the machine configs and means the same:' : 'Differs in the machine configs:';
    if (some.length > 0) lines.push('', title, ...grouped(some));
  }
  if (differences.length === 0 && notCompared === undefined)
    lines.push('', 'The machine configs are the same as before.');
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    lines.push(
      '',
      'To be mended before it can be rendered (`ichor check`):',
      ...errors.map(({ rule, message }) => `  ${message} [${rule}]`),
    );
  return lines.join('\n');
}

/** One line for what is alike on several nodes. */
function grouped(differences: readonly ConfigDifference[]): readonly string[] {
  const groups = new Map<
    string,
    { readonly first: ConfigDifference; readonly nodes: Set<string>; readonly paths: Set<string> }
  >();
  for (const difference of differences) {
    const value = difference.isSameMeaning ? '' : `${difference.was} ${difference.is}`;
    const key = difference.isSameMeaning ? difference.reason : `${difference.document} ${difference.path} ${value}`;
    const group = groups.get(key) ?? { first: difference, nodes: new Set<string>(), paths: new Set<string>() };
    group.nodes.add(difference.node);
    group.paths.add(`${difference.document} ${difference.path}`.trim());
    groups.set(key, group);
  }
  return [...groups.values()].map(({ first, nodes, paths }) => {
    const values = first.isSameMeaning ? '' : ` (was ${short(first.was)}, is ${short(first.is)})`;
    return `  ${listed([...paths], 3)}${values}: ${first.reason} [${listed([...nodes], 4)}]`;
  });
}

function short(value: string | undefined): string {
  if (value === undefined) return 'not there';
  return value.length > 80 ? `${value.slice(0, 77)}…` : value;
}

function listed(items: readonly string[], most: number): string {
  return items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}
