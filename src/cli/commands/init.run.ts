import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IchorError } from '../../errors.ts';
import { renderTemplate } from '../../spec/template.ts';
import type { IchorContext } from '../context.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { print, say } from '../output.ts';
import type { InitFlags } from './init.ts';

export async function runInit(this: IchorContext, flags: InitFlags, file: string = DEFAULT_FILE): Promise<void> {
  const { print: isPrinted, ...options } = flags;
  const text = renderTemplate(options);
  if (isPrinted) return print(this, text);
  try {
    await writeFile(resolve(this.cwd, file), text, { flag: 'wx' });
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'EEXIST') {
      throw new IchorError('refused', `${file} exists already`, {
        hint: 'Name another file, or --print the template.',
      });
    }
    throw reason;
  }
  say(
    this,
    `Wrote ${file}. Fill in what is marked, then: ichor check, ichor rehearse ${file}, ichor secrets generate, ichor plan, ichor apply`,
  );
}
