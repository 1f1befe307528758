/** What every journal and every lock store must do, whatever it keeps things in. */
import { describe, expect, test } from 'vitest';
import type { Journal } from '../../src/store/journal.ts';
import type { LockOwner, LockStore } from '../../src/store/lock.ts';

export interface StoreUnderTest {
  journal(): Promise<Journal>;
  locks(): Promise<LockStore>;
}

export function describeStore(name: string, store: StoreUnderTest): void {
  describe(`journal: ${name}`, () => {
    test('gives back the records of a run in order', async () => {
      const journal = await store.journal();

      await Promise.all(
        Array.from({ length: 50 }, (_, index) => journal.append('homelab', record('run-1', index + 1, 1_000))),
      );

      expect(await journal.read('homelab', 'run-1')).toEqual(
        Array.from({ length: 50 }, (_, index) => record('run-1', index + 1, 1_000)),
      );
    });

    test('keeps runs and clusters apart, newest run first', async () => {
      const journal = await store.journal();
      await journal.append('homelab', record('run-1', 1, 1_000));
      await journal.append('homelab', record('run-2', 1, 2_000));
      await journal.append('office', record('run-3', 1, 3_000));

      expect(await journal.runs('homelab')).toEqual([
        { runId: 'run-2', startedAt: 2_000 },
        { runId: 'run-1', startedAt: 1_000 },
      ]);
      expect(await journal.read('office', 'run-1')).toEqual([]);
      expect(await journal.runs('nowhere')).toEqual([]);
    });

    test('a name that is no file name leads nowhere else', async () => {
      const journal = await store.journal();

      await journal.append('../../etc', record('../run', 1, 1_000));

      expect(await journal.read('../../etc', '../run')).toHaveLength(1);
      expect(await journal.read('etc', 'run')).toEqual([]);
    });

    test('goes on after the end of a run', async () => {
      const journal = await store.journal();
      await journal.append('homelab', { ...record('run-1', 1, 1_000), kind: 'run-finished' });
      await journal.append('homelab', record('run-1', 2, 1_001));

      expect(await journal.read('homelab', 'run-1')).toHaveLength(2);
    });
  });

  describe(`lock: ${name}`, () => {
    test('one holds it, the other learns who', async () => {
      const locks = await store.locks();

      const first = await locks.acquire('homelab', owner(1));
      const second = await locks.acquire('homelab', owner(2));

      expect(first.kind).toBe('held');
      expect(second).toEqual({ kind: 'taken', owner: owner(1) });
      expect((await locks.acquire('office', owner(2))).kind).toBe('held');
    });

    test('is free again once released, however often', async () => {
      const locks = await store.locks();
      const first = await locks.acquire('homelab', owner(1));
      if (first.kind === 'held') await first.lock.release();

      const second = await locks.acquire('homelab', owner(2));
      // A second release must not take the lock from its new holder.
      if (first.kind === 'held') await first.lock.release();

      expect(second.kind).toBe('held');
      expect(await locks.acquire('homelab', owner(3))).toEqual({ kind: 'taken', owner: owner(2) });
    });

    test('of many that try at once exactly one gets it', async () => {
      const locks = await store.locks();

      const attempts = await Promise.all(
        Array.from({ length: 20 }, (_, index) => locks.acquire('homelab', owner(index))),
      );

      expect(attempts.filter((attempt) => attempt.kind === 'held')).toHaveLength(1);
    });
  });
}

function record(
  runId: string,
  seq: number,
  time: number,
): { readonly v: 1; readonly runId: string; readonly seq: number; readonly time: number; readonly kind: string } {
  return { v: 1, runId, seq, time, kind: 'observed' };
}

/** Process 1 is always alive. */
function owner(n: number): LockOwner {
  return { pid: 1, host: 'here', since: n, command: 'ichor apply' };
}
