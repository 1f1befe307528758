/** Container runtimes beside runc: Kata, Kata with Firecracker, gVisor. */
import type { FeatureDefinition, FeatureUse, FeatureRemark } from './feature.ts';

const EXTENSIONS = 'https://github.com/siderolabs/extensions/tree/main/container-runtime';

export const KATA: FeatureDefinition = {
  name: 'kata',
  title: 'Kata Containers: pods in virtual machines (Cloud Hypervisor)',
  options: {},
  image: () => ({ extensions: ['kata-containers'] }),
  lint: needsKvm,
  checks: ['/dev/kvm exists', 'uname -r in a pod differs from the node’s kernel'],
  inCluster: 'RuntimeClass kata (handler kata, overhead 130Mi and 250m)',
  removal: ['Pods that name the RuntimeClass first.', 'Then the RuntimeClass, then the extension with an upgrade.'],
  notes: ['Pods with hostNetwork or privileged are not supported.', 'Handler kata-qemu only from Talos 1.14 on.'],
  source: `${EXTENSIONS}/kata-containers`,
};

/**
 * Only the image is given by it. The rest is a procedure with gates, because a wrong step there leaves the node without containerd: Talos
 * lists the blockfile snapshotter as disabled in every version, and a fragment cannot take it off that list.
 */
export const KATA_FIRECRACKER: FeatureDefinition = {
  name: 'kata-firecracker',
  title: 'Kata Containers with Firecracker on the blockfile snapshotter',
  options: {},
  image: () => ({ extensions: ['kata-containers'] }),
  lint: needsKvm,
  checks: [
    '/dev/kvm exists',
    'service cri is healthy and the kubelet Ready after the configuration of containerd changed',
    'a pod runs, its kernel differs from the node’s, and the node has a process firecracker --id',
  ],
  inCluster: 'RuntimeClass kata-fc and the DaemonSet that makes the scratch file',
  notDone: [
    'Firecracker itself: no official extension has it; it takes an installer of your own (`image: {installer: …}`)',
    'the runtime kata-fc and the snapshotter in containerd’s configuration: after the scratch file exists on every node, one node at a time, with a way back',
  ],
  removal: ['Pods that name the RuntimeClass first.', 'Then containerd’s configuration and a reboot, then the volume.'],
  notes: [
    'Leave scratch_file out of containerd’s configuration: set but missing, it keeps containerd, and so the node, from coming up.',
    'containerd does not wait for user volumes at boot: its root_path is safe on EPHEMERAL, and only there.',
    'discard_unpacked_layers must be false: a second snapshotter unpacks the same layers again.',
  ],
  source: 'https://github.com/containerd/containerd/blob/main/docs/snapshotters/blockfile.md',
};

export const GVISOR: FeatureDefinition = {
  name: 'gvisor',
  title: 'gVisor sandbox',
  options: {},
  // Talos sets it to 0 as a hardening; the sandbox needs user namespaces.
  image: () => ({ extensions: ['gvisor'], sysctls: { 'user.max_user_namespaces': '11255' } }),
  checks: ['dmesg in a pod prints gVisor’s own text'],
  inCluster: 'RuntimeClass gvisor (handler runsc; runsc-kvm where /dev/kvm is)',
  removal: ['Pods that name the RuntimeClass first.', 'Then the RuntimeClass, then the extension with an upgrade.'],
  source: `${EXTENSIONS}/gvisor`,
};

/** Runtimes that are their extension and a RuntimeClass, and nothing else. */
export const PLAIN_RUNTIMES: readonly FeatureDefinition[] = [
  plainRuntime('spin', 'WebAssembly by Spin'),
  plainRuntime('wasmedge', 'WebAssembly by WasmEdge'),
  plainRuntime('crun', 'The runtime crun'),
  plainRuntime('youki', 'The runtime youki'),
];

function plainRuntime(name: string, title: string): FeatureDefinition {
  return {
    name,
    title,
    options: {},
    image: () => ({ extensions: [name] }),
    checks: ['a pod with the RuntimeClass runs'],
    inCluster: `a RuntimeClass with the handler ${name}`,
    removal: ['Pods that name the RuntimeClass first.', 'Then the RuntimeClass, then the extension with an upgrade.'],
    source: `${EXTENSIONS}/${name}`,
  };
}

function needsKvm({ node }: FeatureUse): readonly FeatureRemark[] {
  if (!node.isVirtual) return [];
  return [
    {
      severity: 'notice',
      rule: 'kata-nested',
      message: `\`${node.name}\` is a virtual machine: Kata needs /dev/kvm in it, so nested virtualisation and CPU type host`,
    },
  ];
}
