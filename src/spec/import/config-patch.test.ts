import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentOf } from '../../talos/documents-text.ts';
import { applyPatches } from '../../talos/patch/patch.ts';
import { configChanges, patchesOf } from './config-patch.ts';
import { configDifferences } from './differences.ts';

const text = fc.stringMatching(/^[a-z]{1,4}$/);
const map = fc.dictionary(text, text, { maxKeys: 4 });
const config = fc
  .record({
    sysctls: map,
    nodeLabels: map,
    certSANs: fc.uniqueArray(text, { maxLength: 3 }),
    disks: fc.uniqueArray(text, { maxLength: 3 }),
    link: fc.option(fc.integer({ min: 1000, max: 9000 }), { nil: undefined }),
  })
  .map(({ sysctls, nodeLabels, certSANs, disks, link }) => [
    documentOf({
      version: 'v1alpha1',
      machine: {
        type: 'worker',
        token: 'abc',
        sysctls,
        nodeLabels,
        certSANs,
        disks: disks.map((device) => ({ device: `/dev/${device}` })),
      },
    }),
    ...(link === undefined
      ? []
      : [documentOf({ apiVersion: 'v1alpha1', kind: 'LinkConfig', name: 'eno1', mtu: link })]),
  ]);

it('makes a patch that turns any config into any other', () => {
  fc.assert(
    fc.property(config, config, (from, to) => {
      const patches = patchesOf(configChanges(from, to)).map((patch) => JSON.stringify(patch));

      expect(configDifferences('n', to, applyPatches(from, patches, 'v1.13.9').documents)).toEqual([]);
    }),
  );
});
