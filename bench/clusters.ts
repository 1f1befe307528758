/** The clusters that rendering is measured with, each said to Ichor and to talhelper so that both do the same work. */

export interface BenchCluster {
  readonly name: string;
  /** `cluster.yaml` and `talconfig.yaml` for so many nodes, the first three of them control planes. */
  ichor(size: number): string;
  talhelper(size: number): string;
}

/** Nothing but names, addresses, disks and one patch for all. */
export const sparse: BenchCluster = {
  name: 'sparse',
  ichor: (size) => `${ichorHead()}nodes:
${each(size, (index) => `  node-${index}: { role: ${roleOf(index, size)}, platform: metal, address: ${addressOf(index)}, mac: "${macOf(index)}", install: { disk: { serial: S${index} } } }`)}
patches:
  - machine: { sysctls: { vm.max_map_count: "262144" } }
`,
  talhelper: (size) => `${talhelperHead()}nodes:
${each(size, (index) => talhelperNode(index, size))}
patches:
  - |-
    machine:
      sysctls:
        vm.max_map_count: "262144"
`,
};

/**
 * As homelabs keep theirs (the patches are of the kinds that public talhelper repositories have most): five patches for all nodes, five for
 * control planes, two for workers, one of each node's own, and system extensions for everybody.
 */
export const patched: BenchCluster = {
  name: 'patched',
  ichor: (size) => `${ichorHead()}image: { extensions: [${EXTENSIONS.join(', ')}] }
classes:
  control-plane:
    role: controlplane
    patches:
${CONTROL_PLANE_PATCHES.map((patch) => ichorPatch(patch, 6)).join('\n')}
  worker:
    role: worker
    patches:
${WORKER_PATCHES.map((patch) => ichorPatch(patch, 6)).join('\n')}
nodes:
${each(
  size,
  (index) => `  node-${index}:
    class: ${roleOf(index, size) === 'worker' ? 'worker' : 'control-plane'}
    address: ${addressOf(index)}
    mac: "${macOf(index)}"
    install: { disk: { serial: S${index} } }
    labels: { topology.kubernetes.io/zone: rack-${index % 20} }
    patches:
${ichorPatch(ownPatch(index), 6)}`,
)}
patches:
${GLOBAL_PATCHES.map((patch) => ichorPatch(patch, 2)).join('\n')}
`,
  talhelper: (size) => `${talhelperHead()}nodes:
${each(
  size,
  (index) => `${talhelperNode(index, size)}
    nodeLabels: { topology.kubernetes.io/zone: rack-${index % 20} }
    patches:
${talhelperPatch(ownPatch(index), 6)}`,
)}
patches:
${GLOBAL_PATCHES.map((patch) => talhelperPatch(patch, 2)).join('\n')}
controlPlane:
  schematic: &image { customization: { systemExtensions: { officialExtensions: [${EXTENSIONS.map((name) => `siderolabs/${name}`).join(', ')}] } } }
  patches:
${CONTROL_PLANE_PATCHES.map((patch) => talhelperPatch(patch, 4)).join('\n')}
worker:
  schematic: *image
  patches:
${WORKER_PATCHES.map((patch) => talhelperPatch(patch, 4)).join('\n')}
`,
};

const EXTENSIONS = ['i915', 'intel-ucode', 'iscsi-tools', 'util-linux-tools'];

const GLOBAL_PATCHES = [
  `machine:
  sysctls:
    fs.inotify.max_user_watches: "1048576"
    fs.inotify.max_user_instances: "8192"
    net.core.rmem_max: "67108864"
    net.core.wmem_max: "67108864"
`,
  `machine:
  kubelet:
    extraConfig:
      serializeImagePulls: false
      maxPods: 200
    extraArgs:
      rotate-server-certificates: "true"
`,
  `machine:
  kubelet:
    extraMounts:
      - destination: /var/lib/longhorn
        type: bind
        source: /var/lib/longhorn
        options: [bind, rshared, rw]
`,
  `machine:
  files:
    - path: /etc/cri/conf.d/20-customization.part
      op: create
      content: |
        [plugins."io.containerd.cri.v1.images"]
          discard_unpacked_layers = false
`,
  `cluster:
  network:
    cni:
      name: none
`,
];

