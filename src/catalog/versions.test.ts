import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upgradeNotes } from './changes.ts';
import { explain } from './explain.ts';
import { compareVersions, isAtLeastMinor, minorOf, parseVersion } from './version.ts';
import { kubernetesRange, lintKubernetes, lintUpgrade, TALOS_MINORS, upgradePath, versionAdvice } from './versions.ts';

test('versions are ordered as semantic versioning orders them', () => {
  const ordered = [
    'v1.9.6',
    '1.12.0-alpha.1',
    '1.12.0-alpha.2',
    '1.12.0-alpha.10',
    '1.12.0-rc.0',
    'v1.12.0',
    'v1.12.2',
    '1.12.11',
    'v2.0.0',
  ];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
  expect(() => parseVersion('latest')).toThrow(/"latest" is no version/);
  expect(minorOf('v1.13.9')).toBe('1.13');
  expect(isAtLeastMinor('v1.14.0-rc.1', '1.14')).toBe(true);
});

test('comparing is antisymmetric', () => {
  const version = fc
    .tuple(fc.nat(3), fc.nat(20), fc.nat(20), fc.constantFrom('', '-rc.1', '-alpha.0'))
    .map(([a, b, c, d]) => `v${a}.${b}.${c}${d}`);
  fc.assert(
    fc.property(
      version,
      version,
      (a, b) => Math.sign(compareVersions(a, b)) === -Math.sign(compareVersions(b, a)) || compareVersions(a, b) === 0,
    ),
  );
});

test('each Talos minor has its Kubernetes range, and the default lies in it', () => {
  expect(kubernetesRange('v1.13.9')).toEqual({ oldest: '1.31', newest: '1.36', default: '1.36.3', isKnown: true });
  for (const { minor, kubernetesDefault } of TALOS_MINORS) expect(lintKubernetes(minor, kubernetesDefault)).toEqual([]);
});

test('a Kubernetes outside the range is an error, and only a warning for a Talos newer than the catalogue', () => {
  expect(lintKubernetes('v1.11.6', 'v1.35.0')).toMatchObject([
    { severity: 'error', message: 'Talos v1.11.6 runs Kubernetes 1.29 to 1.34, not v1.35.0' },
  ]);
  expect(lintKubernetes('v1.15.0', 'v1.38.1')).toEqual([]);
  expect(lintKubernetes('v1.15.0', 'v1.39.0')).toMatchObject([{ severity: 'warning' }]);
});

test('F3-9 1.13.2 is known to be bad, with reason and floor; 1.13.4 is not', () => {
  expect(versionAdvice('v1.13.2')).toMatchObject([
    { severity: 'error', rule: 'talos-known-bad', hint: 'Use v1.13.4 or later.' },
  ]);
  expect(versionAdvice('v1.13.4')).toEqual([]);
  expect(lintUpgrade('v1.12.11', 'v1.13.2')).toMatchObject([{ rule: 'talos-known-bad' }]);
});

test('a Talos that the catalogue has never met is a notice, not an error', () => {
  expect(versionAdvice('v1.15.2').map(({ severity }) => severity)).toEqual(['notice']);
});

test('an upgrade goes through every minor at its newest patch', () => {
  expect(upgradePath('v1.10.2', 'v1.13.9')).toEqual(['v1.11.6', 'v1.12.11', 'v1.13.9']);
  expect(upgradePath('v1.13.9', 'v1.13.9')).toEqual([]);
  expect(lintUpgrade('v1.10.2', 'v1.13.9')).toMatchObject([
    { rule: 'talos-upgrade-skips-minor', hint: 'Go by v1.11.6, then v1.12.11, then v1.13.9.' },
  ]);
  expect(lintUpgrade('v1.13.9', 'v1.12.11').map(({ rule }) => rule)).toContain('talos-downgrade');
});

test('explain answers for an extension, a hardware name and an argument, and offers the nearest for anything else', () => {
  expect(explain('siderolabs/amdgpu', 'v1.13.9')).toMatchObject([
    { kind: 'extension', source: 'https://github.com/siderolabs/extensions/tree/main/drm/amdgpu' },
  ]);
  expect(explain('zfs', 'v1.13.9').map(({ kind }) => kind)).toEqual(['hardware', 'extension']);
  expect(explain('pti=on', 'v1.13.9')).toMatchObject([{ kind: 'kernel-argument' }]);
  expect(explain('tailscal', 'v1.13.9')).toMatchObject([{ kind: 'unknown', nearest: ['tailscale'] }]);
});

const PLAIN = { extensions: [], hardware: [] };

test('upgrade notes are those of the minors that are entered, and only what touches the node', () => {
  const gpu = {
    extensions: ['nvidia-container-toolkit-production', 'nvidia-open-gpu-kernel-modules-production'],
    hardware: [],
  };

  expect(upgradeNotes('v1.12.11', 'v1.13.9', gpu).map(({ text }) => text)).toContain(
    'CDI replaces the NVIDIA runtime class',
  );
  expect(upgradeNotes('v1.12.11', 'v1.13.9', PLAIN).map(({ text }) => text)).not.toContain(
    'CDI replaces the NVIDIA runtime class',
  );
  expect(new Set(upgradeNotes('v1.10.9', 'v1.13.9', gpu).map(({ minor }) => minor))).toEqual(
    new Set(['1.11', '1.12', '1.13']),
  );
});

test('a patch release and a way back have no upgrade notes', () => {
  expect(upgradeNotes('v1.13.2', 'v1.13.9', PLAIN)).toEqual([]);
  expect(upgradeNotes('v1.13.9', 'v1.12.11', PLAIN)).toEqual([]);
});
