import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schematicId } from '../talos/schematic/schematic.ts';
import { diffExtensions, imageDrift } from './drift.ts';
import { renderPlatformNetwork } from '../talos/meta/platform-network.ts';
import { staticNetwork } from '../talos/meta/static-network.ts';
import { explainSchematic, familiarSchematic } from './explain-schematic.ts';
import { lintInstaller } from './lint-installer.ts';
import { planImage } from './plan-image.ts';
import { imageUrls, installerImage, isPublicFactory, parseInstallerImage } from './urls.ts';

const BASE = { talos: 'v1.13.9', platform: 'metal', arch: 'amd64' } as const;
const QEMU = 'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515';

test('S0-17 S0-18 S0-19 S0-20 every address of a schematic, by platform and architecture', () => {
  expect(planImage({ ...BASE, platform: 'nocloud', extensions: ['qemu-guest-agent'] }).urls).toEqual({
    installer: `factory.talos.dev/nocloud-installer/${QEMU}:v1.13.9`,
    iso: `https://factory.talos.dev/image/${QEMU}/v1.13.9/nocloud-amd64.iso`,
    pxe: `https://pxe.factory.talos.dev/pxe/${QEMU}/v1.13.9/nocloud-amd64`,
    kernel: `https://factory.talos.dev/image/${QEMU}/v1.13.9/kernel-amd64`,
    initramfs: `https://factory.talos.dev/image/${QEMU}/v1.13.9/initramfs-amd64.xz`,
    cmdline: `https://factory.talos.dev/image/${QEMU}/v1.13.9/cmdline-nocloud-amd64`,
    uki: `https://factory.talos.dev/image/${QEMU}/v1.13.9/nocloud-amd64-uki.efi`,
    diskImage: `https://factory.talos.dev/image/${QEMU}/v1.13.9/nocloud-amd64.raw.xz`,
    schematic: `https://factory.talos.dev/schematics/${QEMU}`,
  });
});

test('S0-17 the installer has the flavour of platform, Secure Boot and version', () => {
  const target = { ...BASE, schematicId: QEMU, secureboot: false };
  expect(installerImage({ ...target, secureboot: true })).toBe(
    `factory.talos.dev/metal-installer-secureboot/${QEMU}:v1.13.9`,
  );
  expect(installerImage({ ...target, talos: '1.9.6' })).toBe(`factory.talos.dev/installer/${QEMU}:v1.9.6`);
  expect(imageUrls({ ...target, secureboot: true, arch: 'arm64' }).iso).toMatch(/metal-arm64-secureboot\.iso$/);
});

