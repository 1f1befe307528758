import { expect, test } from 'vitest';
import { assetContent } from '../../sim/factory/assets.ts';
import { checksumFor } from './checksum.ts';
import { headProblem, kindOfAsset } from './content.ts';

test.each([
  ['kernel-amd64', 'kernel'],
  ['kernel-arm64', 'kernel'],
  ['initramfs-amd64.xz', 'initramfs'],
  ['metal-amd64.iso', 'iso'],
  ['metal-amd64-secureboot-uki.efi', 'uki'],
  ['nocloud-amd64.raw.xz', 'disk'],
  ['metal-arm64.raw.zst', 'disk'],
  ['metal-amd64.raw', 'disk'],
  ['oracle-amd64.qcow2', 'disk'],
  ['cmdline-metal-amd64', 'cmdline'],
  ['installer-amd64.tar', 'any'],
] as const)('%s is a %s, and the content of one is taken for no other', (file, kind) => {
  expect(kindOfAsset(file)).toBe(kind);
  const text = kind === 'cmdline' ? 'talos.platform=metal slab_nomerge= pti=on' : undefined;
  const content = assetContent({
    file,
    talos: 'v1.13.9',
    schematicId: 'a'.repeat(64),
    ...(text === undefined ? {} : { text }),
  });
  expect(headProblem(content.subarray(0, 36_864), content.length, kind)).toBeUndefined();
  if (kind !== 'any' && kind !== 'iso')
    expect(headProblem(content.subarray(0, 36_864), content.length, 'iso')).toBeDefined();
});

test('a file that ends inside its head does not pass', () => {
  expect(headProblem(Buffer.from('MZ'), 2, 'uki')).toMatch(/has 2 bytes/);
  expect(headProblem(Buffer.from('MZ'), 2 ** 21, 'uki')).toMatch(/is no unified kernel image/);
});

const SUMS = `${'a'.repeat(128)}  _out/vmlinuz-amd64\n${'B'.repeat(64)} *initramfs-amd64.xz\n`;

test('S4-28 a checksum is looked up under the published name; a list without it is an error', () => {
  expect(checksumFor(SUMS, 'vmlinuz-amd64')).toEqual({ algorithm: 'sha512', hex: 'a'.repeat(128) });
  expect(checksumFor(SUMS, 'initramfs-amd64.xz')).toEqual({ algorithm: 'sha256', hex: 'b'.repeat(64) });
  expect(() => checksumFor(SUMS, 'vmlinuz')).toThrow(/has none for vmlinuz/);
});
