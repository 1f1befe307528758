/** A clock that stands still until a test moves it. Between timers the promises that they settled get their turn. */
import type { Clock } from '../../src/system.ts';

export interface ManualClock extends Clock {
  /** Fires every timer that is due within `ms`, in order, those that they set anew included. */
  advance(ms: number): Promise<void>;
  /** Timers that are set. */
  pending(): number;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let now = startMs;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => now,
    setTimer(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = now + ms;
      await settled();
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.callback();
        await settled();
      }
      now = end;
    },
    pending: () => timers.length,
  };
}

/** Every promise that can be settled without time has been. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
