import { resolve } from 'node:path';
import { replacePrivateFile } from '../../../secrets/private-file.ts';
import { patchConfig } from '../../../talos/patch/patch.ts';
import type { IchorContext } from '../../context.ts';
import { readInput, readPatch } from '../../input.ts';
import { print, say } from '../../output.ts';
import type { PatchFlags } from './route.ts';

export async function runPatch(this: IchorContext, flags: PatchFlags, file: string): Promise<void> {
  const config = await readInput(this, file);
  const patches = await Promise.all(flags.patch.map((patch) => readPatch(this, patch)));
  const { text, warnings } = patchConfig(config, patches, flags.talos);
  for (const warning of warnings) say(this, `warning: ${warning.message}`);
  if (flags.to === undefined) print(this, text);
  else await replacePrivateFile(resolve(this.cwd, flags.to), text);
}
