import { mkdtemp, readdir, rm, stat, writeFile, appendFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createFileJournal } from '../../src/store/file-journal.ts';
import { createFileLocks } from '../../src/store/file-lock.ts';
import { createMemoryJournal, createMemoryLocks } from '../../src/store/memory.ts';
import { describeStore } from './store.ts';

const root = await mkdtemp(join(tmpdir(), 'ichor-store-'));
let count = 0;
const fresh = (): string => join(root, String((count += 1)));

afterAll(() => rm(root, { recursive: true }));

describeStore('memory', { journal: async () => createMemoryJournal(), locks: async () => createMemoryLocks() });
describeStore('files', {
  journal: async () => createFileJournal(fresh()),
  locks: async () => createFileLocks({ directory: fresh(), host: 'here', isAlive: () => true }),
});

describe('files', () => {
  const record = { v: 1, runId: 'run-1', seq: 1, time: 5, kind: 'observed' };

  test('a journal is for its owner only', async () => {
    const directory = fresh();
    await createFileJournal(directory).append('homelab', record);

    const file = join(directory, 'homelab', 'runs', 'run-1.ndjson');

    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);
  });

  test('a line that a crash cut off is left out', async () => {
    const directory = fresh();
    const journal = createFileJournal(directory);
    await journal.append('homelab', record);
    await appendFile(join(directory, 'homelab', 'runs', 'run-1.ndjson'), '{"v":1,"runId":"ru');

    expect(await journal.read('homelab', 'run-1')).toEqual([record]);
  });

  test('a record that cannot be written fails alone; the next is written', async () => {
    const directory = fresh();
    await mkdir(directory);
    await writeFile(join(directory, 'homelab'), 'a file where a folder should be');
    const journal = createFileJournal(directory);

    await expect(journal.append('homelab', record)).rejects.toThrow();
    await journal.append('office', record);

    expect(await journal.read('office', 'run-1')).toEqual([record]);
  });

  test('the lock of a process that is gone is taken over, that of another machine never', async () => {
    const directory = fresh();
    const dead = createFileLocks({ directory, host: 'here', isAlive: () => false });
    await dead.acquire('homelab', { pid: 4_000_000, host: 'here', since: 1, command: 'ichor apply' });
    await dead.acquire('office', { pid: 4_000_000, host: 'elsewhere', since: 1, command: 'ichor apply' });

    expect((await dead.acquire('homelab', { pid: 1, host: 'here', since: 2, command: 'ichor apply' })).kind).toBe(
      'held',
    );
    expect((await dead.acquire('office', { pid: 1, host: 'here', since: 2, command: 'ichor apply' })).kind).toBe(
      'taken',
    );
  });

  test('a dead lock is taken over by one of many, and no litter stays', async () => {
    const directory = fresh();
    const locks = createFileLocks({ directory, host: 'here', isAlive: (pid) => pid !== 4_000_000 });
    await locks.acquire('homelab', { pid: 4_000_000, host: 'here', since: 1, command: 'ichor apply' });

    const attempts = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        locks.acquire('homelab', { pid: 1, host: 'here', since: 10 + index, command: 'ichor apply' }),
      ),
    );

    expect(attempts.filter((attempt) => attempt.kind === 'held')).toHaveLength(1);
    expect(await readdir(join(directory, 'homelab'))).toEqual(['lock']);
  });
});
