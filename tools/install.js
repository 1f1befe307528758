// Makes node_modules match package-lock.json, and does nothing when it already does: so that both commands of the README work
// on a bare clone, and offline from the second time on.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const root = fileURLToPath(new URL('../', import.meta.url));

export function ensurePackages() {
  const stampFile = join(root, 'node_modules/.ichor-lock');
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write('Installing the npm packages …\n');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) {
    process.stderr.write(
      'npm ci failed (above). It needs a package registry the first time; after that everything works offline.\n',
    );
    process.exit(3);
  }
  writeFileSync(stampFile, stamp);
}

/** Runs a command with its output shown; ends this process with its code when it fails. */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (result.error) {
    process.stderr.write(`${command}: ${result.error.message}\n`);
    process.exit(3);
  }
  if (result.status !== 0) process.exit(result.status ?? 130);
}
