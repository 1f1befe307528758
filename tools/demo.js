// `npm run demo`: installs, builds, and brings one of the examples up on simulated machines. Nothing on the network is touched.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensurePackages, root, run } from './install.js';

ensurePackages();
run('node', ['tools/build.js', '--cli']);
const example = process.argv[2] ?? 'examples/4-pxe-vip/cluster.yaml';
const result = spawnSync('node', [join(root, 'bin/ichor.js'), 'rehearse', example, ...process.argv.slice(3)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 130);
