import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { canonicalConfig, diffConfigs } from './config-diff.ts';
import { mayShow } from './redact.ts';

const running = `
machine:
  type: controlplane
  token: abcdef.0123456789abcdef
  sysctls: {vm.max_map_count: "262144"}
  certSANs: [10.0.4.101]
  install: {}
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: cp-1
`;

describe('diffConfigs', () => {
  test('order of keys and documents, quotes and empty fields make no difference', () => {
    const same = `
kind: HostnameConfig
apiVersion: v1alpha1
hostname: "cp-1"
---
machine:
  certSANs:
    - 10.0.4.101
  sysctls:
    vm.max_map_count: '262144'
  token: abcdef.0123456789abcdef
  type: controlplane
cluster: {}
`;

    expect(diffConfigs(running, same)).toEqual([]);
    expect(canonicalConfig(running)).toBe(canonicalConfig(same));
  });

  test('names document, path and both values of what differs', () => {
    const wanted = running
      .replace('"262144"', '"1"')
      .replace('hostname: cp-1', 'hostname: cp-9')
      .replace('[10.0.4.101]', '[10.0.4.101, 10.0.4.100]');

    expect(diffConfigs(running, wanted)).toEqual([
      { document: 'v1alpha1', path: 'machine.sysctls.vm.max_map_count', change: 'changed', from: '262144', to: '1' },
      { document: 'v1alpha1', path: 'machine.certSANs[1]', change: 'added', to: '10.0.4.100' },
      { document: 'HostnameConfig', path: 'hostname', change: 'changed', from: 'cp-1', to: 'cp-9' },
    ]);
  });

  test('a secret that differs is named by its place only', () => {
    const wanted = running.replace('abcdef.0123456789abcdef', 'fedcba.fedcba9876543210');

    const text = JSON.stringify(diffConfigs(running, wanted));

    expect(text).toContain('machine.token');
    expect(text).not.toContain('fedcba');
    expect(text).not.toContain('abcdef');
  });

  test('a document that came or went is one difference', () => {
    const wanted = running.slice(0, running.indexOf('---'));

    expect(diffConfigs(running, wanted)).toEqual([{ document: 'HostnameConfig', path: '', change: 'removed' }]);
  });

  test('a config is equal to itself, and what is not equal has a difference', () => {
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    const config = fc.dictionary(fc.constantFrom('machine', 'cluster', 'debug'), tree).map((value) => stringify(value));

    fc.assert(
      fc.property(config, config, (left, right) => {
        expect(diffConfigs(left, left)).toEqual([]);
        expect(diffConfigs(left, right).length === 0).toBe(canonicalConfig(left) === canonicalConfig(right));
      }),
    );
  });
});

describe('mayShow', () => {
  test.each([
    ['machine.network.hostname', 'cp-1', true],
    ['machine.install.image', `factory.talos.dev/metal-installer/${'3f'.repeat(32)}:v1.13.9`, true],
    ['machine.ca.crt', 'LS0t', false],
    ['cluster.aescbcEncryptionSecret', 'x', false],
    ['machine.registries.config.auth', 'x', false],
    ['machine.files.content', 'x', false],
    ['machine.sysctls.a', 'q8yKx2Zb0Nf3aQ7uTt9VYw1eR4cD6mS5hJ8kL0pO', false],
    ['machine.note', '-----BEGIN CERTIFICATE-----', false],
  ])('%s', (path, value, isShown) => {
    expect(mayShow(path.split('.'), value)).toBe(isShown);
  });
});
