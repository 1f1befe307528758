/** Requirements of the talhelper cluster with Longhorn and NVIDIA workers (S3), observed on simulated machines. */
import { beforeAll, describe, expect, test } from 'vitest';
import { imageOf } from '../../src/cli/cluster/render.ts';
import {
  activeDocument,
  activeText,
  addressesOn,
  bootedSchematic,
  example,
  operatorWorld,
  valueAt,
  type OperatorWorld,
} from '../support/operators.ts';

const CONTROL_PLANE = 'talos-prod-control-01';
const WORKER = 'talos-prod-worker-01';
const GPU = 'talos-prod-gpu-worker-03';

describe('examples/3-talhelper-gpu', () => {
  let world: OperatorWorld;
  const extensionsOf = (name: string): readonly string[] =>
    world.cluster.nodes.filter((node) => node.name === name).flatMap((node) => imageOf(world.cluster, node).extensions);

  beforeAll(async () => {
    world = await operatorWorld(example('3-talhelper-gpu'));
    await world.apply();
  }, 120_000);

  test('S3-14 a GPU worker reports the image with NVIDIA driver and toolkit of one branch, loads the four modules and runs containers with nvidia', async () => {
    const config = await activeDocument(world, GPU);
    const [node] = world.cluster.nodes.filter(({ name }) => name === GPU);
    const nvidia = extensionsOf(GPU).filter((name) => name.includes('nvidia'));
    const modules = valueAt(config, 'machine', 'kernel', 'modules');

    expect(nvidia).toHaveLength(2);
    expect(nvidia.every((name) => name.endsWith('-lts'))).toBe(true);
    expect(await bootedSchematic(world, GPU)).toBe(node === undefined ? '' : imageOf(world.cluster, node).schematicId);
    expect(modules).toEqual(
      expect.arrayContaining(['nvidia', 'nvidia_uvm', 'nvidia_drm', 'nvidia_modeset'].map((name) => ({ name }))),
    );
    expect(runtimeOf(config)).toBe('nvidia');
  });

  test('S3-17 another worker has what Longhorn mounts and needs, no NVIDIA parts and the usual runtime', async () => {
    const config = await activeDocument(world, WORKER);

    expect(valueAt(config, 'machine', 'kubelet', 'extraMounts')).toMatchObject([
      { destination: '/var/lib/longhorn', type: 'bind', options: ['bind', 'rshared', 'rw'] },
    ]);
    expect(extensionsOf(WORKER)).toEqual(expect.arrayContaining(['iscsi-tools', 'util-linux-tools']));
    expect(extensionsOf(WORKER).filter((name) => name.includes('nvidia'))).toEqual([]);
    expect(await bootedSchematic(world, WORKER)).not.toBe(await bootedSchematic(world, GPU));
    expect(runtimeOf(config)).toBeUndefined();
  });

  test('S3-12 control planes carry etcd and the control plane’s pods, and run containers with runc', async () => {
    const services = await world.ask(CONTROL_PLANE, (session) => session.serviceList());
    const workers = await world.ask(WORKER, (session) => session.serviceList());

    expect(services.find(({ id }) => id === 'etcd')).toMatchObject({ state: 'Running', health: 'healthy' });
    expect(workers.some(({ id }) => id === 'etcd')).toBe(false);
    expect(Object.keys(world.simulation.view(CONTROL_PLANE).run?.staticPods ?? {}).toSorted()).toEqual([
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
    ]);
    expect(runtimeOf(await activeDocument(world, CONTROL_PLANE))).toBe('runc');
  });

  test('S3-20 every node has its static address, the name servers and the time server of the file, and no lease', async () => {
    for (const node of world.cluster.nodes) {
      const { network } = world.simulation.view(node.name);
      const ip = node.address.kind === 'static' ? `${node.address.ip}/24` : '';

      expect(await addressesOn(world, node.name)).toEqual([ip]);
      expect(network).toMatchObject({
        nameservers: ['1.1.1.1', '1.0.0.1'],
        timeservers: ['time.cloudflare.com'],
        hostname: node.name,
      });
      expect(network.links.some(({ runsDhcp }) => runsDhcp)).toBe(false);
    }
  });

  test('S1-26 a volume on the second disk is asked for by what the disk is not', async () => {
    expect(await activeText(world, WORKER)).toContain('!system_disk');
  });
});

test('F3-11 S4-8 a link that the file names and the machine does not have is found before anything is sent, with the links that are there; by MAC it comes up', async () => {
  const file = (link: string): string => `ichor: 1
name: links
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1 }
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, ${link}mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
`;
  const moved = await operatorWorld(file(''), {
    machine: (machine) => ({ ...machine, links: machine.links.map((link) => ({ ...link, name: 'enp6s19' })) }),
  });
  await moved.clock.advance(60_000);
  const byName = await operatorWorld(file('link: ens18, '), { inside: moved });

  const { plan } = await byName.plan();
  const sent = moved.changes();
  const result = await moved.apply();

  expect(plan.findings).toMatchObject([
    { rule: 'link-missing', message: expect.stringMatching(/ens18/), node: 'cp-1' },
  ]);
  expect(JSON.stringify(plan.findings)).toContain('enp6s19');
  expect(sent).toEqual([]);
  expect(result, result.message).toMatchObject({ exit: 0 });
  expect(await addressesOn(moved, 'cp-1')).toEqual(['10.0.4.101/24']);
});

/** Of the containerd part that the config writes. */
function runtimeOf(config: unknown): string | undefined {
  const files = valueAt(config, 'machine', 'files');
  const texts = Array.isArray(files) ? files.map((file: unknown) => String(valueAt(file, 'content'))) : [];
  return texts.map((text) => /default_runtime_name = "(\w+)"/.exec(text)?.[1]).find((name) => name !== undefined);
}
