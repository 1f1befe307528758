/** Profiles of processors, graphics, network cards, accelerators and media devices. */
import type { HardwareProfile, KernelModule } from './profile.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions';
const AMD_GUIDE = 'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/hardware-and-drivers/amd-gpu';
const NVIDIA_GUIDE = 'https://docs.siderolabs.com/talos/latest/configure-your-talos-cluster/hardware-and-drivers/nvidia-gpu';

const NVIDIA_MODULES: readonly KernelModule[] = [{ name: 'nvidia' }, { name: 'nvidia_uvm' }, { name: 'nvidia_drm' }, { name: 'nvidia_modeset' }];
const NVIDIA_CHECKS = ['/proc/driver/nvidia/version exists', 'ext-nvidia-persistenced is Running', 'from Talos 1.13 on: /run/cdi/nvidia.yaml exists'];
const NVIDIA_IN_CLUSTER = 'Up to Talos 1.12 the RuntimeClass nvidia and the NVIDIA device plugin; from 1.13 on the GPU operator with driver.enabled=false and toolkit.enabled=false.';
const GRAPHICS = ['0300', '0302', '0380'];

export const MACHINE_PROFILES: readonly HardwareProfile[] = [
  { name: 'intel', group: 'cpu', title: 'Intel processor on bare metal', extensions: ['intel-ucode'], arch: 'amd64', detect: { cpu: 'Intel' }, checks: ['dmesg shows microcode: … updated early'], source: EXTENSIONS },
  { name: 'amd', group: 'cpu', title: 'AMD processor on bare metal', extensions: ['amd-ucode'], arch: 'amd64', detect: { cpu: 'AMD' }, checks: ['dmesg shows microcode:'], source: EXTENSIONS },
  {
    name: 'intel-gpu', group: 'gpu', title: 'Intel integrated graphics, Gen8 to Raptor Lake', extensions: ['i915'], arch: 'amd64',
    detect: { pci: [{ vendor: '8086', classes: ['0300'] }] }, checks: ['/dev/dri/renderD128 exists'],
    notes: ['From Talos 1.9 on the driver is in the extension: without it the GPU is gone.', 'i915.enable_guc=3 is an option.'],
    inCluster: 'Intel device plugin or DRA driver.', source: `${EXTENSIONS}/tree/main/drm/i915`,
  },
  {
    name: 'intel-arc', group: 'gpu', title: 'Intel Arc Alchemist (A-series)', extensions: ['i915', 'mei'], arch: 'amd64',
    detect: { pci: [{ vendor: '8086', products: ['5690', '5691', '5692', '5693', '5694', '5696', '5697', '56a0', '56a1', '56a5', '56a6', '56b0', '56b1', '56c0', '56c1'], classes: ['0300', '0380'] }] },
    checks: ['dmesg shows GuC and HuC loaded'], inCluster: 'Intel device plugin or DRA driver.', source: `${EXTENSIONS}/tree/main/drm/i915`,
  },
  {
    name: 'intel-xe', group: 'gpu', title: 'Intel Arc Battlemage, Lunar Lake and later', extensions: ['xe', 'mei'], since: '1.12', arch: 'amd64',
    detect: { pci: [{ vendor: '8086', products: ['e20b', 'e20c', 'e202', '64a0'], classes: ['0300'] }] }, checks: ['the PCI device is bound to xe'],
    notes: ['Older GPUs can be forced onto it with xe.force_probe=<id> and i915.force_probe=!<id>.'], inCluster: 'Intel device plugin or DRA driver.', source: `${EXTENSIONS}/tree/main/drm/xe`,
  },
  {
    name: 'intel-npu', group: 'accelerator', title: 'Intel NPU (Meteor Lake and later)', extensions: ['intel-npu'], since: '1.13', arch: 'amd64',
    detect: { pci: [{ vendor: '8086', products: ['7d1d', 'ad1d', '643e'], classes: ['1200'] }] }, checks: ['/dev/accel/accel0 exists'], source: `${EXTENSIONS}/tree/main/drm/intel-npu`,
  },
  {
    name: 'amd-gpu', group: 'gpu', title: 'AMD graphics: Radeon, Instinct and processors with graphics', extensions: ['amdgpu'], arch: 'amd64',
    detect: { pci: [{ vendor: '1002', classes: [...GRAPHICS, '1200'] }] }, checks: ['/dev/kfd and /dev/dri/renderD128 exist', 'dmesg shows amdgpu: … VRAM and GTT'],
    notes: ['Large BARs may need pci=realloc when dmesg shows BAR errors.'], inCluster: 'ROCm GPU operator or its device plugin; resource amd.com/gpu.', source: AMD_GUIDE,
  },
  {
    name: 'amd-apu', group: 'gpu', title: 'AMD processor with graphics: Phoenix (Ryzen 9 7940HS), Strix Point', extensions: ['amdgpu', 'amd-ucode'], arch: 'amd64',
    detect: { pci: [{ vendor: '1002', products: ['15bf', '15c8', '150e'] }] }, checks: ['/dev/kfd and /dev/dri/renderD128 exist', 'dmesg shows amdgpu: … VRAM and GTT'],
    notes: ['The graphics memory is set in the firmware (UMA) or with ttm.pages_limit.'], inCluster: 'ROCm GPU operator or its device plugin; resource amd.com/gpu.', source: AMD_GUIDE,
  },
  {
    name: 'amd-strix-halo', group: 'gpu', title: 'AMD Strix Halo (Ryzen AI Max+ 395, Radeon 8060S)', extensions: ['amdgpu', 'amd-ucode'], arch: 'amd64',
    kernelArgs: ['amd_iommu=off', 'amdgpu.gttsize=131072', 'ttm.pages_limit=33554432'],
    detect: { pci: [{ vendor: '1002', products: ['1586'] }] },
    checks: ['/proc/cmdline has the three arguments', '/sys/class/drm/card*/device/mem_info_gtt_total is the limit in bytes', 'dmesg shows amdgpu: <N>M of GTT memory ready'],
    notes: [
      'The limit of 128 GiB is all memory of a 128 GiB machine; 96 to 120 GiB leave something for the system (ttm.pages_limit = GiB × 262144, amdgpu.gttsize = GiB × 1024).',
      'From Talos 1.12 on (Linux 6.18) amdgpu.gttsize is deprecated and ttm.pages_limit alone is enough.',
      'amd_iommu=off rules out device passthrough (Kata, KubeVirt); iommu=pt is the compromise.',
      'Set the dedicated graphics memory to its minimum in the firmware.',
    ],
    inCluster: 'ROCm GPU operator or its device plugin; resource amd.com/gpu.', source: AMD_GUIDE,
  },
  {
    name: 'amd-npu', group: 'accelerator', title: 'AMD NPU (XDNA, Ryzen AI)', extensions: [], detect: { pci: [{ vendor: '1022', products: ['1502', '17f0'] }] },
    notes: ['No Talos extension exists, and the kernel has its driver (DRM_ACCEL_AMDXDNA) off up to Talos 1.14: a container alone cannot reach it. Support is a matter of the cluster (ROCm, Ryzen AI) once the kernel has the driver.'],
    source: 'https://github.com/siderolabs/pkgs',
  },
  {
    name: 'nvidia-production', group: 'gpu', title: 'NVIDIA Turing and later, production driver', extensions: ['nvidia-open-gpu-kernel-modules-production', 'nvidia-container-toolkit-production'], modules: NVIDIA_MODULES,
    detect: { pci: [{ vendor: '10de', classes: ['0300', '0302'] }] }, checks: NVIDIA_CHECKS, inCluster: NVIDIA_IN_CLUSTER,
    notes: ['Cards of class 0302 (A100, H100, L4, T4) have the NFD label pci-0302_10de, not pci-0300_10de.', 'Up to Talos 1.12 it needs the sysctl net.core.bpf_jit_harden=1.'], source: NVIDIA_GUIDE,
  },
  {
    name: 'nvidia-lts', group: 'gpu', title: 'NVIDIA Turing and later, long-term driver', extensions: ['nvidia-open-gpu-kernel-modules-lts', 'nvidia-container-toolkit-lts'], modules: NVIDIA_MODULES,
    checks: NVIDIA_CHECKS, inCluster: NVIDIA_IN_CLUSTER, notes: ['Up to Talos 1.12 it needs the sysctl net.core.bpf_jit_harden=1.'], source: NVIDIA_GUIDE,
  },
  {
    name: 'nvidia-legacy', group: 'gpu', title: 'NVIDIA Maxwell, Pascal and Volta', extensions: ['nonfree-kmod-nvidia-lts', 'nvidia-container-toolkit-lts'], modules: NVIDIA_MODULES,
    checks: NVIDIA_CHECKS, inCluster: NVIDIA_IN_CLUSTER, notes: ['580 is the last driver for them, so only the proprietary modules of the LTS branch fit from Talos 1.12 on.'], source: NVIDIA_GUIDE,
  },
  {
    name: 'nvidia-nvswitch', group: 'gpu', title: 'NVIDIA HGX with NVSwitch', extensions: ['nvidia-open-gpu-kernel-modules-production', 'nvidia-container-toolkit-production', 'nvidia-fabricmanager-production'], modules: NVIDIA_MODULES,
    detect: { pci: [{ vendor: '10de', classes: ['0680'] }] }, checks: [...NVIDIA_CHECKS, 'ext-nvidia-fabricmanager is Running'], inCluster: NVIDIA_IN_CLUSTER, source: NVIDIA_GUIDE,
  },
  {
    name: 'nvidia-gb10', group: 'gpu', title: 'NVIDIA GB10 (DGX Spark)', extensions: ['nonfree-kmod-nvidia-production', 'nvidia-container-toolkit-production'], modules: NVIDIA_MODULES, kernelArgs: ['arm64.nobti'], arch: 'arm64',
    checks: NVIDIA_CHECKS, inCluster: NVIDIA_IN_CLUSTER, source: NVIDIA_GUIDE,
  },
  {
    name: 'realtek-nic', group: 'nic', title: 'Realtek network card (8168, 8125, 8126; USB 8152 to 8156)', extensions: ['realtek-firmware'],
    detect: { pci: [{ vendor: '10ec', classes: ['0200'] }] }, checks: ['dmesg shows no firmware: failed to load rtl_nic/…'],
    notes: ['Works in iPXE and has no link in Talos: the firmware is missing.', 'pcie_aspm=off helps with cards that lose the link.', 'RTL8127 (10G) has no driver in these kernels.'], source: 'https://github.com/siderolabs/talos/issues/11265',
  },
  { name: 'intel-e810', group: 'nic', title: 'Intel E810 (100G)', extensions: ['intel-ice-firmware'], detect: { pci: [{ vendor: '8086', products: ['1592', '1593', '159b'] }] }, checks: ['dmesg of ice shows no safe mode'], source: EXTENSIONS },
  { name: 'broadcom-netxtreme2', group: 'nic', title: 'Broadcom NetXtreme II (bnx2, bnx2x)', extensions: ['bnx2-bnx2x'], detect: { pci: [{ vendor: '14e4', products: ['1639', '163a', '163b', '168e', '164f', '1657'] }] }, checks: ["dmesg shows no bnx2: Can't load firmware file"], source: 'https://github.com/siderolabs/talos/issues/8761' },
  { name: 'qlogic-nic', group: 'nic', title: 'QLogic FastLinQ', extensions: ['qlogic-firmware'], detect: { pci: [{ vendor: '1077', classes: ['0200'] }] }, source: EXTENSIONS },
  { name: 'chelsio-nic', group: 'nic', title: 'Chelsio T3 to T6', extensions: ['chelsio-drivers', 'chelsio-firmware'], detect: { pci: [{ vendor: '1425', classes: ['0200'] }] }, notes: ['Driver and firmware are in the extensions: the boot image must be of the schematic too.'], source: EXTENSIONS },
  { name: 'thunderbolt', group: 'nic', title: 'Thunderbolt and USB4, with networking', extensions: ['thunderbolt'], modules: [{ name: 'thunderbolt' }, { name: 'thunderbolt_net' }], notes: ['The interface appears only with a peer attached.', 'Authorises every device without asking.'], source: EXTENSIONS },
  { name: 'usb-nic', group: 'nic', title: 'USB network adapters (ASIX, CDC) and modems', extensions: ['usb-modem-drivers'], notes: ['List the driver when it does not load by itself: asix, ax88179_178a, cdc_ether, cdc_ncm.'], source: EXTENSIONS },
  { name: 'coral', group: 'accelerator', title: 'Google Coral TPU, PCIe and M.2', extensions: ['gasket-driver'], detect: { pci: [{ vendor: '1ac1', products: ['089a'] }] }, checks: ['/dev/apex_0 exists'], notes: ['The USB model needs no driver.'], source: EXTENSIONS },
  { name: 'hailo', group: 'accelerator', title: 'Hailo-8 and 8L', extensions: ['hailort'], detect: { pci: [{ vendor: '1e60', products: ['2864'] }] }, checks: ['/dev/hailo0 exists'], notes: ['HailoRT in the container must have the version of the driver.'], source: EXTENSIONS },
  { name: 'tenstorrent', group: 'accelerator', title: 'Tenstorrent', extensions: ['tenstorrent'], kernelArgs: ['hugepagesz=1G', 'hugepages=36'], detect: { pci: [{ vendor: '1e52' }] }, checks: ['/dev/tenstorrent/0 exists'], notes: ['hugepages: 36 for one chip, 40 for two, 48 for four.', 'Up to Talos 1.12 list the module tenstorrent.'], inCluster: 'Tenstorrent operator.', source: EXTENSIONS },
  { name: 'dvb-cx23885', group: 'media', title: 'Hauppauge WinTV-quadHD class tuners', extensions: ['dvb-cx23885'], modules: [{ name: 'cx23885' }], arch: 'amd64', detect: { pci: [{ vendor: '14f1', products: ['8852'] }] }, checks: ['/dev/dvb/adapter0 exists'], source: EXTENSIONS },
  { name: 'dvbsky-s952', group: 'media', title: 'DVBSky S952 class tuners', extensions: ['dvb-cx23885', 'dvb-m88ds3103'], modules: [{ name: 'cx23885' }], since: '1.11', arch: 'amd64', source: EXTENSIONS },
  { name: 'usb-camera', group: 'media', title: 'USB video class cameras', extensions: ['v4l-uvc-drivers'], modules: [{ name: 'uvcvideo' }], checks: ['/dev/video0 exists'], source: EXTENSIONS },
  { name: 'usb-audio', group: 'media', title: 'USB audio', extensions: ['usb-audio-drivers'], modules: [{ name: 'snd-usb-audio' }], since: '1.12', source: EXTENSIONS },
];

