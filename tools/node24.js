// Runs unit, contract and command-line suites once more under Node 24, which it takes from npm (a binary in a package) into a cache.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, delimiter } from 'node:path';
import { root, run } from './install.js';

if (process.versions.node.startsWith('24.')) process.exit(0);
const { node24 } = JSON.parse(readFileSync(join(root, 'tools/versions.json'), 'utf8'));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ichor', 'node', node24);
const bin = join(cache, 'node_modules', `node-linux-${process.arch}`, 'bin');
if (!existsSync(join(bin, 'node'))) {
  mkdirSync(cache, { recursive: true });
  run('npm', [
    'install',
    '--prefix',
    cache,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `node-linux-${process.arch}@${node24}`,
  ]);
}
process.stdout.write(`Once more on Node ${node24}: unit, contract, end to end\n`);
for (const project of ['unit', 'contract', 'e2e']) {
  run(join(bin, 'node'), [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project], {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  });
}
