import { expect, test } from 'vitest';
import { documentOf } from '../documents-text.ts';
import { applyPatches, patchConfig } from './patch.ts';
import { PatchRefused } from './refusal.ts';

const VOLUME = `apiVersion: v1alpha1
kind: UserVolumeConfig
name: data
provisioning:
    diskSelector:
        match: disk.transport == "nvme"
    minSize: 10GB
    maxSize: 100GB
`;
const ENCRYPTED = `apiVersion: v1alpha1
kind: UserVolumeConfig
name: data
encryption:
    provider: luks2
    keys:
        - slot: 0
          nodeID: {}
`;
const SANS =
  'machine: {certSANs: [10.5.0.2], network: {interfaces: [{deviceSelector: {physical: true}, dhcp: true}]}}\n';

test('a patch to a volume loses its selector and size as in Talos, and says so', () => {
  const { text, warnings } = patchConfig(VOLUME, [ENCRYPTED], '1.13');

  expect(text).not.toContain('nvme');
  expect(warnings.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    'lost UserVolumeConfig data.provisioning.diskSelector.match',
    'lost UserVolumeConfig data.provisioning.minSize',
  ]);
});

test('with keepSelectors, a patch to a volume keeps what it does not mention, and a percentage replaces bytes', () => {
  const percentage = 'apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {maxSize: 80%}\n';

  const { text, warnings } = patchConfig(VOLUME, [ENCRYPTED, percentage], '1.13', { keepSelectors: true });

  expect(text).toContain('match: disk.transport == "nvme"\n');
  expect(text).toContain('minSize: 10GB\n    maxSize: 80%\n');
  expect(warnings).toEqual([]);
});

test('F4-1 a patch that is applied a second time is noticed by what it repeats', () => {
  const once = patchConfig('version: v1alpha1\nmachine: {type: worker}\n', [SANS], '1.13');
  const twice = patchConfig(once.text, [SANS], '1.13');

  expect(once.warnings).toEqual([]);
  expect(twice.warnings.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    'repeated machine.certSANs',
    'repeated machine.network.interfaces',
  ]);
});

test('the delete of a document that is not there is refused before 1.14, where Talos crashes, and nothing from then on', () => {
  const removal = 'apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: x\n$patch: delete\n';

  expect(() => patchConfig(VOLUME, [removal], '1.13')).toThrow(PatchRefused);
  expect(patchConfig(VOLUME, [removal], '1.14').text).toBe(VOLUME);
});

test('structures are patched as texts are', () => {
  const documents = [documentOf({ version: 'v1alpha1', machine: { type: 'worker' } })];
  const hostname = 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: node-1\n';

  const patched = applyPatches(
    documents,
    [hostname, 'machine: {sysctls: {vm.max_map_count: "262144"}}'],
    '1.13',
  ).documents;

  expect(patched.map(({ kind, value }) => [kind, value])).toEqual([
    [
      undefined,
      {
        version: 'v1alpha1',
        machine: { type: 'worker', token: '', certSANs: [], sysctls: { 'vm.max_map_count': '262144' } },
        cluster: null,
      },
    ],
    ['HostnameConfig', { apiVersion: 'v1alpha1', kind: 'HostnameConfig', auto: 'off', hostname: 'node-1' }],
  ]);
});

test('documents and fields of a Talos newer than the tables are carried through, and merged by key', () => {
  const config = `version: v1alpha1
machine:
    type: worker
    token: ""
    certSANs: []
    quantum: "off"
cluster: null
---
apiVersion: v1beta1
kind: FluxConfig
name: a
zeta: 1
alpha: {b: 2}
`;

  const { text } = patchConfig(config, ['apiVersion: v1beta1\nkind: FluxConfig\nname: a\nalpha: {c: 3}\n'], 'v1.15.0');

  expect(text).toContain(
    "    quantum: 'off'\ncluster: null\n---\napiVersion: v1beta1\nkind: FluxConfig\nname: a\nzeta: 1\nalpha:\n    b: 2\n    c: 3\n",
  );
  expect(() => patchConfig(config, ['machine: {}'], 'v1.14.1')).toThrow(/FluxConfig|quantum/);
});

test('a value that only a Talos newer than the tables understands is carried through', () => {
  const config = 'apiVersion: v1alpha1\nkind: BondConfig\nname: bond0\nlinks: [a]\nbondMode: balance-quantum\n';

  const { text } = patchConfig(config, ['apiVersion: v1alpha1\nkind: BondConfig\nname: bond0\nmtu: 9000\n'], 'v1.15.0');

  expect(text).toContain('bondMode: balance-quantum\n');
  expect(text).toContain('mtu: 9000\n');
  expect(() => patchConfig(config, ['apiVersion: v1alpha1\nkind: BondConfig\nname: bond0\n'], 'v1.14.1')).toThrow(
    /one of balance-rr/,
  );
});

test('a refusal names what it refuses, and never the value', () => {
  const secret = 'machine: {token: [swordfish]}\n';

  expect(() => patchConfig(VOLUME, [secret], '1.13')).toThrow(
    /^(?!.*swordfish)the patch: line 1: a list stands where a text is wanted$/s,
  );
});