test('S0-41 a self-hosted factory and a mirror change the hosts', () => {
  const urls = planImage({ ...BASE, factory: 'http://10.0.4.5:8080/', registry: 'nas.example:5000/factory' }).urls;
  expect(urls.pxe).toMatch(/^http:\/\/10\.0\.4\.5:8080\/pxe\//);
  expect(urls.installer).toMatch(/^nas\.example:5000\/factory\/metal-installer\//);
  expect(isPublicFactory('https://factory.talos.dev/')).toBe(true);
  expect(isPublicFactory('http://10.0.4.5:8080')).toBe(false);
  expect(() => planImage({ ...BASE, factory: 'factory' })).toThrow(/is no http or https URL/);
});

test('S1-21 what is made is read back: an installer reference says its schematic, platform and version', () => {
  const target = fc.record({
    talos: fc.constantFrom('v1.10.0', 'v1.13.9'),
    platform: fc.constantFrom('metal', 'nocloud', 'digital-ocean'),
    secureboot: fc.boolean(),
  });
  fc.assert(
    fc.property(target, (wants) => {
      const parsed = parseInstallerImage(installerImage({ ...wants, arch: 'amd64', schematicId: QEMU }));
      expect(parsed).toEqual({
        kind: 'factory',
        host: 'factory.talos.dev',
        platform: wants.platform,
        secureboot: wants.secureboot,
        schematicId: QEMU,
        talos: wants.talos,
      });
    }),
  );
  expect(parseInstallerImage('ghcr.io/siderolabs/installer:v1.13.9')).toEqual({ kind: 'vanilla', talos: 'v1.13.9' });
  expect(parseInstallerImage(`10.0.4.5:5000/installer/${QEMU}:v1.9.6`)).toMatchObject({
    kind: 'factory',
    host: '10.0.4.5:5000',
    talos: 'v1.9.6',
  });
  expect(parseInstallerImage('10.0.4.5:5000/own@sha256:ab')).toEqual({
    kind: 'custom',
    reference: '10.0.4.5:5000/own@sha256:ab',
    digest: 'sha256:ab',
  });
});

test('S0-5 S0-7 hardware and extensions become one schematic whose id is computed', () => {
  const plan = planImage({
    ...BASE,
    hardware: ['intel', 'longhorn'],
    extensions: ['siderolabs/tailscale'],
    kernelArgs: ['net.ifnames=0'],
  });

  expect(plan.schematic).toEqual({
    customization: {
      extraKernelArgs: ['net.ifnames=0'],
      systemExtensions: {
        officialExtensions: [
          'siderolabs/intel-ucode',
          'siderolabs/iscsi-tools',
          'siderolabs/tailscale',
          'siderolabs/util-linux-tools',
        ],
      },
    },
  });
  expect(plan.schematicId).toBe(schematicId(plan.schematic ?? {}).id);
  expect(plan.findings).toEqual([]);
});

test('every part says why it is there and what it is for', () => {
  const plan = planImage({
    ...BASE,
    hardware: ['amd-strix-halo'],
    extensions: ['zfs'],
    kernelArgs: ['-talos.halt_if_installed'],
  });

  expect(plan.explain.map(({ text, because }) => `${text} (${because})`)).toEqual([
    'amdgpu (hardware amd-strix-halo)',
    'amd-ucode (hardware amd-strix-halo)',
    'zfs (image.extensions)',
    'amd_iommu=off (hardware amd-strix-halo)',
    'amdgpu.gttsize=131072 (hardware amd-strix-halo)',
    'ttm.pages_limit=33554432 (hardware amd-strix-halo)',
    '-talos.halt_if_installed (image.kernelArgs)',
  ]);
  for (const part of plan.explain) expect(part.purpose.length).toBeGreaterThan(5);
});

test('S1-48 an own argument replaces the one of a profile, its removal takes it away, and the final command line shows both', () => {
  const plan = planImage({
    ...BASE,
    hardware: ['amd-strix-halo'],
    kernelArgs: ['-amd_iommu', 'amdgpu.gttsize=98304', 'ttm.pages_limit=25165824'],
  });

  expect(plan.kernelArgs).toEqual(['amdgpu.gttsize=98304', 'ttm.pages_limit=25165824']);
  expect(plan.commandLine.slice(-2)).toEqual(plan.kernelArgs);
});

test('S0-16 the processor decides: another vendor, another schematic', () => {
  const [intel, amd] = ['intel', 'amd'].map((name) => planImage({ ...BASE, hardware: [name] }));
  expect(intel?.extensions).toEqual(['intel-ucode']);
  expect(amd?.extensions).toEqual(['amd-ucode']);
  expect(intel?.schematicId).not.toBe(amd?.schematicId);
});

test('S0-11 the order in which hardware is named does not change the id', () => {
  const names = ['intel', 'longhorn', 'zfs', 'realtek-nic'];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(names, { minLength: names.length }),
      (hardware) =>
        planImage({ ...BASE, hardware }).schematicId === planImage({ ...BASE, hardware: names }).schematicId,
    ),
  );
});

test('a list written by hand keeps its order, and with it the id that other tools gave it', () => {
  expect(planImage({ ...BASE, extensions: ['util-linux-tools', 'iscsi-tools'] }).schematicId).toBe(
    'ffdc59f4fd5b62784876a03c3e31a81fbfecc871eaa7f27aca33b9f5ff1ec96e',
  );
});

test('an unknown hardware name is an error with the nearest one; a profile for a later Talos is a finding', () => {
  expect(() => planImage({ ...BASE, hardware: ['inte'] })).toThrow(/did you mean intel\?/);
  expect(planImage({ ...BASE, talos: 'v1.11.6', hardware: ['intel-xe'] }).findings.map(({ rule }) => rule)).toContain(
    'hardware-needs-newer-talos',
  );
});

