/**
 * Builds the command line once before the end-to-end tests, into a folder of their own: they never run yesterday's program, and a
 * build for something else does not pull it from under them.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default function buildCli(): () => void {
  const out = `e2e-${process.pid}`;
  const result = spawnSync(process.execPath, ['tools/build.js', '--cli', '--out', out], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`the build failed:\n${result.stdout}${result.stderr}`);
  const folder = join(root, 'dist', out);
  process.env['ICHOR_E2E_CLI'] = join(folder, 'main.js');
  return () => rmSync(folder, { recursive: true, force: true });
}
