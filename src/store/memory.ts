/** Journal and lock in memory: for rehearsals, which leave nothing behind, and for tests. */
import type { Journal, JournalRecord } from './journal.ts';
import type { LockOwner, LockStore } from './lock.ts';

export function createMemoryJournal(): Journal {
  const clusters = new Map<string, Map<string, JournalRecord[]>>();
  return {
    async append(cluster, record) {
      const runs = clusters.get(cluster) ?? new Map<string, JournalRecord[]>();
      clusters.set(cluster, runs);
      // What goes in comes out as from a file: plain data, not the caller's objects.
      const copy: JournalRecord = structuredClone(record);
      runs.set(record.runId, [...(runs.get(record.runId) ?? []), copy]);
    },
    async runs(cluster) {
      const runs = [...(clusters.get(cluster) ?? new Map<string, JournalRecord[]>())];
      return runs
        .map(([runId, records]) => ({ runId, startedAt: records[0]?.time ?? 0 }))
        .toSorted((left, right) => right.startedAt - left.startedAt);
    },
    async read(cluster, runId) {
      return clusters.get(cluster)?.get(runId) ?? [];
    },
  };
}

export function createMemoryLocks(): LockStore {
  const owners = new Map<string, LockOwner>();
  return {
    async acquire(cluster, owner) {
      const present = owners.get(cluster);
      if (present) return { kind: 'taken', owner: present };
      owners.set(cluster, owner);
      const release = async (): Promise<void> => {
        if (owners.get(cluster) === owner) owners.delete(cluster);
      };
      return { kind: 'held', lock: { release } };
    },
  };
}