test('S0-3 the lint of extensions sees the platform', () => {
  expect(planImage({ ...BASE, extensions: ['qemu-guest-agent'] }).findings).toMatchObject([
    { rule: 'extension-wrong-platform' },
  ]);
});

test('a schematic id given by hand is used as it is; a wrong one is refused', () => {
  const plan = planImage({ ...BASE, schematic: QEMU, extensions: ['zfs'] });
  expect([plan.schematicId, plan.schematic]).toEqual([QEMU, undefined]);
  expect(() => planImage({ ...BASE, schematic: 'latest' })).toThrow(/is no schematic id/);
});

test('F1-43 an own installer image stands in for that of the factory', () => {
  expect(planImage({ ...BASE, installer: 'reg.example/own@sha256:ab' }).urls.installer).toBe(
    'reg.example/own@sha256:ab',
  );
});

test('S2-48 META in a public schematic is said to be public; ";" is refused', () => {
  expect(planImage({ ...BASE, meta: [{ key: 10, value: 'a: 1\n' }] }).findings).toMatchObject([
    { rule: 'meta-public' },
  ]);
  expect(() => planImage({ ...BASE, meta: [{ key: 10, value: 'a;b' }] })).toThrow(/holds ";"/);
});

test('S1-18 the difference of extensions is taken against the running node, without its rows that are none', () => {
  expect(
    diffExtensions(['schematic', 'modules.dep', 'amdgpu', 'zfs'], ['siderolabs/zfs', 'siderolabs/tailscale']),
  ).toEqual({ added: ['tailscale'], removed: ['amdgpu'], kept: ['zfs'] });
});

const WANTED = {
  talos: 'v1.13.9',
  schematicId: QEMU,
  extensions: ['qemu-guest-agent'],
  installer: `factory.talos.dev/nocloud-installer/${QEMU}:v1.13.9`,
};

test('S1-6 same version, other extensions is drift', () => {
  const drift = imageDrift({ talos: 'v1.13.9', schematic: 'a'.repeat(64), extensions: ['schematic', 'zfs'] }, WANTED);

  expect(drift.reasons.map(({ kind }) => kind)).toEqual(['schematic']);
  expect(drift.text).toEqual(['schematic aaaaaaaaaaaa → ce4c980550dd', 'extensions +qemu-guest-agent −zfs']);
});

test('S0-64 a config that names the installer which the node does not run is drift, and said', () => {
  const drift = imageDrift({ talos: 'v1.12.11', extensions: [], configuredInstaller: WANTED.installer }, WANTED);

  expect(drift.reasons.map(({ kind }) => kind)).toEqual(['version', 'schematic', 'config-only']);
});

test('a node that runs what is wanted has no drift, also when its factory gave the older id', () => {
  const running = {
    talos: 'v1.13.9',
    schematic: QEMU,
    extensions: ['schematic', 'qemu-guest-agent'],
    configuredInstaller: WANTED.installer,
  };
  expect(imageDrift(running, WANTED).reasons).toEqual([]);
  expect(imageDrift({ ...running, schematic: 'b' }, { ...WANTED, schematicIdOlder: 'b' }).reasons).toEqual([]);
});

const USE = { talos: 'v1.13.9', platform: 'metal', secureboot: false } as const;

function rulesOf(installer: string, use: Partial<Parameters<typeof lintInstaller>[0]> = {}): readonly string[] {
  return lintInstaller({ ...USE, ...use, installer }).map(({ severity, rule }) => `${severity} ${rule}`);
}

test('F3-3 an installer tag that differs from the Talos version is an error', () => {
  expect(rulesOf(`factory.talos.dev/metal-installer/${QEMU}:v1.11.0`)).toEqual(['error installer-other-version']);
  expect(rulesOf(`factory.talos.dev/metal-installer/${QEMU}:v1.13.9`)).toEqual([]);
});

