/**
 * The outside world that pure code must not reach for: time and randomness. They come in as arguments at the top, so that
 * tests run on a virtual clock and a simulated world may run at many times the speed of the real one.
 */
import { randomBytes } from 'node:crypto';

/** Time as the world that is being operated on lives it. All durations are in milliseconds of that world. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `ms`; returns the function that cancels it. Does not keep the process alive by itself once cancelled. */
  setTimer(ms: number, callback: () => void): () => void;
}

export interface Random {
  /** `length` bytes. Everything that becomes a secret is drawn here; the system's source is cryptographically strong. */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

/**
 * Wall time, optionally sped up: at `speed` 60, a wait of one minute takes one second. The epoch runs on at the same pace
 * from the moment of creation, so that durations between two readings of `now` are the world's as well.
 */
export function createSystemClock(speed = 1): Clock {
  const start = Date.now();
  const monotonicStart = performance.now();
  return {
    now: () => start + (performance.now() - monotonicStart) * speed,
    setTimer(ms, callback) {
      const timer = setTimeout(callback, Math.min(ms / speed, 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
  };
}

/** Resolves after `ms` of the clock's time; rejects with the signal's reason when aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Thrown as the reason of a signal made by `withDeadline` when time ran out, as opposed to the caller having stopped. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Releases the timer and the link to the parent. Always call it. */
  dispose(): void;
}

/** A signal that aborts after `ms` of the clock's time, or when `parent` does. */
export function withDeadline(clock: Clock, ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const cancel = clock.setTimer(ms, () =>
    controller.abort(new DeadlineExceeded(`no answer within ${Math.round(ms)} ms`)),
  );
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    dispose() {
      cancel();
      parent?.removeEventListener('abort', onParent);
    },
  };
}