const CONTROL_PLANE_PATCHES = [
  `machine:
  features:
    kubernetesTalosAPIAccess:
      enabled: true
      allowedRoles: [os:admin]
      allowedKubernetesNamespaces: [system-upgrade]
`,
  `cluster:
  allowSchedulingOnControlPlanes: true
  proxy:
    disabled: true
`,
  `cluster:
  apiServer:
    extraArgs:
      feature-gates: MutatingAdmissionPolicy=true
      runtime-config: admissionregistration.k8s.io/v1beta1=true
`,
  `cluster:
  controllerManager:
    extraArgs:
      bind-address: 0.0.0.0
  scheduler:
    extraArgs:
      bind-address: 0.0.0.0
`,
  `cluster:
  etcd:
    extraArgs:
      listen-metrics-urls: http://0.0.0.0:2381
    advertisedSubnets: [10.20.0.0/16]
`,
];

const WORKER_PATCHES = [
  `machine:
  kernel:
    modules:
      - name: nbd
      - name: iscsi_tcp
`,
  `machine:
  sysctls:
    vm.nr_hugepages: "1024"
`,
];

function ownPatch(index: number): string {
  return `machine:
  nodeAnnotations:
    example.org/asset: "A${index}"
`;
}

/** Written as YAML in place. */
function ichorPatch(patch: string, indent: number): string {
  return listItem(patch.trimEnd().split('\n'), indent);
}

/** talhelper takes patches as texts. */
function talhelperPatch(patch: string, indent: number): string {
  return listItem(['|-', ...patch.trimEnd().split('\n')], indent);
}

function listItem([first = '', ...rest]: readonly string[], indent: number): string {
  const pad = ' '.repeat(indent);
  return [`${pad}- ${first}`, ...rest.map((line) => `${pad}  ${line}`)].join('\n');
}

function ichorHead(): string {
  return `ichor: 1
name: bench
endpoint: https://${addressOf(0)}:6443
talos: v1.13.9
kubernetes: v1.36.3
secrets: secrets.yaml
network: { subnet: 10.20.0.0/16, gateway: 10.20.0.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com], pods: 10.64.0.0/12 }
`;
}

function talhelperHead(): string {
  return `clusterName: bench
endpoint: https://${addressOf(0)}:6443
talosVersion: v1.13.9
kubernetesVersion: v1.36.3
clusterPodNets: [10.64.0.0/12]
`;
}

function talhelperNode(index: number, size: number): string {
  return `  - hostname: node-${index}
    ipAddress: ${addressOf(index)}
    controlPlane: ${roleOf(index, size) === 'controlplane'}
    installDiskSelector: { serial: S${index} }
    nameservers: [1.1.1.1]
    networkInterfaces:
      - deviceSelector: { hardwareAddr: "${macOf(index)}" }
        addresses: [${addressOf(index)}/16]
        routes: [{ network: 0.0.0.0/0, gateway: 10.20.0.1 }]
        dhcp: false`;
}

function each(size: number, text: (index: number) => string): string {
  return Array.from({ length: size }, (_, index) => text(index)).join('\n');
}

function roleOf(index: number, size: number): 'controlplane' | 'worker' {
  return index < 3 && (size > 2 || index < 1) ? 'controlplane' : 'worker';
}

function addressOf(index: number): string {
  return `10.20.${Math.floor((index + 10) / 250)}.${((index + 10) % 250) + 1}`;
}

function macOf(index: number): string {
  return `00:23:24:00:${Math.floor(index / 256)
    .toString(16)
    .padStart(2, '0')}:${(index % 256).toString(16).padStart(2, '0')}`;
}
