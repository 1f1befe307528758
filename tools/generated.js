// Generated files must be what their sources make: each generator runs, and any difference is a failure.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.js';

/** npm script → the files it writes. Generators that need Go run in their own suite (test/conformance). */
const GENERATORS = {
  'gen:proto': ['src/gen/proto'],
  'gen:schema': ['schema'],
  'gen:lint': ['.oxlintrc.json'],
  'gen:docs': ['docs/reference'],
};

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const state = (paths) =>
  spawnSync('git', ['status', '--porcelain', '--', ...paths], { cwd: root, encoding: 'utf8' }).stdout +
  spawnSync('git', ['diff', '--', ...paths], { cwd: root, encoding: 'utf8' }).stdout;
let failed = false;
for (const [script, paths] of Object.entries(GENERATORS)) {
  if (scripts[script] === undefined) continue;
  const before = state(paths);
  const result = spawnSync('npm', ['run', '--silent', script], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) {
    process.stderr.write(`npm run ${script} failed:\n${result.stdout}${result.stderr}\n`);
    failed = true;
  } else if (state(paths) !== before) {
    process.stderr.write(
      `npm run ${script} changed ${paths.join(', ')}: the committed files are stale. Commit what it wrote.\n`,
    );
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
