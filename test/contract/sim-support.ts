/** Machines, secrets and configs for the tests of the simulator: small, written here, independent of the renderer. */
import { createAuthority } from '../../src/pki/authority.ts';
import { issueKubernetesClientCertificate, issueTalosClientCertificate } from '../../src/pki/issue.ts';
import type { PemPair } from '../../src/pki/pem.ts';
import type { MachineDefinition } from '../../src/sim/definition.ts';
import { systemRandom } from '../../src/system.ts';

export interface TestCluster {
  readonly name: string;
  readonly endpoint: string;
  readonly talos: PemPair;
  readonly etcd: PemPair;
  readonly kubernetes: PemPair;
  readonly id: string;
}

export async function makeCluster(endpoint: string, now: Date = new Date()): Promise<TestCluster> {
  const authority = (organization: string, algorithm: 'ed25519' | 'ecdsa-p256'): Promise<PemPair> =>
    createAuthority({ algorithm, organization, now, random: systemRandom });
  return {
    name: 'test',
    endpoint,
    talos: await authority('talos', 'ed25519'),
    etcd: await authority('etcd', 'ecdsa-p256'),
    kubernetes: await authority('kubernetes', 'ecdsa-p256'),
    id: Buffer.from(systemRandom.bytes(32)).toString('base64'),
  };
}

export interface TestCredentials {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export async function talosCredentials(
  cluster: TestCluster,
  roles: readonly string[] = ['os:admin'],
  now: Date = new Date(),
): Promise<TestCredentials> {
  const pair = await issueTalosClientCertificate(cluster.talos, { roles, now, random: systemRandom });
  return { caPem: cluster.talos.crt, certPem: pair.crt, keyPem: pair.key };
}

export async function kubernetesCredentials(cluster: TestCluster, now: Date = new Date()): Promise<TestCredentials> {
  const pair = await issueKubernetesClientCertificate(cluster.kubernetes, { now, random: systemRandom });
  return { caPem: cluster.kubernetes.crt, certPem: pair.crt, keyPem: pair.key };
}

export interface ConfigOptions {
  readonly role: 'controlplane' | 'worker';
  readonly hostname: string;
  readonly address?: string;
  readonly mac?: string;
  readonly disk?: string;
  readonly vip?: string;
  readonly cni?: 'flannel' | 'none';
  readonly talos?: string;
  /** Default: the plain installer of `talos`. */
  readonly installer?: string;
  readonly extra?: string;
}

/** A config of the old single-document form, which every minor takes. */
export function makeConfig(cluster: TestCluster, options: ConfigOptions): string {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const isControlPlane = options.role === 'controlplane';
  const pair = (value: PemPair): string =>
    `{crt: ${encode(value.crt)}, key: "${isControlPlane ? encode(value.key) : ''}"}`;
  const lines = [
    'version: v1alpha1',
    'machine:',
    `  type: ${options.role}`,
    '  token: aaaaaa.bbbbbbbbbbbbbbbb',
    `  ca: ${pair(cluster.talos)}`,
    '  certSANs: []',
    '  kubelet: {image: "ghcr.io/siderolabs/kubelet:v1.36.3"}',
    `  install: {disk: ${options.disk ?? '/dev/sda'}, image: "${options.installer ?? `ghcr.io/siderolabs/installer:${options.talos ?? 'v1.13.9'}`}", wipe: false}`,
    '  network:',
    `    hostname: ${options.hostname}`,
    ...(options.address === undefined && options.vip === undefined
      ? []
      : [
          '    interfaces:',
          `      - deviceSelector: {hardwareAddr: "${options.mac ?? ''}"}`,
          ...(options.address === undefined
            ? ['        dhcp: true']
            : [
                `        addresses: [${options.address}/24]`,
                '        routes: [{network: 0.0.0.0/0, gateway: 10.0.4.1}]',
              ]),
          ...(options.vip === undefined ? [] : [`        vip: {ip: ${options.vip}}`]),
        ]),
    'cluster:',
    `  id: ${cluster.id}`,
    '  secret: c2VjcmV0',
    `  clusterName: ${cluster.name}`,
    `  controlPlane: {endpoint: "${cluster.endpoint}"}`,
    `  network: {dnsDomain: cluster.local, podSubnets: [10.244.0.0/16], serviceSubnets: [10.96.0.0/12]${options.cni === 'none' ? ', cni: {name: none}' : ''}}`,
    '  token: cccccc.dddddddddddddddd',
    `  ca: ${pair(cluster.kubernetes)}`,
    '  discovery: {enabled: true}',
    ...(isControlPlane
      ? [
          '  apiServer: {image: "registry.k8s.io/kube-apiserver:v1.36.3"}',
          '  controllerManager: {image: "registry.k8s.io/kube-controller-manager:v1.36.3"}',
          '  scheduler: {image: "registry.k8s.io/kube-scheduler:v1.36.3"}',
          '  proxy: {image: "registry.k8s.io/kube-proxy:v1.36.3"}',
          `  etcd: {ca: ${pair(cluster.etcd)}}`,
          '  secretboxEncryptionSecret: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
        ]
      : []),
  ];
  return `${lines.join('\n')}\n${options.extra ?? ''}`;
}

export function makeMachine(
  index: number,
  options: Partial<MachineDefinition> & { readonly talos?: string } = {},
): MachineDefinition {
  const { talos = 'v1.13.9', ...rest } = options;
  const mac = `00:23:24:00:00:${String(index).padStart(2, '0')}`;
  return {
    name: `m${index}`,
    uuid: `4c4c4544-0000-4000-8000-00000000000${index}`,
    serial: `SN${index}`,
    links: [{ name: 'eth0', mac }],
    disks: [
      { name: 'sda', sizeBytes: 64 * 2 ** 30, transport: 'ata', serial: `S6Z${index}`, model: 'Samsung SSD 870' },
    ],
    memoryBytes: 8 * 2 ** 30,
    cores: 4,
    arch: 'amd64',
    platform: 'metal',
    media: { talos, schematic: '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba' },
    bootOrder: ['disk', 'media'],
    addresses: [{ kind: 'dhcp', ip: `10.0.4.${150 + index}`, prefix: 24, gateway: '10.0.4.1' }],
    ...rest,
  };
}
