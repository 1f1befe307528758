import { describe, expect, test } from 'vitest';
import { findExtension } from '../extensions/extensions.ts';
import type { FeatureUse } from './feature.ts';
import { FEATURES, findFeature } from './features.ts';
import { TAILSCALE } from './tailscale.ts';

function use(options: FeatureUse['options'], node: Partial<FeatureUse['node']> = {}): FeatureUse {
  return {
    options,
    node: {
      name: 'a',
      role: 'worker',
      talos: 'v1.13.9',
      platform: 'metal',
      arch: 'amd64',
      isVirtual: false,
      volumes: [],
      isPatched: () => false,
      ...node,
    },
    cluster: { name: 'c', pods: ['10.244.0.0/16'], services: ['10.96.0.0/12'], nodeCount: 3, featureNodeCount: 3 },
  };
}

function imageOf(name: string, options: FeatureUse['options'] = {}, node: Partial<FeatureUse['node']> = {}) {
  const lookup = findFeature(name);
  if (lookup.kind === 'unknown') throw new Error(`no feature ${name}`);
  return lookup.definition.image?.(use(options, node)) ?? {};
}

test('every extension of a feature is one of the catalogue, and each that needs a document gets it', () => {
  for (const definition of FEATURES) {
    for (const name of definition.image?.(use({ driver: 'iTCO_wdt', locks: true, server: true })).extensions ?? []) {
      const lookup = findExtension(name, 'v1.14.0');
      expect(lookup.kind).toBe('exact');
      if (lookup.kind === 'exact' && lookup.extension.config?.isRequired === true)
        expect(definition.serviceConfigs).toEqual([lookup.extension.config.document]);
    }
  }
});

test('S1-1 every feature says which part of it is image, machine config or in-cluster, what proves it, how it goes away, and where that can be read', () => {
  for (const { image, config, inCluster, checks, removal, source } of FEATURES) {
    const parts = [image, config, inCluster].filter((part) => part !== undefined);
    expect([parts.length > 0, checks.length > 0, removal.length > 0, source.startsWith('https://')]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  }
});

test('an unknown feature comes with the nearest word', () => {
  expect(findFeature('tail-scale')).toMatchObject({ kind: 'unknown', nearest: 'tailscale' });
});

describe('images', () => {
  test('S3-14 S3-15 NVIDIA’s driver and toolkit are of one branch, with the four modules', () => {
    expect(imageOf('nvidia')).toEqual({
      extensions: ['nvidia-open-gpu-kernel-modules-production', 'nvidia-container-toolkit-production'],
      modules: [{ name: 'nvidia' }, { name: 'nvidia_uvm' }, { name: 'nvidia_drm' }, { name: 'nvidia_modeset' }],
    });
    expect(imageOf('nvidia', { branch: 'lts', driver: 'proprietary' }, { talos: 'v1.12.11' })).toMatchObject({
      extensions: ['nonfree-kmod-nvidia-lts', 'nvidia-container-toolkit-lts'],
      sysctls: { 'net.core.bpf_jit_harden': '1' },
    });
  });

  test('S1-46 S1-47 the memory of an AMD GPU is one size in both its arguments', () => {
    expect(imageOf('amd-gpu', { gttGiB: 128 })).toEqual({
      extensions: ['amdgpu', 'amd-ucode'],
      kernelArgs: ['amdgpu.gttsize=131072', 'ttm.pages_limit=33554432'],
    });
  });

  test('S3-18 Longhorn brings its two extensions', () => {
    expect(imageOf('longhorn').extensions).toEqual(['iscsi-tools', 'util-linux-tools']);
  });
});

describe('S1-15 the key of a tailnet', () => {
  const check = (value: string, options: FeatureUse['options'] = {}): string | undefined =>
    TAILSCALE.checkSecret?.('authKey', value, options)?.severity;

  test.each<[string, FeatureUse['options'], string | undefined]>([
    ['tskey-auth-abc', {}, undefined],
    ['tskey-api-abc', {}, 'error'],
    ['tskey-client-abc', {}, 'error'],
    ['tskey-client-abc?ephemeral=false', { oauth: true, tags: ['tag:a'] }, undefined],
    ['tskey-client-abc', { oauth: true, tags: ['tag:a'] }, 'warning'],
    ['0123456789abcdef', {}, 'error'],
    ['hskey-auth-abc', {}, 'error'],
    ['hskey-auth-abc', { loginServer: 'https://hs.example' }, undefined],
    ['0123456789abcdef', { loginServer: 'https://hs.example' }, undefined],
    ['tskey-auth-abc', { loginServer: 'https://hs.example' }, 'error'],
    ['hskey-api-abc', { loginServer: 'https://hs.example' }, 'error'],
  ])('%s with %j', (value, options, expected) => {
    expect(check(value, options)).toBe(expected);
    expect(JSON.stringify(TAILSCALE.checkSecret?.('authKey', value, options) ?? {})).not.toContain('abc');
  });

  test('S1-16 it is said two weeks before it lapses', () => {
    const on = (day: string): string | undefined =>
      TAILSCALE.remind?.({ expires: '2026-12-31' }, new Date(`${day}T00:00:00Z`))?.message;

    expect(on('2026-12-01')).toBeUndefined();
    expect(on('2026-12-20')).toContain('in 11 days');
    expect(on('2027-01-02')).toContain('lapsed on 2026-12-31');
  });
});
