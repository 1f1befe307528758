/** Wanted clusters for tests of the rooms above the spec: only what matters to the test is given, the rest is Talos' defaults. */
import type { Cluster, NodeSpec } from '../../src/spec/model.ts';

export interface SmallCluster {
  readonly controlPlanes: number;
  readonly workers?: number;
  readonly cni?: 'flannel' | 'none';
  readonly maxUnavailable?: number;
  /** Changes to a node by name. */
  readonly nodes?: Readonly<Record<string, Partial<NodeSpec>>>;
}

export function smallCluster(wanted: SmallCluster): Cluster {
  const planes = Array.from({ length: wanted.controlPlanes }, (_, index) =>
    nodeSpec(`cp-${index + 1}`, 'controlplane', 101 + index),
  );
  const workers = Array.from({ length: wanted.workers ?? 0 }, (_, index) =>
    nodeSpec(`w-${index + 1}`, 'worker', 151 + index),
  );
  return {
    name: 'small',
    file: 'cluster.yaml',
    endpoint: { url: 'https://10.0.4.100:6443', host: '10.0.4.100', port: 6443 },
    talos: 'v1.13.9',
    kubernetes: 'v1.36.3',
    secrets: 'secrets.yaml',
    network: {
      subnet: '10.0.4.0/24',
      gateway: '10.0.4.1',
      nameservers: ['1.1.1.1'],
      timeservers: [],
      searchDomains: [],
      vip: '10.0.4.100',
      pods: ['10.244.0.0/16'],
      services: ['10.96.0.0/12'],
      domain: 'cluster.local',
      cni: { kind: wanted.cni ?? 'flannel' },
      kubeProxy: true,
      discovery: true,
      kubePrism: { enabled: true, port: 7445 },
      kubeSpan: false,
    },
    scheduleOnControlPlanes: false,
    certSANs: [],
    limits: { maxUnavailable: wanted.maxUnavailable ?? 1 },
    features: [],
    nodes: [...planes, ...workers].map((node) => ({ ...node, ...wanted.nodes?.[node.name] })),
    originOf: (path) => ({ layer: { kind: 'cluster' }, where: { file: 'cluster.yaml', line: path.length, column: 3 } }),
  };
}

export function macOf(lastOctet: number): string {
  return `00:23:24:00:00:${lastOctet.toString(16).padStart(2, '0')}`;
}

function nodeSpec(name: string, role: NodeSpec['role'], lastOctet: number): NodeSpec {
  return {
    name,
    role,
    classes: [],
    platform: 'metal',
    talos: 'v1.13.9',
    kubernetes: 'v1.36.3',
    address: { kind: 'static', ip: `10.0.4.${lastOctet}`, prefix: 24 },
    identity: { macs: [macOf(lastOctet)] },
    links: [],
    nameservers: ['1.1.1.1'],
    timeservers: [],
    install: { disk: { type: 'nvme' }, wipe: false },
    hardware: [],
    image: { extensions: [], kernelArgs: [], secureboot: false, arch: 'amd64' },
    volumes: [],
    labels: {},
    annotations: {},
    taints: {},
    certSANs: [],
    boot: {},
    patches: [],
    origin: { layer: { kind: 'cluster' }, where: { file: 'cluster.yaml', line: 10, column: 3 } },
  };
}
