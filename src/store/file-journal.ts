/** The journal as one NDJSON file a run, `<state>/<cluster>/runs/<run>.ndjson`, readable by its owner only. */
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal, JournalRecord, RunSummary } from './journal.ts';
import { segmentOf } from './paths.ts';

const SUFFIX = '.ndjson';

export function createFileJournal(directory: string): Journal {
  let last: Promise<void> = Promise.resolve();

  async function write(cluster: string, record: JournalRecord): Promise<void> {
    const path = fileOf(directory, cluster, record.runId);
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    // One write per line on a file opened for appending: a crash leaves whole lines, and at most the last one cut off. A run's end
    // must be on the disk; in between the kernel may take its time.
    await appendFile(path, `${JSON.stringify(record)}\n`, { mode: 0o600, flush: record.kind === 'run-finished' });
  }

  return {
    append(cluster, record) {
      const mine = last.then(() => write(cluster, record));
      // The next record waits for this one, but does not fail with it.
      last = mine.catch(() => undefined);
      return mine;
    },
    async runs(cluster) {
      const runs: RunSummary[] = [];
      for (const name of await namesIn(join(directory, segmentOf(cluster), 'runs'))) {
        const runId = name.slice(0, -SUFFIX.length);
        const [first] = await readLines(fileOf(directory, cluster, runId));
        runs.push({ runId, startedAt: timeOf(first) });
      }
      return runs.toSorted((left, right) => right.startedAt - left.startedAt);
    },
    read: (cluster, runId) => readLines(fileOf(directory, cluster, runId)),
  };
}

function fileOf(directory: string, cluster: string, runId: string): string {
  return join(directory, segmentOf(cluster), 'runs', `${segmentOf(runId)}${SUFFIX}`);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(SUFFIX));
  } catch (reason) {
    if (isMissing(reason)) return [];
    throw reason;
  }
}

async function readLines(path: string): Promise<readonly unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (reason) {
    if (isMissing(reason)) return [];
    throw reason;
  }
  const lines = text.split('\n');
  // Behind the last line break stands nothing, or what a crash cut off.
  lines.pop();
  return lines.map((line): unknown => JSON.parse(line));
}

function timeOf(record: unknown): number {
  return typeof record === 'object' && record !== null && 'time' in record && typeof record.time === 'number'
    ? record.time
    : 0;
}

function isMissing(reason: unknown): boolean {
  return reason instanceof Error && 'code' in reason && reason.code === 'ENOENT';
}
