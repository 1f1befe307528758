/** Files that commands read by name: `-` is standard input. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IchorError, messageOf } from '../errors.ts';
import type { IchorContext } from './context.ts';

export async function readInput(context: IchorContext, file: string): Promise<string> {
  if (file === '-') return context.readStdin();
  try {
    return await readFile(resolve(context.cwd, file), 'utf8');
  } catch (reason) {
    throw new IchorError('not-found', `${file} cannot be read: ${messageOf(reason)}`, {
      hint: 'Check the path; - reads standard input.',
      cause: reason,
    });
  }
}

/**
 * A patch as talosctl takes it: `@file`, or text. What looks like a file name is read as one: text without a line break, blank or leading
 * bracket (talos-3-config.md §5.1).
 */
export async function readPatch(context: IchorContext, patch: string): Promise<string> {
  if (patch.startsWith('@')) return readInput(context, patch.slice(1));
  const isFileName = !/[\n ]/.test(patch) && !patch.startsWith('[') && !patch.startsWith('{');
  return isFileName ? readInput(context, patch) : patch;
}
