import { expect, test } from 'vitest';
import { parseSecretReference } from './secret-reference.ts';

test.each([
  [{ env: 'BMC' }, { kind: 'env', name: 'BMC' }],
  [{ file: 'keys/a.txt' }, { kind: 'file', path: 'here/keys/a.txt' }],
  [{ file: '/etc/a' }, { kind: 'file', path: '/etc/a' }],
  [{ sops: 'keys.sops.yaml#tailscale' }, { kind: 'sops', path: 'here/keys.sops.yaml', key: 'tailscale' }],
  [{ sops: 'a#b.yaml#c' }, { kind: 'sops', path: 'here/a#b.yaml', key: 'c' }],
  [{ exec: ['op', 'read', 'x'] }, { kind: 'exec', command: ['op', 'read', 'x'] }],
])('%j is a reference', (written, expected) => {
  expect(parseSecretReference(written, 'here/cluster.yaml')).toEqual(expected);
});

test.each([
  ['text'],
  [{ env: '' }],
  [{ sops: 'no-key.yaml' }],
  [{ sops: '#key' }],
  [{ exec: [] }],
  [{ exec: [1] }],
  [{ env: 'A', file: 'b' }],
  [{ vault: 'x' }],
  [['env', 'A']],
  [null],
  [{}],
])('%j is none', (written) => {
  expect(parseSecretReference(written, 'here/cluster.yaml')).toBeUndefined();
});
