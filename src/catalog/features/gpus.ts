/** Graphics processors as features: what `hardware:` says as a bare name, with options. */
import { isAtLeastMinor } from '../version.ts';
import type { FeatureDefinition, FeatureRemark, FeatureUse } from './feature.ts';
import { textOption } from './options.ts';

const GUIDES = 'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/hardware-and-drivers';
const MIB_PER_GIB = 1024;
const PAGES_PER_GIB = 262_144;

export const NVIDIA: FeatureDefinition = {
  name: 'nvidia',
  title: 'NVIDIA GPU: driver, container toolkit, runtime',
  options: {
    branch: { kind: 'text', brief: 'production (default) or lts', values: ['production', 'lts'] },
    driver: { kind: 'text', brief: 'open (default, Turing and later) or proprietary', values: ['open', 'proprietary'] },
    default: { kind: 'boolean', brief: 'all pods run by the nvidia runtime, without naming a RuntimeClass' },
    fabricManager: { kind: 'boolean', brief: 'for machines with NVSwitch' },
  },
  image: ({ options, node }) => {
    const branch = textOption(options, 'branch') === 'lts' ? 'lts' : 'production';
    const driver =
      textOption(options, 'driver') === 'proprietary' ? 'nonfree-kmod-nvidia' : 'nvidia-open-gpu-kernel-modules';
    return {
      // One branch for all: a driver and a toolkit of two branches do not work together.
      extensions: [
        `${driver}-${branch}`,
        `nvidia-container-toolkit-${branch}`,
        ...(options['fabricManager'] === true ? [`nvidia-fabricmanager-${branch}`] : []),
      ],
      modules: ['nvidia', 'nvidia_uvm', 'nvidia_drm', 'nvidia_modeset'].map((name) => ({ name })),
      ...(isAtLeastMinor(node.talos, '1.13') ? {} : { sysctls: { 'net.core.bpf_jit_harden': '1' } }),
    };
  },
  config: ({ options }) =>
    options['default'] === true
      ? {
          containerd: {
            plugins: { 'io.containerd.cri.v1.runtime': { containerd: { default_runtime_name: 'nvidia' } } },
          },
        }
      : {},
  lint: ({ options }) =>
    options['default'] === true
      ? [
          {
            severity: 'notice',
            rule: 'nv-default-rt',
            message:
              'every pod of the node goes through the nvidia runtime: before the extension is taken away, `default` must go and the node restart',
            option: 'default',
          },
        ]
      : [],
  checks: [
    '/proc/driver/nvidia/version has the version of the branch',
    'ext-nvidia-persistenced is Running',
    'the node offers nvidia.com/gpu',
  ],
  inCluster:
    'RuntimeClass nvidia and device plugin (Talos up to 1.12), or the GPU operator with driver.enabled=false and toolkit.enabled=false (1.13 and later); pods choose nodes by feature.node.kubernetes.io/pci-0300_10de.present',
  removal: [
    'Pods first.',
    '`default` next, with a restart: without the extension that runtime does not exist.',
    'Then the extensions with an upgrade.',
  ],
  source: `${GUIDES}/nvidia-gpu`,
};

export const AMD_GPU: FeatureDefinition = {
  name: 'amd-gpu',
  title: 'AMD GPU: driver, microcode, memory for it',
  options: { gttGiB: { kind: 'number', brief: 'memory of the machine that the GPU may use, in GiB' } },
  image: ({ options, node }) => {
    const size = options['gttGiB'];
    return {
      extensions: ['amdgpu', ...(node.isVirtual ? [] : ['amd-ucode'])],
      // Two words for one size: megabytes for the driver, pages of 4 KiB for the memory manager (S1-47).
      kernelArgs:
        typeof size === 'number'
          ? [`amdgpu.gttsize=${size * MIB_PER_GIB}`, `ttm.pages_limit=${size * PAGES_PER_GIB}`]
          : [],
    };
  },
  lint: amdLint,
  checks: ['/dev/kfd and /dev/dri/renderD128 exist', 'dmesg shows the size of GTT', 'the node offers amd.com/gpu'],
  inCluster: 'the AMD device plugin, or ROCm’s GPU operator with driver.enable=false',
  removal: ['Pods first, then the extension with an upgrade.'],
  notes: ['The carve-out in the firmware (UMA) stays small, so that GTT can be large.'],
  source: `${GUIDES}/amd-gpu`,
};

function amdLint({ options }: FeatureUse): readonly FeatureRemark[] {
  const size = options['gttGiB'];
  if (typeof size !== 'number' || (Number.isInteger(size) && size > 0)) return [];
  return [
    {
      severity: 'error',
      rule: 'feature-option-value',
      message: '`features.amd-gpu.gttGiB`: expected a whole number of GiB',
      option: 'gttGiB',
    },
  ];
}
