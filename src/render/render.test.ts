import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCluster } from '../spec/load.ts';
import type { Cluster } from '../spec/model.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { renderNode } from './render.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bundle: SecretsBundle = parse(readFileSync(`${root}test/fixtures/secrets/a-contract-1.11.yaml`, 'utf8'));

async function load(text: string): Promise<Cluster> {
  const { cluster, findings } = await loadCluster({
    path: 'cluster.yaml',
    readFile: (path) => (path === 'cluster.yaml' ? text : undefined),
  });
  if (cluster === undefined) throw new Error(findings.map((finding) => finding.message).join('\n'));
  return cluster;
}

function render(cluster: Cluster, name: string) {
  const node = cluster.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return renderNode({
    cluster,
    node,
    bundle,
    image: { installer: `factory.example/metal-installer/x:${node.talos}`, modules: [], sysctls: {} },
    features: [],
  });
}

function find(rendered: ReturnType<typeof renderNode>, kind: string | undefined, name?: string) {
  return rendered.documents.find((document) => document.kind === kind && (name === undefined || document.name === name))
    ?.value;
}

const spec = (talos: string, kubernetes: string) => `
ichor: 1
name: home
endpoint: https://10.0.4.100:6443
talos: ${talos}
kubernetes: ${kubernetes}
secrets: secrets.yaml
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com], vip: 10.0.4.100, cni: none, kubeProxy: false }
nodes:
  cp-1:
    role: controlplane
    platform: metal
    address: 10.0.4.101
    mac: "00:23:24:00:00:01"
    install: { disk: { serial: S6Z1 } }
    labels: { zone: attic }
    patches:
      - machine: { sysctls: { vm.max_map_count: "262144" } }
  w-1:
    role: worker
    platform: metal
    address: 10.0.4.111
    mac: "00:23:24:00:00:11"
    install: { disk: { type: nvme } }
    taints: { gpu: NoSchedule }
    volumes: { scratch: { size: 500GB, disk: nvme } }
patches:
  - machine: { sysctls: { vm.max_map_count: "1", net.core.somaxconn: "1024" } }
`;

const VERSIONS = [
  ['v1.11.6', 'v1.34.1'],
  ['v1.12.11', 'v1.35.4'],
  ['v1.13.9', 'v1.36.3'],
  ['v1.14.1', 'v1.37.0'],
] as const;

describe.each(VERSIONS)('render for Talos %s', (talos, kubernetes) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await load(spec(talos, kubernetes));
  });
  const isDocumented = talos >= 'v1.12';

  it('S4-10 S4-12 gives the node its hostname and its static address, in the form of that version', () => {
    const rendered = render(cluster, 'cp-1');

    if (isDocumented) {
      expect(find(rendered, 'HostnameConfig')).toMatchObject({ auto: 'off', hostname: 'cp-1' });
      expect(find(rendered, 'LinkConfig')).toMatchObject({
        name: 'primary',
        addresses: [{ address: '10.0.4.101/24' }],
        routes: [{ gateway: '10.0.4.1' }],
      });
      expect(find(rendered, 'Layer2VIPConfig', '10.0.4.100')).toMatchObject({ link: 'primary' });
      expect(find(rendered, 'DHCPv4Config')).toBeUndefined();
    } else {
      expect(find(rendered, undefined)).toMatchObject({
        machine: {
          network: {
            hostname: 'cp-1',
            interfaces: [
              {
                deviceSelector: { hardwareAddr: '00:23:24:00:00:01' },
                addresses: ['10.0.4.101/24'],
                dhcp: false,
                vip: { ip: '10.0.4.100' },
              },
            ],
          },
        },
      });
    }
  });

  it('S4-64 S0-22 applies patches in the order cluster, node: the node wins, what it does not name stays', () => {
    const machine = find(render(cluster, 'cp-1'), undefined);

    expect(machine).toMatchObject({
      machine: { sysctls: { 'vm.max_map_count': '262144', 'net.core.somaxconn': '1024' } },
    });
    expect(find(render(cluster, 'w-1'), undefined)).toMatchObject({
      machine: { sysctls: { 'vm.max_map_count': '1' } },
    });
  });

  it('S0-21 S0-24 S4-60 shares secrets, ranges and endpoint between control planes and workers', () => {
    const [plane, worker] = [render(cluster, 'cp-1').config, render(cluster, 'w-1').config];

    for (const shared of [
      bundle.secrets.bootstraptoken,
      bundle.trustdinfo.token,
      bundle.cluster.secret,
      '10.244.0.0/16',
      '10.96.0.0/12',
      'https://10.0.4.100:6443',
    ]) {
      expect(plane).toContain(shared);
      expect(worker).toContain(shared);
    }
    expect(worker).not.toContain(bundle.certs.os.key);
  });

  it('turns the built-in CNI and kube-proxy off', () => {
    const rendered = render(cluster, 'cp-1');

    if (talos >= 'v1.14') {
      expect(find(rendered, 'KubeFlannelCNIConfig')).toBeUndefined();
      expect(find(rendered, 'KubeProxyConfig')).toMatchObject({ enabled: false });
    } else {
      expect(find(rendered, undefined)).toMatchObject({
        cluster: { network: { cni: { name: 'none' } }, proxy: { disabled: true } },
      });
    }
  });

  it('S1-26 S1-27 declares user volumes with a fixed size on the disk that the selector means', () => {
    expect(find(render(cluster, 'w-1'), 'UserVolumeConfig', 'scratch')).toMatchObject({
      provisioning: {
        diskSelector: { match: expect.stringContaining('disk.transport == "nvme"') },
        minSize: '500GB',
        maxSize: '500GB',
      },
    });
  });
});

describe('taints of a worker', () => {
  it('are what the kubelet registers with up to 1.13, where Kubernetes refuses a later change by the node itself', async () => {
    const config = render(await load(spec('v1.13.9', 'v1.36.3')), 'w-1');

    expect(find(config, undefined)).toMatchObject({
      machine: { kubelet: { extraConfig: { registerWithTaints: [{ key: 'gpu', effect: 'NoSchedule' }] } } },
    });
    expect(config.config).not.toContain('nodeTaints');
  });

  it('stand in KubeNodeConfig from 1.14 on', async () => {
    expect(find(render(await load(spec('v1.14.1', 'v1.37.0')), 'w-1'), 'KubeNodeConfig')).toMatchObject({
      taints: { gpu: 'NoSchedule' },
    });
  });
});

describe('rendering', () => {
  it('is the same text every time', async () => {
    const cluster = await load(spec('v1.13.9', 'v1.36.3'));

    expect(render(cluster, 'cp-1').config).toBe(render(cluster, 'cp-1').config);
  });

  it('says which patch does not fit, at its place, on which node', async () => {
    const cluster = await load(
      spec('v1.13.9', 'v1.36.3').replace(
        '- machine: { sysctls: { vm.max_map_count: "262144" } }',
        '- machine: { sysctl: { a: "1" } }',
      ),
    );

    expect(() => render(cluster, 'cp-1')).toThrow(/does not fit the config of cp-1.*sysctl/s);
  });

  it('carries through documents of a newer Talos that it has never met', async () => {
    const text = spec('v1.15.0', 'v1.37.0').replace(
      '- machine: { sysctls: { vm.max_map_count: "262144" } }',
      '- { apiVersion: v1alpha1, kind: QuantumLinkConfig, name: q0, spin: up }',
    );
    const { cluster } = await loadCluster({ path: 'cluster.yaml', readFile: () => text });

    expect(cluster && render(cluster, 'cp-1').config).toContain('kind: QuantumLinkConfig');
  });
});
