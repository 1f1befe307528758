import { expect, test } from 'vitest';
import { findExtension } from './extensions/extensions.ts';
import { findMissingFirmware } from './firmware.ts';

const LOG = [
  'kern: warning: [2026-01-01T00:00:00Z]: r8169 0000:02:00.0: Direct firmware load for rtl_nic/rtl8125b-2.fw failed with error -2',
  'kern:     err: [2026-01-01T00:00:00Z]: r8169 0000:02:00.0: Unable to load firmware rtl_nic/rtl8125b-2.fw (-2)',
  'kern: warning: [2026-01-01T00:00:01Z]: r8169 0000:02:00.0: Direct firmware load for rtl_nic/rtl8125b-2.fw failed with error -2',
  'kern:     err: [2026-01-01T00:00:02Z]: bnx2: Can\'t load firmware file "bnx2/bnx2-mips-09-6.2.1b.fw"',
  'kern: warning: [2026-01-01T00:00:03Z]: foo 0000:05:00.0: Direct firmware load for acme/x.bin failed with error -2',
  'kern: info: amdgpu 0000:03:00.0: amdgpu: 96000M of GTT memory ready',
];

test('F0-22 firmware that failed to load is found in the kernel log, once, with the extension that has it', () => {
  expect(findMissingFirmware(LOG).map(({ file, device, extension }) => [file, device, extension])).toEqual([
    ['rtl_nic/rtl8125b-2.fw', 'r8169 0000:02:00.0', 'realtek-firmware'],
    ['bnx2/bnx2-mips-09-6.2.1b.fw', 'bnx2', 'bnx2-bnx2x'],
    ['acme/x.bin', 'foo 0000:05:00.0', undefined],
  ]);
});

test.each([
  'rtl_nic/a',
  'intel/ice/ddp/ice.pkg',
  'qed/q',
  'cxgb4/t6fw.bin',
  'amdgpu/psp.bin',
  'i915/dg2_guc.bin',
  'xe/bmg_guc.bin',
  'intel/vpu/v.bin',
])('the extension named for %s exists', (file) => {
  const [missing] = findMissingFirmware([`a 0: Direct firmware load for ${file} failed with error -2`]);
  expect(findExtension(missing?.extension ?? '', 'v1.14.1').kind).toBe('exact');
});
