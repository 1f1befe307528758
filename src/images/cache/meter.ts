/** Progress of a download: how fast, how long still. Measured over the last seconds, told a few times a second at most. */
import type { Clock } from '../../system.ts';

export interface DownloadProgress {
  readonly receivedBytes: number;
  /** Absent when the server does not say how long the file is. */
  readonly totalBytes?: number;
  /** Over the last five seconds. */
  readonly bytesPerSecond: number;
  readonly remainingMs?: number;
  readonly isDone: boolean;
}

export interface Meter {
  add(bytes: number): void;
  end(): void;
}

const WINDOW_MS = 5000;
const INTERVAL_MS = 250;

/** `startBytes` were there before and do not count for the speed. */
export function createMeter(
  clock: Clock,
  sizes: { readonly startBytes: number; readonly totalBytes?: number },
  report: ((progress: DownloadProgress) => void) | undefined,
): Meter {
  const samples: { readonly at: number; readonly bytes: number }[] = [{ at: clock.now(), bytes: sizes.startBytes }];
  let received = sizes.startBytes;
  let reportedAt = Number.NEGATIVE_INFINITY;
  const tell = (isDone: boolean): void => {
    const now = clock.now();
    samples.push({ at: now, bytes: received });
    while (samples.length > 2 && (samples[1]?.at ?? now) < now - WINDOW_MS) samples.shift();
    reportedAt = now;
    report?.({ ...progressOf(samples, sizes.totalBytes), isDone });
  };
  return {
    add(bytes) {
      received += bytes;
      if (clock.now() - reportedAt >= INTERVAL_MS) tell(false);
    },
    end: () => tell(true),
  };
}

function progressOf(
  samples: readonly { readonly at: number; readonly bytes: number }[],
  totalBytes: number | undefined,
): Omit<DownloadProgress, 'isDone'> {
  const first = samples[0] ?? { at: 0, bytes: 0 };
  const last = samples.at(-1) ?? first;
  const seconds = (last.at - first.at) / 1000;
  const bytesPerSecond = seconds > 0 ? (last.bytes - first.bytes) / seconds : 0;
  const progress = { receivedBytes: last.bytes, bytesPerSecond };
  if (totalBytes === undefined) return progress;
  const known = { ...progress, totalBytes };
  return bytesPerSecond > 0 ? { ...known, remainingMs: ((totalBytes - last.bytes) / bytesPerSecond) * 1000 } : known;
}
