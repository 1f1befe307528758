/**
 * `ichor render` from one file against `talhelper genconfig` of the same cluster, as whole processes on this machine in the same run:
 * a sparse cluster of 1, 100 and 1,000 nodes, and one of 1,000 with patches and extensions.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { real } from '../test/support/real.ts';
import { patched, sparse, type BenchCluster } from './clusters.ts';
import { benchEnvironment, median, type BenchResult } from './measure.ts';

interface Run {
  readonly cluster: BenchCluster;
  readonly size: number;
  readonly rounds: number;
}

const RUNS: readonly Run[] = [
  { cluster: sparse, size: 1, rounds: 5 },
  { cluster: sparse, size: 100, rounds: 3 },
  { cluster: sparse, size: 1000, rounds: 3 },
  { cluster: patched, size: 1000, rounds: 3 },
];
/** The goal for 1,000 nodes (talhelper took 14.3 s where it was set). */
const GOAL = 10;
const TALHELPER = 'genconfig -c talconfig.yaml -s secrets.yaml -o clusterconfig --offline-mode --no-gitignore'.split(
  ' ',
);

export async function benchRender(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ichor-bench-'));
  try {
    return measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string): readonly BenchResult[] {
  const talhelper = real('talhelper-3.1.16', { env: {} });
  const program = resolve('bin/ichor.js');
  run(process.execPath, [program, 'secrets', 'generate', '--plaintext', '-o', 'secrets.yaml'], folder);
  if (talhelper === undefined)
    process.stderr.write(
      'talhelper is not built: only Ichor was measured. Build it with: npm run test:setup -- talhelper-3.1.16\n',
    );
  return RUNS.flatMap(({ cluster, size, rounds }) => {
    writeFileSync(join(folder, 'cluster.yaml'), cluster.ichor(size));
    writeFileSync(join(folder, 'talconfig.yaml'), cluster.talhelper(size));
    const times = Array.from({ length: rounds }, () => {
      // Both write into folders that are not there yet.
      for (const output of ['out', 'clusterconfig']) rmSync(join(folder, output), { recursive: true, force: true });
      const ours = run(process.execPath, [program, 'render', '--to', 'out'], folder);
      return { ours, theirs: talhelper === undefined ? undefined : run(talhelper, TALHELPER, folder) };
    });
    return resultsOf(`${size} ${cluster.name} nodes`, size, times);
  });
}

function resultsOf(
  what: string,
  size: number,
  times: readonly { readonly ours: number; readonly theirs: number | undefined }[],
): readonly BenchResult[] {
  const ours = median(times.map((time) => time.ours));
  const rendered: BenchResult = { name: `render ${what}`, value: ours, unit: 'ms', detail: `${times.length} rounds` };
  const pairs = times.flatMap((time) => (time.theirs === undefined ? [] : [time.theirs / time.ours]));
  if (pairs.length === 0) return [rendered];
  const theirs = median(times.flatMap((time) => time.theirs ?? []));
  return [
    rendered,
    {
      name: `talhelper over ichor, ${what}`,
      value: median(pairs),
      unit: 'ratio',
      ...(size === 1000 ? { limit: { atLeast: GOAL } } : {}),
      detail: `talhelper ${theirs.toFixed(0)} ms, ichor ${ours.toFixed(0)} ms`,
    },
  ];
}

function run(command: string, args: readonly string[], cwd: string): number {
  const start = performance.now();
  const result = spawnSync(command, args, { cwd, env: benchEnvironment(), encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status}: ${result.stderr.slice(-2000)}`);
  return performance.now() - start;
}
