/** `npm run bench [-- NAME … --json]`: the timed claims, as ratios or differences measured in the same run. Exit code 1 when one fails. */
import { benchBringUp } from './bring-up.ts';
import { benchHelp } from './help.ts';
import { benchRender } from './render.ts';
import { keepsLimit, type BenchResult } from './measure.ts';

const BENCHES: Readonly<Record<string, () => Promise<readonly BenchResult[]>>> = {
  help: benchHelp,
  render: benchRender,
  'bring-up': benchBringUp,
};

const names = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const results: BenchResult[] = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  results.push(...(await run()));
}
if (process.argv.includes('--json')) {
  process.stdout.write(
    `${JSON.stringify({ v: 1, results: results.map((result) => ({ ...result, ok: keepsLimit(result) })) }, null, 2)}\n`,
  );
} else {
  for (const result of results) {
    const limit =
      result.limit === undefined
        ? ''
        : result.limit.atMost === undefined
          ? ` (at least ${result.limit.atLeast})`
          : ` (at most ${result.limit.atMost})`;
    process.stdout.write(
      `${keepsLimit(result) ? 'ok  ' : 'FAIL'} ${result.name}: ${result.value.toFixed(1)} ${result.unit}${limit}; ${result.detail}\n`,
    );
  }
}
process.exitCode = results.every(keepsLimit) ? 0 : 1;
