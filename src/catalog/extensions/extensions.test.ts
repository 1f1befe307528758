import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extensionSource } from './extension.ts';
import { describeLookup, EXTENSIONS, extensionsOf, findExtension } from './extensions.ts';
import { lintExtensions, normalizeExtensions } from './lint.ts';

test('the catalogue has as many extensions per minor as the releases', () => {
  expect(['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.0-rc.1'].map((talos) => extensionsOf(talos).length)).toEqual([
    67, 78, 83, 86,
  ]);
});

test('S1-4 every extension is found by its exact name, with and without siderolabs/', () => {
  for (const extension of EXTENSIONS) {
    expect(findExtension(extension.name, 'v1.14.1')).toEqual({ kind: 'exact', extension });
    expect(findExtension(`siderolabs/${extension.name}`, 'v1.14.1')).toEqual({ kind: 'exact', extension });
  }
});

test('S1-3 every extension says what it is for and where that can be read', () => {
  for (const extension of EXTENSIONS) {
    expect(extension.purpose.length).toBeGreaterThan(5);
    expect(extensionSource(extension)).toMatch(/^https:\/\/github\.com\/siderolabs\/extensions\/tree\/main\/.+\/.+/);
  }
});

test('S0-6 a part of a name never selects an extension', () => {
  fc.assert(
    fc.property(fc.constantFrom(...EXTENSIONS), fc.nat({ max: 30 }), fc.nat({ max: 30 }), ({ name }, start, length) => {
      const part = name.slice(start, start + length);
      const lookup = findExtension(part, 'v1.13.9');
      return lookup.kind !== 'exact' || lookup.extension.name === part;
    }),
  );
});

test('S0-9 the old name amdgpu-firmware is mapped to amdgpu, and said', () => {
  const lookup = findExtension('siderolabs/amdgpu-firmware', 'v1.13.9');

  expect(lookup).toMatchObject({ kind: 'renamed', from: 'amdgpu-firmware', extension: { name: 'amdgpu' } });
  expect(describeLookup(lookup, 'v1.13.9')).toMatch(/amdgpu-firmware is now amdgpu; the schematic id depends/);
});

test('S0-10 nvidia is no extension, and the real names are offered', () => {
  const lookup = findExtension('siderolabs/nvidia', 'v1.13.9');

  expect(lookup.kind === 'unknown' && lookup.nearest).toContain('nvidia-open-gpu-kernel-modules-production');
  expect(describeLookup(lookup, 'v1.13.9')).toMatch(/^nvidia is no official extension; did you mean nvidia-open/);
});

test('an extension of a later Talos is unavailable, with the version from which it exists', () => {
  expect(findExtension('xe', 'v1.11.6')).toMatchObject({ kind: 'unavailable', since: '1.12' });
  expect(findExtension('gpio-pinctrl', 'v1.12.1').kind).toBe('unavailable');
  expect(findExtension('gpio-pinctrl', 'v1.12.2').kind).toBe('exact');
});

const METAL = { platform: 'metal', talos: 'v1.13.9' };

function rules(use: Partial<Parameters<typeof lintExtensions>[0]>): readonly string[] {
  return lintExtensions({ extensions: [], ...METAL, ...use }).map(({ severity, rule }) => `${severity} ${rule}`);
}

test('S0-3 qemu-guest-agent on bare metal is flagged, on a Proxmox VM it is not', () => {
  expect(rules({ extensions: ['qemu-guest-agent'] })).toEqual(['warning extension-wrong-platform']);
  expect(rules({ extensions: ['qemu-guest-agent'], platform: 'nocloud' })).toEqual([]);
  expect(rules({ extensions: ['qemu-guest-agent'], isVirtual: true })).toEqual([]);
});

test('S3-15 the NVIDIA module and toolkit must both be there and of one branch', () => {
  const [open, toolkit] = ['nvidia-open-gpu-kernel-modules-production', 'nvidia-container-toolkit-production'];
  expect(rules({ extensions: [open, toolkit] })).toEqual([]);
  expect(rules({ extensions: [open, 'nvidia-container-toolkit-lts'] })).toEqual(['error nvidia-branch']);
  expect(rules({ extensions: [open] })).toEqual(['error nvidia-pair']);
  expect(rules({ extensions: [toolkit] })).toEqual(['error nvidia-pair']);
  expect(rules({ extensions: [open, toolkit, 'nonfree-kmod-nvidia-production'] })).toEqual([
    'error nvidia-two-drivers',
  ]);
});

test('S3-18 Longhorn needs iscsi-tools and util-linux-tools', () => {
  expect(rules({ extensions: ['iscsi-tools'], addons: ['longhorn'] })).toEqual(['error extension-companion']);
  expect(rules({ extensions: ['iscsi-tools', 'util-linux-tools'], addons: ['longhorn'] })).toEqual([]);
});

test('F3-10 nfs-utils with the NVIDIA toolkit is an error on the versions where it loses the node, a warning after', () => {
  const extensions = ['nfs-utils', 'nvidia-open-gpu-kernel-modules-lts', 'nvidia-container-toolkit-lts'];
  expect(rules({ extensions, talos: 'v1.12.2' })).toEqual(['error extension-conflict']);
  expect(rules({ extensions, talos: 'v1.13.9' })).toEqual(['warning extension-conflict']);
  expect(rules({ extensions: ['nfs-utils'], talos: 'v1.12.2' })).toEqual([]);
});

test('S2-6 tailscale in the image without its ExtensionServiceConfig is an error, and so is the document without the extension', () => {
  expect(rules({ extensions: ['tailscale'], serviceConfigs: [] })).toEqual(['error extension-not-configured']);
  expect(rules({ extensions: ['tailscale'], serviceConfigs: ['tailscale'] })).toEqual([]);
  expect(rules({ extensions: [], serviceConfigs: ['tailscale'] })).toEqual(['error service-config-without-extension']);
  expect(rules({ extensions: ['multipath-tools'], serviceConfigs: ['multipathd'] })).toEqual([]);
});

test('modules that nothing loads must be listed; - and _ are the same', () => {
  expect(rules({ extensions: ['usb-audio-drivers'], modules: [] })).toEqual(['error module-not-listed']);
  expect(rules({ extensions: ['usb-audio-drivers'], modules: [{ name: 'snd_usb_audio' }] })).toEqual([]);
  expect(rules({ extensions: ['drbd'], modules: [{ name: 'drbd' }, { name: 'drbd_transport_tcp' }] })).toEqual([
    'error module-parameter',
  ]);
});

test('the same extension twice, also under its old name, and one of another architecture are errors', () => {
  expect(rules({ extensions: ['amdgpu', 'siderolabs/amdgpu'] })).toEqual(['error extension-twice']);
  expect(rules({ extensions: ['amdgpu'], arch: 'arm64' })).toEqual(['error extension-architecture']);
});

test('S0-5 names are normalised: prefix dropped, renamed mapped, repetition removed, order kept', () => {
  expect(normalizeExtensions(['siderolabs/i915-ucode', 'amd-ucode', 'i915', 'own-thing'], 'v1.13.9')).toEqual([
    'i915',
    'amd-ucode',
    'own-thing',
  ]);
});
