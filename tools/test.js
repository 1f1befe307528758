// `npm test`: installs what is missing, builds, and runs every suite that can run here. What could not run is named at the end, one
// line a suite, with the command that would enable it. With CI=true or ICHOR_TEST_REAL=1 the real programs are set up first, and one
// that is missing then is a failure.
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { ensurePackages, root, run } from './install.js';

ensurePackages();
const isRealRequired = process.env.CI === 'true' || process.env.ICHOR_TEST_REAL === '1';
if (isRealRequired) run('node', ['tools/run.js', 'tools/test-setup.ts']);
run('node', ['tools/check.js', '--static']);
run('node', ['tools/build.js']);

const notes = mkdtempSync(join(tmpdir(), 'ichor-test-'));
const skips = join(notes, 'skipped');
const took = join(notes, 'took');
// One project after the other: those that start processes and listen on sockets are not to compete with the others for the processors.
let status = 0;
for (const project of ['unit', 'contract', 'e2e', 'real']) {
  const result = spawnSync(
    'npx',
    ['--no-install', 'vitest', 'run', '--project', project, '--passWithNoTests', ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ICHOR_SKIPS: skips,
        ICHOR_TOOK_PART: took,
        ...(isRealRequired ? { ICHOR_TEST_REAL: '1' } : {}),
      },
    },
  );
  status = status || (result.status ?? 130);
}

const lines = (file) =>
  existsSync(file) ? [...new Set(readFileSync(file, 'utf8').split('\n').filter(Boolean))].sort() : [];
const programs = lines(took);
process.stdout.write(`Real programs that took part: ${programs.length === 0 ? 'none' : programs.join(', ')}\n`);
for (const line of lines(skips)) process.stdout.write(`SKIPPED ${line}\n`);
rmSync(notes, { recursive: true, force: true });
process.exit(status);
