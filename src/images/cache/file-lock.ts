/** A lock between processes on one machine: a file that only one can create, with the process id of its owner inside. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sleep } from '../../system.ts';
import type { Clock } from '../../system.ts';

const POLL_MS = 200;

/** Runs `work` while holding the lock. A lock whose owner no longer runs is taken over. */
export async function withFileLock<T>(
  path: string,
  clock: Clock,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await tryLock(path))) {
    if (!(await removeStale(path))) await sleep(clock, POLL_MS, signal);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Linking a file that is already written makes owner and lock appear as one. */
async function tryLock(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
    return true;
  } catch (reason) {
    if (codeOf(reason) === 'EEXIST') return false;
    throw reason;
  } finally {
    await rm(own, { force: true });
  }
}

/** Under a lock of its own, so that of two who find it stale the second does not remove what the first has just taken. */
async function removeStale(path: string): Promise<boolean> {
  if (!(await isStale(path))) return false;
  const takeover = `${path}.takeover`;
  if (!(await tryLock(takeover))) {
    if (await isStale(takeover)) await rm(takeover, { force: true });
    return false;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

async function isStale(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (!/^\d+$/.test(text)) return false;
  try {
    process.kill(Number(text), 0);
    return false;
  } catch (reason) {
    return codeOf(reason) === 'ESRCH';
  }
}

function codeOf(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : undefined;
}
