/**
 * The lock as a file that is created exclusively, `<state>/<cluster>/lock`. It names its owner's process; when that process on this
 * machine is gone (killed, power cut), the next one takes it over.
 */
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IchorError } from '../errors.ts';
import type { LockAttempt, LockOwner, LockStore } from './lock.ts';
import { segmentOf } from './paths.ts';

export interface FileLockOptions {
  readonly directory: string;
  /** Name of this machine: locks of other machines (a shared home directory) are never taken over. */
  readonly host: string;
  readonly isAlive?: (pid: number) => boolean;
}

export function createFileLocks(options: FileLockOptions): LockStore {
  const isAlive = options.isAlive ?? isProcessAlive;
  return {
    async acquire(cluster, owner) {
      const directory = join(options.directory, segmentOf(cluster));
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, 'lock');
      for (let attempt = 0; attempt < 3; attempt += 1) {
        if (await create(path, owner)) return { kind: 'held', lock: { release: () => release(path, owner) } };
        const present = await readOwner(path);
        if (present === undefined) continue;
        if (present.host !== options.host || isAlive(present.pid))
          return { kind: 'taken', owner: present } satisfies LockAttempt;
        await setAside(path, present);
      }
      throw new IchorError('refused', `the lock ${path} changes hands all the time`, {
        hint: 'Are several runs being started at once? Try again.',
      });
    },
  };
}

/** Written beside and linked into place: whoever finds the lock finds its owner in it, never an empty file. */
async function create(path: string, owner: LockOwner): Promise<boolean> {
  const draft = `${path}.${owner.pid}.${owner.since}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (reason) {
    if (codeOf(reason) === 'EEXIST') return false;
    throw reason;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readOwner(path: string): Promise<LockOwner | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (reason) {
    if (codeOf(reason) === 'ENOENT') return undefined;
    throw reason;
  }
  const value: unknown = JSON.parse(text);
  if (isOwner(value)) return value;
  throw new IchorError('invalid-input', `${path} is no lock of this version of Ichor`, {
    hint: 'If no other run is going on, delete it.',
  });
}

/** Moved away first, so that of two who find the same dead owner only one removes it, and never a lock that was taken meanwhile. */
async function setAside(path: string, dead: LockOwner): Promise<void> {
  const aside = `${path}.dead.${dead.pid}.${dead.since}`;
  try {
    await rename(path, aside);
  } catch (reason) {
    if (codeOf(reason) === 'ENOENT') return;
    throw reason;
  }
  const moved = await readOwner(aside);
  const isTheDeadOne = moved?.pid === dead.pid && moved.since === dead.since;
  if (!isTheDeadOne) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, owner: LockOwner): Promise<void> {
  const present = await readOwner(path);
  if (present?.pid === owner.pid && present.since === owner.since) await rm(path, { force: true });
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (reason) {
    // Somebody else's process is alive as well.
    return codeOf(reason) === 'EPERM';
  }
}

function isOwner(value: unknown): value is LockOwner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'host' in value &&
    typeof value.host === 'string' &&
    'since' in value &&
    typeof value.since === 'number' &&
    'command' in value &&
    typeof value.command === 'string'
  );
}

function codeOf(reason: unknown): string | undefined {
  return reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : undefined;
}
