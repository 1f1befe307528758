import { expect, test } from 'vitest';
import { fieldFacts } from './explain.ts';

test('a field says its type, its words, how it merges and since when it is there', () => {
  expect(fieldFacts('BondConfig', ['bondMode'], '1.13')).toMatchObject({
    type: 'one of its words',
    since: '1.12',
    values: expect.arrayContaining(['802.3ad']),
  });
  expect(fieldFacts('ResolverConfig', ['searchDomains', 'domains'], '1.14')).toMatchObject({
    type: 'list of text',
    merge: 'replace',
    since: '1.12',
  });
  expect(fieldFacts('v1alpha1', ['machine', 'network', 'interfaces'], '1.13')).toMatchObject({
    merge: 'by key',
    since: '1.11',
  });
  expect(fieldFacts('v1alpha1', ['machine', 'network', 'interfaces', 0, 'mtu'], '1.13')).toMatchObject({
    type: 'number',
  });
  expect(fieldFacts('UserVolumeConfig', ['provisioning', 'diskSelector', 'match'], '1.14')).toMatchObject({
    type: 'expression in CEL',
    merge: 'own rule',
  });
});

test('indexes and keys of free maps are passed over; what a minor does not have has no facts', () => {
  expect(fieldFacts('v1alpha1', ['machine', 'sysctls', 'vm.max_map_count'], '1.11')?.type).toBe('text');
  expect(fieldFacts('v1alpha1', ['machine', 'kubelet', 'extraConfig', 'a', 'b'], '1.11')?.type).toBe('anything');
  expect(fieldFacts('HostnameConfig', ['auto'], '1.11')).toBeUndefined();
  expect(fieldFacts('HostnameConfig', ['nope'], '1.14')).toBeUndefined();
});
