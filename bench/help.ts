/** `ichor --help` against an empty Node program: what the command line itself costs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, pairedDifference, timeProcess, type BenchResult } from './measure.ts';

const ROUNDS = 40;

export async function benchHelp(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ichor-bench-'));
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, '');
  try {
    const empties: number[] = [];
    const timeEmpty = (): number => {
      const ms = timeProcess([empty]);
      empties.push(ms);
      return ms;
    };
    timeProcess(['bin/ichor.js', '--help']);
    const { median: difference } = pairedDifference(ROUNDS, () => timeProcess(['bin/ichor.js', '--help']), timeEmpty);
    return [
      {
        name: 'help over an empty program',
        value: difference,
        unit: 'ms',
        limit: { atMost: 15 },
        detail: `${ROUNDS} pairs, empty program ${median(empties).toFixed(1)} ms`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
