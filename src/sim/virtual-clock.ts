/**
 * A clock whose time jumps to the next timer when everybody waits. Time stands still while code runs; it moves only inside `advance`,
 * `run` and `settle`, so that a run is the same every time.
 */
import type { Clock } from '../system.ts';

export interface VirtualClock extends Clock {
  /** Moves on by `ms`, firing what falls due in order. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the promise settles, and returns its value. Throws when nothing is left that could settle it. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets everything that is ready happen without time passing. */
  settle(): Promise<void>;
  readonly pendingTimers: number;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export interface VirtualClockOptions {
  readonly startMs?: number;
  /** How many turns of the event loop without work count as idle. */
  readonly idleTurns?: number;
}

/** A day in the past that nothing depends on; certificates are made relative to it. */
const DEFAULT_START = Date.UTC(2026, 0, 15, 12, 0, 0);

export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  let now = options.startMs ?? DEFAULT_START;
  let order = 0;
  const timers = new Set<Timer>();
  const idleTurns = options.idleTurns ?? 4;

  const next = (): Timer | undefined => earliest(timers);
  const settle = (): Promise<void> => idle(idleTurns);
  const fire = (timer: Timer): void => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.callback();
  };

  return {
    now: () => now,
    setTimer(ms, callback) {
      const timer = { at: now + Math.max(0, ms), order, callback };
      order += 1;
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get pendingTimers() {
      return timers.size;
    },
    settle,
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) {
        fire(timer);
        await settle();
      }
      now = end;
    },
    async run(promise) {
      let isDone = false;
      const finished = promise.finally(() => {
        isDone = true;
      });
      // Whoever awaits the returned promise sees the failure; here it only ends the loop.
      finished.catch(() => undefined);
      let idleRounds = 0;
      while (!isDone) {
        await settle();
        if (isDone) break;
        const timer = next();
        if (timer !== undefined) {
          idleRounds = 0;
          fire(timer);
          continue;
        }
        // Work outside the clock (a key being made in another thread) may still be under way.
        idleRounds += 1;
        if (idleRounds > 2_000) throw new Error('virtual clock: no timer is left and the promise is still pending');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return finished;
    },
  };
}

function earliest(timers: ReadonlySet<Timer>): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of timers) {
    if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
      first = timer;
  }
  return first;
}

/** Lets the event loop turn so often that everything which is ready has run. */
async function idle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
