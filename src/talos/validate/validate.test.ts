import { expect, test } from 'vitest';
import { pathText } from '../documents/finding.ts';
import { validateConfig } from './validate.ts';

const WORKER = `version: v1alpha1
machine:
  type: worker
  token: aaaaaa.bbbbbbbbbbbbbbbb
  ca: {crt: Zm9v, key: ""}
  install: {disk: /dev/sda}
  features: {hostDNS: {enabled: true, forwardKubeDNSToHost: true}}
cluster:
  controlPlane: {endpoint: https://10.5.0.2:6443}
`;

test('every problem is listed at once, with document, path and place', () => {
  const text = `${WORKER}---
apiVersion: v1alpha1
kind: VLANConfig
name: lan.9000
vlanID: 9000
`;

  const { load, errors } = validateConfig(text, { talos: 'v1.13.9', mode: 'metal' });

  expect(load).toEqual([]);
  expect(errors.map((one) => [one.document?.kind, pathText(one.path), one.position])).toEqual([
    ['VLANConfig', 'vlanID', { line: 14, column: 9 }],
    ['VLANConfig', 'parent', { line: 11, column: 1 }],
  ]);
});

test('unknown keys are all listed, with the nearest known one', () => {
  const text = 'apiVersion: v1alpha1\nkind: HostnameConfig\nhostnam: a\nautos: off\n';

  const { load } = validateConfig(text, { talos: 'v1.13.9', mode: 'metal' });

  expect(load.map((one) => [pathText(one.path), one.hint, one.position?.line])).toEqual([
    ['hostnam', 'Did you mean hostname?', 3],
    ['autos', 'Did you mean auto?', 4],
  ]);
});

test('of a Talos newer than known, unknown kinds and keys are notices and never errors', () => {
  const text =
    'apiVersion: v1alpha1\nkind: QuantumConfig\nname: a\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\nfuture: 1\n';

  const newer = validateConfig(text, { talos: 'v1.15.0', mode: 'metal' });
  const known = validateConfig(text, { talos: 'v1.14.1', mode: 'metal' });

  expect([newer.load, newer.errors]).toEqual([[], []]);
  expect(newer.notices.map((one) => one.document?.kind)).toEqual(['QuantumConfig', 'HostnameConfig']);
  expect(known.load).toHaveLength(2);
});

test('S4-12 a host name in the document without kind and a HostnameConfig conflict', () => {
  const text = `${WORKER.replace('  install', '  network: {hostname: a}\n  install')}---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n`;

  const { errors } = validateConfig(text, { talos: 'v1.12.7', mode: 'metal' });

  expect(errors.map((one) => one.message)).toEqual([
    expect.stringContaining('.machine.network.hostname is set as well'),
  ]);
});

test('S4-78 kernel arguments beside grubUseUKICmdline are refused from 1.12 on', () => {
  const text = WORKER.replace('{disk: /dev/sda}', '{disk: /dev/sda, extraKernelArgs: [a=b], grubUseUKICmdline: true}');

  expect(validateConfig(text, { talos: 'v1.12.7', mode: 'metal' }).errors).toHaveLength(1);
  expect(validateConfig(text, { talos: 'v1.11.6', mode: 'metal' }).load).toHaveLength(1);
  expect(validateConfig(text, { talos: 'v1.12.7', mode: 'cloud' }).errors).toEqual([]);
});

test('strict turns warnings about the document without kind into errors', () => {
  const text = WORKER.replace('type: worker', 'type: join');

  const plain = validateConfig(text, { talos: 'v1.13.9', mode: 'metal' });
  const strict = validateConfig(text, { talos: 'v1.13.9', mode: 'metal', strict: true });

  expect([plain.errors.length, plain.warnings.length]).toEqual([0, 1]);
  expect([strict.errors.length, strict.warnings.length]).toEqual([1, 0]);
});

test('a selector says what is wrong with it in words', () => {
  const volume = (match: string): string =>
    `apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {minSize: 1GiB, diskSelector: {match: '${match}'}}\n`;
  const said = (match: string): string | undefined =>
    validateConfig(volume(match), { talos: 'v1.14.1', mode: 'metal' }).errors[0]?.message;

  expect(said('disk.transport == "nvme" && !system_disk')).toBeUndefined();
  expect(said('disk.size > 100')).toContain('write whole numbers that are compared with sizes as 10u');
  expect(said('disk.sise > 100u')).toContain('there is no field "sise" in DiskSpec');
  expect(said('disk.size')).toContain('it gives uint, and bool is needed');
});

test('messages never quote keys and certificates', () => {
  const text = 'apiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\nprivateKey: c2VjcmV0LXNlY3JldA==\n';

  const { errors } = validateConfig(text, { talos: 'v1.14.1', mode: 'metal' });

  expect(errors).toHaveLength(1);
  expect(JSON.stringify(errors)).not.toContain('c2VjcmV0');
});
