import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { LoadResult } from './load.ts';
import { hasErrors, loadCluster } from './load.ts';

const DESIGN = readFileSync(fileURLToPath(new URL('../../test/fixtures/spec/design.yaml', import.meta.url)), 'utf8');

function load(files: string | Record<string, string>): Promise<LoadResult> {
  const all = typeof files === 'string' ? { 'cluster.yaml': files } : files;
  return loadCluster({ path: 'cluster.yaml', readFile: (path) => all[path] });
}

describe('the document of the design', () => {
  test('passes without an error', async () => {
    const { cluster, findings } = await load(DESIGN);

    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(hasErrors(findings)).toBe(false);
    expect(cluster?.nodes.map(({ name }) => name)).toEqual(['cp-1', 'cp-2', 'cp-3', 'ryzen']);
    expect(cluster?.endpoint).toEqual({ url: 'https://10.0.4.100:6443', host: '10.0.4.100', port: 6443 });
  });
});
