/** The door of this room: everything that commands and the server do with a cluster goes through one of these calls. */
import { setMaxListeners } from 'node:events';
import { IchorError, messageOf } from '../errors.ts';
import type { Condition } from '../health/condition.ts';
import type { Journal } from '../store/journal.ts';
import type { LockOwner, LockStore } from '../store/lock.ts';
import { createNodeActions } from './actions.ts';
import type { Emit } from './engine.ts';
import { createEmitter } from './emitter.ts';
import type { EventSink } from './event.ts';
import type { Observation } from './observation.ts';
import { createObserver, type ObserveParts } from './observe.ts';
import type { Plan } from './plan.ts';
import { applyCluster, planOnly, type RunParts, type RunRequest, type RunResult } from './run.ts';
import { verifyHealth } from './verify.ts';

export interface LifecycleParts extends ObserveParts {
  readonly runId: string;
  /** Gets every event, in order. */
  readonly sink: EventSink;
  readonly journal: Journal;
  readonly locks: LockStore;
  readonly owner: LockOwner;
  /** `--confirm` */
  readonly confirmed?: ReadonlySet<string>;
  /** The journal could not be written; the run goes on. Called once. */
  readonly onJournalFailure?: (why: string) => void;
}

export interface Lifecycle {
  plan(
    request: Pick<RunRequest, 'nodes'>,
    signal: AbortSignal,
  ): Promise<{ readonly observation: Observation; readonly plan: Plan }>;
  /** Takes the cluster's lock. Rejects with `refused` when another run holds it; all other endings are in the result. */
  apply(request: RunRequest, signal: AbortSignal): Promise<RunResult>;
  /** What is there now, judged once. */
  status(
    signal: AbortSignal,
  ): Promise<{ readonly observation: Observation; readonly plan: Plan; readonly conditions: readonly Condition[] }>;
  /** Closes all sessions and waits until the journal is written. */
  close(): Promise<void>;
}

export function createLifecycle(parts: LifecycleParts): Lifecycle {
  const observer = createObserver(parts);
  const journal = journalSink(parts);
  const emit: Emit = createEmitter(parts.runId, parts.clock, [parts.sink, journal.sink]);
  const runParts: RunParts = {
    cluster: parts.cluster,
    rendered: parts.rendered,
    observer,
    actions: createNodeActions({ cluster: parts.cluster, reach: observer.reach, rendered: parts.rendered }),
    clock: parts.clock,
    digest: parts.digest,
    emit,
    parallel: parts.parallel,
    confirmed: parts.confirmed ?? new Set(),
    verify: (patienceMs, signal) =>
      verifyHealth(
        { cluster: parts.cluster, observer, clock: parts.clock },
        { patienceMs, onChange: (condition) => emit({ kind: 'condition', condition }) },
        signal,
      ),
  };
  return {
    plan(request, signal) {
      allowManyListeners(signal);
      return planOnly(runParts, request, signal);
    },
    async apply(request, signal) {
      allowManyListeners(signal);
      const attempt = await parts.locks.acquire(parts.cluster.name, parts.owner);
      if (attempt.kind === 'taken') {
        const { command, pid, host } = attempt.owner;
        throw new IchorError(
          'refused',
          `${parts.cluster.name} is being changed by \`${command}\` (process ${pid} on ${host})`,
          { hint: 'Wait until it ends, or stop it; what it has begun can be gone on with.' },
        );
      }
      try {
        return await applyCluster(runParts, request, signal);
      } finally {
        await attempt.lock.release();
      }
    },
    async status(signal) {
      allowManyListeners(signal);
      const { observation, plan } = await planOnly(runParts, {}, signal);
      return { observation, plan, conditions: await runParts.verify(0, signal) };
    },
    async close() {
      observer.close();
      await journal.settled();
    },
  };
}

/** Every open call of every node listens to the one signal that stops the run: Node's warning about a leak would be wrong. */
function allowManyListeners(signal: AbortSignal): void {
  setMaxListeners(0, signal);
}

function journalSink(parts: LifecycleParts): { readonly sink: EventSink; readonly settled: () => Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  let isBroken = false;
  const fail = (reason: unknown): void => {
    if (!isBroken) parts.onJournalFailure?.(messageOf(reason));
    isBroken = true;
  };
  return {
    sink(event) {
      if (!isBroken) last = parts.journal.append(parts.cluster.name, event).catch(fail);
    },
    settled: () => last,
  };
}
