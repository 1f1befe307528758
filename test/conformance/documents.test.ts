import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('the committed document tables are what Talos machinery says', ({ skip }) => {
  if (spawnSync('go', ['version']).status !== 0) return skip('Go is not installed');

  const result = spawnSync('node', ['tools/run.js', 'tools/talos-documents/generate.ts', '--check'], {
    encoding: 'utf8',
  });

  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
}, 600_000);
