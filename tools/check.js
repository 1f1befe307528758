// `npm run check`: what CI demands besides the tests. `--static` leaves out what needs a build.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, root, run } from './install.js';

ensurePackages();
const npx = (...args) => run('npx', ['--no-install', ...args]);
npx('oxfmt', '--check', 'src', 'test', 'tools', 'bench');
npx('tsc', '-p', 'tsconfig.json');
npx('oxlint', '--quiet', 'src', 'test', 'tools', 'bench');
run('node', ['tools/generated.js']);
if (!process.argv.includes('--static')) {
  run('node', ['tools/test.js']);
  npx('publint', '--strict');
  npx('attw', '--pack', '.', '--profile', 'esm-only');
  if (existsSync(join(root, 'knip.json'))) npx('knip');
}
