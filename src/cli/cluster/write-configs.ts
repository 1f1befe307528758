/** Writes rendered configs into a folder, each whole or not at all. They hold the cluster's secrets: mode 0600. */
import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, lstatSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { IchorError, messageOf } from '../../errors.ts';
import { ensurePrivateFolder } from '../../secrets/private-file.ts';

export interface ConfigFile {
  readonly name: string;
  readonly config: string;
}

/**
 * A reader finds a file as it was or as it is to be, never half of it. Nothing waits for the disk itself: what a power cut takes is
 * rendered again. One call after another, because a thousand small files cost less so than through the thread pool.
 */
export async function writeConfigs(folder: string, files: readonly ConfigFile[]): Promise<void> {
  await ensurePrivateFolder(folder);
  const mark = randomBytes(6).toString('hex');
  for (const { name, config } of files) replaceFile(join(folder, name), config, mark);
}

/** A symbolic link stays one and its target is replaced. */
function replaceFile(path: string, content: string, mark: string): void {
  let temporary: string | undefined;
  try {
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const target = isLink ? realpathSync(path) : path;
    temporary = join(dirname(target), `.${basename(target)}.${mark}`);
    writeNew(temporary, content);
    renameSync(temporary, target);
  } catch (cause) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw new IchorError('invalid-input', `${path} cannot be written: ${messageOf(cause)}`, {
      hint: `Look whether the folder ${dirname(path)} exists and can be written to.`,
      cause,
    });
  }
}

function writeNew(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    // The mode above is cut by the umask, never widened; a stricter one would lock out the owner.
    fchmodSync(file, 0o600);
    const bytes = Buffer.from(content);
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}