test('S0-17 an installer of another platform or without Secure Boot is an error', () => {
  expect(rulesOf(`factory.talos.dev/nocloud-installer/${QEMU}:v1.13.9`)).toEqual(['error installer-other-platform']);
  expect(rulesOf(`factory.talos.dev/metal-installer/${QEMU}:v1.13.9`, { secureboot: true })).toEqual([
    'error installer-secureboot',
  ]);
});

test('F4-5 S4-29 the plain installer after boot assets of a schematic loses the extensions; from 1.14 on it does not exist', () => {
  expect(rulesOf('ghcr.io/siderolabs/installer:v1.13.9', { bootSchematicId: QEMU })).toEqual([
    'error installer-without-extensions',
  ]);
  expect(rulesOf('ghcr.io/siderolabs/installer:v1.14.1', { talos: 'v1.14.1' })).toEqual([
    'error installer-not-published',
  ]);
  expect(rulesOf(`factory.talos.dev/metal-installer/${QEMU}:v1.13.9`, { bootSchematicId: 'a'.repeat(64) })).toEqual([
    'warning installer-other-schematic',
  ]);
});

test('S1-49 an installer pinned by digest pins the Talos version, which is said', () => {
  expect(rulesOf('reg.example/own@sha256:ab')).toEqual(['notice installer-pinned']);
});

test('S0-4 the id of the setup is known for what it is, and explained', () => {
  const schematic = familiarSchematic(QEMU);

  expect(schematicId(schematic ?? {}).id).toBe(QEMU);
  expect(explainSchematic(schematic ?? {}, 'v1.13.9')).toEqual([
    {
      kind: 'extension',
      text: 'siderolabs/qemu-guest-agent',
      because: 'schematic',
      purpose: 'QEMU guest agent',
      source: 'https://github.com/siderolabs/extensions/tree/main/guest-agents/qemu-guest-agent',
    },
  ]);
  expect(familiarSchematic('a'.repeat(64))).toBeUndefined();
});

test('a schematic with an old name, a removal and META is explained part by part', () => {
  const parts = explainSchematic(
    {
      customization: {
        extraKernelArgs: ['-pti', 'own=1'],
        meta: [{ key: 10, value: 'x' }],
        systemExtensions: { officialExtensions: ['siderolabs/i915-ucode'] },
      },
    },
    'v1.13.9',
  );
  expect(parts.map(({ purpose }) => purpose)).toEqual([
    expect.stringMatching(/Intel i915 module.*; i915-ucode is now i915/),
    expect.stringMatching(/^taken away: on: kernel and user/),
    'unknown to the catalogue',
    'static network of the machine before it has a configuration',
  ]);
});

test('a board brings its overlay, and the id is that of the factory; two boards are refused', () => {
  const board = { ...BASE, arch: 'arm64', hardware: ['rpi_generic'] } as const;

  expect(planImage(board).schematicId).toBe('ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9');
  expect(planImage(board).findings).toEqual([]);
  expect(planImage({ ...board, arch: 'amd64' }).findings).toMatchObject([{ rule: 'hardware-architecture' }]);
  expect(() => planImage({ ...board, hardware: ['rpi_generic', 'rock5b'] })).toThrow(
    /one machine cannot be rpi_generic and rock5b/,
  );
});

function baked(address: string): ReturnType<typeof planImage> {
  const value = renderPlatformNetwork(staticNetwork({ link: 'eth0', addresses: [address], gateways: ['10.0.4.1'] }));
  return planImage({
    ...BASE,
    factory: 'http://10.0.4.5:8080',
    kernelArgs: ['net.ifnames=0'],
    meta: [{ key: 10, value }],
  });
}

test('S2-2 S2-50 a static address is baked into an image of the node itself; another address is another image', () => {
  const [one, other] = [baked('10.0.4.101/24'), baked('10.0.4.102/24')];

  expect(one.schematic?.customization?.meta).toEqual([
    { key: 10, value: expect.stringContaining('address: 10.0.4.101/24') },
  ]);
  expect(one.urls.diskImage).toBe(`http://10.0.4.5:8080/image/${one.schematicId}/v1.13.9/metal-amd64.raw.xz`);
  expect(one.schematicId).not.toBe(other.schematicId);
  expect(baked('10.0.4.101/24').schematicId).toBe(one.schematicId);
});
