import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest, nearestSeveral } from './nearest.ts';

const KEYS = [
  'kubernetes',
  'talos',
  'endpoint',
  'network',
  'nodes',
  'classes',
  'iscsi-tools',
  'util-linux-tools',
  'qemu-guest-agent',
  'amdgpu',
];

test.each([
  ['kuberentes', 'kubernetes'],
  ['end_point', 'endpoint'],
  ['Nodes', 'nodes'],
  ['node', 'nodes'],
  ['iscsi', 'iscsi-tools'],
  ['qemu-guest-agnet', 'qemu-guest-agent'],
  ['amdgp', 'amdgpu'],
])('the nearest known word to %s is %s', (word, expected) => {
  expect(nearest(word, KEYS)).toBe(expected);
});

test.each(['zebra', 'x', '', 'completely-other'])('nothing is offered for %j, which is near nothing', (word) => {
  expect(nearest(word, KEYS)).toBeUndefined();
});

test('several guesses come closest first', () => {
  expect(nearestSeveral('nfs', ['nfs-utils', 'nfsd', 'zfs', 'iscsi-tools'], 3)).toEqual(['nfsd', 'zfs', 'nfs-utils']);
});

test('a known word is always its own nearest', () => {
  fc.assert(fc.property(fc.constantFrom(...KEYS), (word) => nearest(word, KEYS) === word));
});
