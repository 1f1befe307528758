import { expect, test } from 'vitest';
import { findExtension } from '../extensions/extensions.ts';
import { lintExtensions } from '../extensions/lint.ts';
import { lintKernelArgs } from '../kernel-args/kernel-args.ts';
import { findHardware, HARDWARE, modulesOf, suggestHardware, sysctlsOf } from './hardware.ts';

test('the profiles name only extensions that exist, in sets without findings, with arguments without findings', () => {
  for (const profile of HARDWARE) {
    const platform = profile.name === 'vmware' ? 'vmware' : 'metal';
    const isVirtual = profile.group === 'guest';
    for (const name of profile.extensions)
      expect(findExtension(name, 'v1.14.1').kind, `${profile.name}: ${name}`).toBe('exact');
    const use = {
      extensions: profile.extensions,
      platform,
      isVirtual,
      talos: 'v1.14.1',
      modules: profile.modules ?? [],
    };
    expect(
      lintExtensions(use).filter(({ severity }) => severity === 'error'),
      profile.name,
    ).toEqual([]);
    expect(lintKernelArgs(profile.kernelArgs ?? [], 'v1.14.1'), profile.name).toEqual([]);
    expect(profile.source).toMatch(/^https:/);
  }
  expect(new Set(HARDWARE.map(({ name }) => name)).size).toBe(HARDWARE.length);
});

test('a wrong hardware name gets the nearest right one', () => {
  expect(findHardware('amd-strixhalo')).toEqual({ kind: 'unknown', name: 'amd-strixhalo', nearest: 'amd-strix-halo' });
  expect(findHardware('toaster')).toEqual({ kind: 'unknown', name: 'toaster' });
});

function names(inventory: Parameters<typeof suggestHardware>[0]): readonly string[] {
  return suggestHardware(inventory).map(({ name }) => name);
}

const STRIX_HALO = { vendorId: '1002', productId: '1586', classId: '0380' };

test('S0-8 a machine is advised by what it has: processor, graphics, network card', () => {
  const realtek = { vendorId: '10ec', productId: '8125', classId: '0200' };
  expect(names({ cpuManufacturer: 'Advanced Micro Devices, Inc.', pci: [STRIX_HALO, realtek] })).toEqual([
    'amd',
    'amd-strix-halo',
    'realtek-nic',
  ]);
  expect(
    names({ cpuManufacturer: 'Intel(R) Corporation', pci: [{ vendorId: '8086', productId: '46d1', classId: '0300' }] }),
  ).toEqual(['intel', 'intel-gpu']);
  expect(names({ pci: [{ vendorId: '10de', productId: '2235', classId: '0302' }] })).toEqual(['nvidia-production']);
});

test('a virtual machine gets its guest agent and no microcode', () => {
  expect(names({ cpuManufacturer: 'Intel', machineManufacturer: 'QEMU', pci: [] })).toEqual(['qemu']);
});

test('S0-11 one AMD extension set serves the Ryzen 9 7940HS and the Ryzen AI Max+ 395', () => {
  const [phoenix] = suggestHardware({ pci: [{ vendorId: '1002', productId: '15bf', classId: '0300' }] });
  const [strix] = suggestHardware({ pci: [STRIX_HALO] });
  expect(phoenix?.extensions).toEqual(['amdgpu', 'amd-ucode']);
  expect(strix?.extensions).toEqual(phoenix?.extensions);
});

test('S0-12 S0-13 the AMD NPU has no extension and says that it is a matter of the cluster; ROCm is an add-on', () => {
  const npu = findHardware('amd-npu');
  expect(npu.kind === 'exact' && npu.profile.extensions).toEqual([]);
  expect(npu.kind === 'exact' && npu.profile.notes?.join(' ')).toMatch(
    /No Talos extension exists.*matter of the cluster/,
  );
  const gpu = findHardware('amd-gpu');
  expect(gpu.kind === 'exact' && gpu.profile.inCluster).toMatch(/ROCm/);
});

test('S3-14 the NVIDIA profile brings module, toolkit of the same branch and the four modules to list', () => {
  const nvidia = findHardware('nvidia-production');
  expect(nvidia.kind === 'exact' && nvidia.profile.modules?.map(({ name }) => name)).toEqual([
    'nvidia',
    'nvidia_uvm',
    'nvidia_drm',
    'nvidia_modeset',
  ]);
});

test('S1-46 Strix Halo brings amdgpu and amd-ucode', () => {
  const strix = findHardware('amd-strix-halo');
  expect(strix.kind === 'exact' && strix.profile.extensions).toEqual(['amdgpu', 'amd-ucode']);
});

test('S3-14 what only an older Talos needs is asked for there and not later', () => {
  const nvidia = HARDWARE.find(({ name }) => name === 'nvidia-production');
  const tenstorrent = HARDWARE.find(({ name }) => name === 'tenstorrent');
  if (nvidia === undefined || tenstorrent === undefined) throw new Error('profiles are missing');

  expect(sysctlsOf(nvidia, 'v1.12.11')).toEqual({ 'net.core.bpf_jit_harden': '1' });
  expect(sysctlsOf(nvidia, 'v1.13.9')).toEqual({});
  expect(modulesOf(tenstorrent, 'v1.12.11')).toEqual([{ name: 'tenstorrent' }]);
  expect(modulesOf(tenstorrent, 'v1.13.0-rc.0')).toEqual([]);
});
