/**
 * Files that hold secrets: mode 0600, written whole or not at all. What is written must be fit to lie on a disk already: the
 * temporary file beside it has the same content.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IchorError, messageOf } from '../errors.ts';

/** Undefined when there is no such file. */
export async function readOptionalFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR')) return undefined;
    throw new IchorError('invalid-input', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** False, and nothing written, when something stands there already: two processes at once make one file. */
export async function createPrivateFile(path: string, content: string | Uint8Array): Promise<boolean> {
  const temporary = await writeBeside(path, content);
  try {
    await link(temporary, path);
    return true;
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false;
    throw cannotWrite(path, cause);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Takes the place of what stands there; a symbolic link stays one and its target is replaced. */
export async function replacePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = await writeBeside(target, content);
  try {
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, cause);
  }
}

/** Makes the folder for a person's own configuration, closed to others, if it is not there. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Whether others than the owner may read the file; undefined where the system knows no such thing. */
export async function isOpenToOthers(path: string): Promise<boolean | undefined> {
  if (process.platform === 'win32') return undefined;
  const found = await lstat(path);
  return (found.mode & 0o077) !== 0;
}

async function writeBeside(path: string, content: string | Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    // The mode above is cut by the umask, never widened; a stricter one would lock out the owner.
    await chmod(temporary, 0o600);
    return temporary;
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, cause);
  }
}

function cannotWrite(path: string, cause: unknown): IchorError {
  return new IchorError('invalid-input', `${path} cannot be written: ${messageOf(cause)}`, {
    hint: `Look whether the folder ${dirname(path)} exists and can be written to.`,
    cause,
  });
}

function hasCode(reason: unknown, code: string): boolean {
  return reason instanceof Error && 'code' in reason && reason.code === code;
}
