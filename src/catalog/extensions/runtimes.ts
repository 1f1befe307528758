/** Extensions that bring container runtimes, tools and odds and ends. Read from siderolabs/extensions at v1.11.6, v1.12.11, v1.13.9 and v1.14.0-rc.1. */
import type { Extension } from './extension.ts';

export const RUNTIME_EXTENSIONS: readonly Extension[] = [
  { name: 'crun', category: 'container runtime', tier: 'extra', purpose: 'crun OCI runtime, handler crun', since: '1.9', arch: 'both', path: 'container-runtime/crun' },
  { name: 'ecr-credential-provider', category: 'container runtime', tier: 'extra', purpose: 'kubelet image credential provider for AWS ECR', since: '1.9', arch: 'both', note: 'Needs machine.kubelet.credentialProviderConfig (1.14: KubeCredentialProviderConfig).', path: 'container-runtime/ecr-credential-provider' },
  { name: 'gvisor', category: 'container runtime', tier: 'core', purpose: 'gVisor sandbox, handlers runsc, runsc-kvm', since: '1.9', arch: 'both', note: 'Needs the sysctl user.max_user_namespaces=11255 (Talos sets 0).', path: 'container-runtime/gvisor' },
  { name: 'gvisor-debug', category: 'container runtime', tier: 'extra', purpose: 'turns on gVisor debug logging; only with gvisor', since: '1.9', arch: 'both', path: 'container-runtime/gvisor-debug' },
  { name: 'harbor-credential-provider', category: 'container runtime', tier: 'extra', purpose: 'kubelet credential provider for Harbor (workload identity); needs Kubernetes ≥1.34', since: '1.14', arch: 'both', note: 'Needs Kubernetes 1.34 or later and credentialProviderConfig with tokenAttributes.', path: 'container-runtime/harbor-credential-provider' },
  { name: 'kata-containers', category: 'container runtime', tier: 'extra', purpose: 'Kata VMs; handler kata (Cloud Hypervisor); kata-qemu only in 1.14', since: '1.9', arch: 'both', note: 'Handler kata (Cloud Hypervisor); kata-qemu from Talos 1.14 only. Firecracker is not in it.', path: 'container-runtime/kata-containers' },
  { name: 'kata-containers-snp', category: 'container runtime', tier: 'extra', purpose: 'Kata on AMD SEV-SNP; handlers kata-qemu-snp, kata-qemu-coco-dev', since: '1.14', arch: 'amd64', path: 'container-runtime/kata-containers-snp' },
  { name: 'soci-snapshotter', category: 'container runtime', tier: 'extra', purpose: 'AWS SOCI lazy pulling; becomes the default snapshotter', since: '1.12', arch: 'both', services: ['ext-soci-snapshotter'], note: 'Becomes the default snapshotter of containerd.', path: 'container-runtime/soci-snapshotter' },
  { name: 'spin', category: 'container runtime', tier: 'extra', purpose: 'Spin WebAssembly shim, handler spin', since: '1.9', arch: 'both', path: 'container-runtime/spin' },
  { name: 'stargz-snapshotter', category: 'container runtime', tier: 'core', purpose: 'eStargz lazy pulling; becomes the default snapshotter', since: '1.9', arch: 'both', services: ['ext-stargz-snapshotter'], note: 'Becomes the default snapshotter of containerd.', path: 'container-runtime/stargz-snapshotter' },
  { name: 'wasmedge', category: 'container runtime', tier: 'extra', purpose: 'WasmEdge shim, handler wasmedge', since: '1.9', arch: 'both', path: 'container-runtime/wasmedge' },
  { name: 'youki', category: 'container runtime', tier: 'contrib', purpose: 'youki OCI runtime, handler youki', since: '1.10.1', arch: 'both', path: 'container-runtime/youki' },
  { name: 'ctr', category: 'tools', tier: 'core', purpose: 'containerd CLI', since: '1.10', arch: 'both', path: 'tools/ctr' },
  { name: 'nvme-cli', category: 'tools', tier: 'contrib', purpose: 'nvme tool', since: '1.10', arch: 'both', path: 'tools/nvme-cli' },
  { name: 'util-linux-tools', category: 'tools', tier: 'contrib', purpose: 'fstrim, nsenter, blkid and friends', since: '1.9', arch: 'both', path: 'tools/util-linux' },
  { name: 'binfmt-misc', category: 'misc', tier: 'extra', purpose: 'binfmt_misc kernel module', since: '1.9', arch: 'both', modules: ['binfmt_misc'], path: 'misc/binfmt-misc' },
  { name: 'glibc', category: 'misc', tier: 'core', purpose: 'glibc in the root fs for extensions built against it', since: '1.9', arch: 'both', path: 'misc/glibc' },
  { name: 'hello-world-service', category: 'example', tier: 'core', purpose: 'demo HTTP service on port 80; never in production', since: '1.9', arch: 'both', services: ['ext-hello-world'], note: 'A demonstration on port 80; never in production.', path: 'examples/hello-world-service' },
];
