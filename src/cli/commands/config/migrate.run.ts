import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { IchorError } from '../../../errors.ts';
import { migrateConfig } from '../../../talos/migrate/migrate.ts';
import type { IchorContext } from '../../context.ts';
import { Exit } from '../../failure.ts';
import { readInput } from '../../input.ts';
import { print, printJson, say } from '../../output.ts';
import type { MigrateFlags } from './route.ts';

export async function runMigrate(this: IchorContext, flags: MigrateFlags, file: string): Promise<void> {
  const before = await readInput(this, file);
  const { text, changes, notices } = migrateConfig(before, { from: flags.from, to: flags.to, links: flags.links });
  if (flags.write && file === '-') {
    throw new IchorError('invalid-input', 'standard input cannot be written to', {
      hint: 'Name a file, or leave --write out.',
    });
  }
  if (flags.output === 'json') printJson(this, { file, changes, notices, text });
  for (const { path, line, message } of notices)
    say(this, `${file}:${line}: notice: ${path === '' ? '' : `${path} `}${message}`);
  const isChanged = text !== before;
  if (isChanged && flags.write) {
    await writeFile(resolve(this.cwd, file), text);
    say(this, `${file}: ${changes.length} changes written.`);
    return;
  }
  if (flags.output === 'text')
    print(
      this,
      isChanged ? createTwoFilesPatch(file, file, before, text, flags.from, flags.to) : `${file}: nothing to change.`,
    );
  if (isChanged) throw new Exit(2);
}
