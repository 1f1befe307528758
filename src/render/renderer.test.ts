import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SOUND, loadSound } from '../../test/support/cluster-file.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { renderNode } from './render.ts';
import { createRenderer } from './renderer.ts';

const BUNDLE: SecretsBundle = parse(
  readFileSync(fileURLToPath(new URL('../../test/fixtures/secrets/a-contract-1.11.yaml', import.meta.url)), 'utf8'),
);
const PATCHES = `patches:
  - machine: { sysctls: { a: "1" }, certSANs: [a.example] }
  - { apiVersion: v1alpha1, kind: UserVolumeConfig, name: data, provisioning: { diskSelector: { match: "!system_disk" }, minSize: 1GB } }
  - { apiVersion: v1alpha1, kind: UserVolumeConfig, name: data, provisioning: { maxSize: 2GB } }
  - machine: { certSANs: [a.example] }
`;
const IMAGE = { installer: 'factory.example/x:1', modules: [{ name: 'nbd' }], sysctls: { b: '2' } };

describe('one renderer for all nodes', () => {
  test.each(['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.0'])(
    'gives each what it gets alone, in any order, on Talos %s',
    async (talos) => {
      const text = SOUND.replace('v1.13.9', talos).replace('v1.36.3', 'v1.34.1');
      const cluster = await loadSound(`${text}${PATCHES}`);
      const shared = { cluster, bundle: BUNDLE, features: [] };
      const alone = cluster.nodes.map((node) => renderNode({ ...shared, node, image: IMAGE }));

      for (const nodes of [cluster.nodes, cluster.nodes.toReversed(), [...cluster.nodes, ...cluster.nodes]]) {
        const renderer = createRenderer(shared);
        for (const node of nodes) {
          const rendered = renderer.render(node, IMAGE);
          const expected = alone.find((one) => one.node === node.name);
          expect(rendered.config).toBe(expected?.config);
          expect(rendered.warnings).toEqual(expected?.warnings);
          expect(rendered.documents.map(({ value }) => value)).toEqual(expected?.documents.map(({ value }) => value));
        }
      }
    },
  );

  test('says of each node what a patch repeats there, and names place and node of a patch that does not fit', async () => {
    const cluster = await loadSound(`${SOUND}${PATCHES}`);
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes are needed');
    const renderer = createRenderer({ cluster, bundle: BUNDLE, features: [] });
    const broken = {
      text: 'machine: { sysctls: [1] }\n',
      origin: { layer: { kind: 'cluster' }, where: { file: 'c.yaml', line: 7, column: 3 } },
    } as const;

    expect(renderer.render(first, IMAGE).warnings).toEqual([
      expect.stringContaining('certSANs now holds the same element'),
    ]);
    expect(renderer.render(second, IMAGE).warnings).toHaveLength(1);
    for (const node of [first, second])
      expect(() => renderer.render({ ...node, patches: [broken] }, IMAGE)).toThrow(
        expect.objectContaining({
          where: broken.origin.where,
          message: expect.stringContaining(`the config of ${node.name}`),
        }),
      );
  });
});
