/** Measuring whole processes in pairs: A and B in turn, so that a busy machine slows both alike, and the median of the differences. */
import { spawnSync } from 'node:child_process';

export interface BenchResult {
  readonly name: string;
  /** What is measured, in `unit`. */
  readonly value: number;
  readonly unit: 'ms' | 'ratio' | 'percent' | 'MiB';
  /** The bound that holds, and whether the value keeps it; absent for figures that are only reported. */
  readonly limit?: { readonly atMost?: number; readonly atLeast?: number };
  readonly detail: string;
}

export function keepsLimit(result: BenchResult): boolean {
  const { value, limit } = result;
  return (
    (limit?.atMost === undefined || value <= limit.atMost) && (limit?.atLeast === undefined || value >= limit.atLeast)
  );
}

/** Certificates from the environment cost every start of Node 20 some 37 ms that are not ours. */
export function benchEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}

export function timeProcess(args: readonly string[], command = process.execPath): number {
  const start = performance.now();
  const result = spawnSync(command, args, { env: benchEnvironment(), stdio: 'ignore' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? 'a signal'}`);
  return performance.now() - start;
}

export function pairedDifference(
  rounds: number,
  a: () => number,
  b: () => number,
): { readonly differences: readonly number[]; readonly median: number } {
  const differences: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // The order alternates, so that neither always runs in the other's wake.
    const [first, second] = round % 2 === 0 ? [a(), b()] : [b(), a()];
    differences.push(round % 2 === 0 ? first - second : second - first);
  }
  return { differences, median: median(differences) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
