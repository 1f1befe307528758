/** Requirements of the three netbooted control planes behind a VIP (S4, F4), observed on simulated machines. */
import { beforeAll, describe, expect, test } from 'vitest';
import { imageOf } from '../../src/cli/cluster/render.ts';
import {
  activeDocument,
  addressesOn,
  bootedSchematic,
  example,
  operatorWorld,
  valueAt,
  type OperatorWorld,
} from '../support/operators.ts';

const NAMES = ['controlplane1', 'controlplane2', 'controlplane3'];

describe('examples/4-pxe-vip', () => {
  let world: OperatorWorld;

  beforeAll(async () => {
    world = await operatorWorld(example('4-pxe-vip'));
    await world.apply();
  }, 120_000);

  test('S4-6 what the patches said reaches the node: wipe, install disk, names in the certificates, the link by MAC, time servers; kernel arguments by its image', async () => {
    const config = await activeDocument(world, 'controlplane1');
    const image = imageOf(world.cluster, world.cluster.nodes[0] ?? never());

    expect(valueAt(config, 'machine', 'install')).toMatchObject({ wipe: true });
    expect(JSON.stringify(valueAt(config, 'machine', 'install', 'diskSelector'))).toContain('S4X1NF0M300101');
    expect(valueAt(config, 'machine', 'certSANs')).toContain('10.0.4.100');
    expect(JSON.stringify(await activeDocument(world, 'controlplane1', 'LinkAliasConfig'))).toContain(
      '00:23:24:a1:0c:11',
    );
    expect(await activeDocument(world, 'controlplane1', 'TimeSyncConfig')).toMatchObject({
      ntp: { servers: ['time.cloudflare.com'] },
    });
    expect(image.schematic?.customization?.extraKernelArgs).toEqual(
      expect.arrayContaining(['pti=on', 'slab_nomerge', 'reboot=k']),
    );
    expect(await bootedSchematic(world, 'controlplane1')).toBe(image.schematicId);
  });

  test('S4-10 each node has the name and the static address of its line, from one file', async () => {
    const found: unknown[] = [];
    for (const name of NAMES)
      found.push([
        world.simulation.view(name).network.hostname,
        (await addressesOn(world, name)).filter((address) => address !== '10.0.4.100/32'),
      ]);

    expect(found).toEqual(NAMES.map((name, index) => [name, [`10.0.4.${101 + index}/17`]]));
  });

  test('S4-13 etcd’s members know each other by the static addresses of the file, none by the VIP', async () => {
    const members = await world.ask('controlplane1', (session) => session.etcdMemberList());

    expect(members.map(({ hostname, peerUrls }) => [hostname, peerUrls]).toSorted()).toEqual(
      NAMES.map((name, index) => [name, [`https://10.0.4.${101 + index}:2380`]]),
    );
  });

  test('S3-13 F4-7 the label that keeps load balancers away is gone from the Nodes where the file deletes it, and there where it does not', async () => {
    const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
    const kept = await operatorWorld(`ichor: 1
name: kept
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1 }
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
`);
    await kept.apply();

    const nodes = [...(await world.kubernetesNodes()), ...(await kept.kubernetesNodes())];

    expect(nodes.map(({ name, labels }) => [name, LABEL in labels])).toEqual([
      ...NAMES.map((name) => [name, false]),
      ['cp-1', true],
    ]);
  });
});

const BASE = `ichor: 1
name: base
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, timeservers: [time.cloudflare.com] }
patches:
  - machine: { sysctls: { vm.max_map_count: "262144" } }
`;
const environment = (name: string, third: number, patch: string): string => `extends: base.yaml
name: ${name}
endpoint: https://10.0.${third}.101:6443
network: { subnet: 10.0.${third}.0/24, gateway: 10.0.${third}.1 }
patches+:
  - ${patch}
nodes:
  cp-1: { role: controlplane, address: 10.0.${third}.101, mac: "00:23:24:00:0${third}:01", install: { disk: { serial: S${third} } } }
`;

describe('environments', () => {
  test('S4-65 production and staging stand on one base file: nodes of both run what the base says, and each the patches of its own environment', async () => {
    const found: unknown[] = [];
    for (const [name, third, patch] of [
      ['staging', 4, 'machine: { sysctls: { vm.swappiness: "60" } }'],
      ['production', 5, 'machine: { sysctls: { vm.swappiness: "10" } }'],
    ] as const) {
      const world = await operatorWorld({
        text: environment(name, third, patch),
        path: `${name}.yaml`,
        files: { 'base.yaml': BASE },
      });
      await world.apply();
      const config = await activeDocument(world, 'cp-1');
      found.push([
        valueAt(config, 'cluster', 'clusterName'),
        valueAt(config, 'machine', 'sysctls'),
        world.simulation.view('cp-1').network.timeservers,
      ]);
    }

    expect(found).toEqual([
      ['staging', { 'vm.max_map_count': '262144', 'vm.swappiness': '60' }, ['time.cloudflare.com']],
      ['production', { 'vm.max_map_count': '262144', 'vm.swappiness': '10' }, ['time.cloudflare.com']],
    ]);
  });

  test('S4-66 a config that the node’s own dry run refuses is not applied; S4-67 what somebody changed by hand on a node is shown against the file', async () => {
    const world = await operatorWorld({
      text: environment('staging', 4, 'machine: { sysctls: { vm.swappiness: "60" } }'),
      path: 'staging.yaml',
      files: { 'base.yaml': BASE },
    });
    world.simulation.faults.add({
      machine: 'cp-1',
      method: 'ApplyConfiguration',
      fault: { kind: 'refused', code: 'InvalidArgument', message: 'the node says no' },
    });
    const refused = await world.apply();
    const calls = world.simulation.faults.calls.get('cp-1 ApplyConfiguration');
    const stage = world.simulation.inspect()[0]?.stage;
    world.simulation.faults.clear();
    await world.apply();
    const changed = await operatorWorld(
      {
        text: environment('staging', 4, 'machine: { sysctls: { vm.swappiness: "61" } }'),
        path: 'staging.yaml',
        files: { 'base.yaml': BASE },
      },
      { inside: world },
    );

    const second = await changed.apply();

    expect(refused).toMatchObject({ exit: 3, message: expect.stringContaining('the node says no') });
    expect([calls, stage]).toEqual([1, 'maintenance']);
    expect(second).toMatchObject({
      exit: 2,
      plan: {
        steps: [],
        differences: [{ node: 'cp-1', differences: [{ path: 'machine.sysctls.vm.swappiness', from: '60', to: '61' }] }],
      },
    });
  });
});

test('S4-55 F1-24 an install disk named by a file system label is refused with the reason; a serial that no disk has is found before the apply, with the disks that are there', async () => {
  const file = (install: string): string => `ichor: 1
name: labelled
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1 }
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { ${install} } }
`;
  const world = await operatorWorld(file('disk: { serial: S1 }'));
  const other = await operatorWorld(file('disk: { serial: S9 }'), { inside: world });
  await world.clock.advance(60_000);

  const result = await other.apply();

  await expect(operatorWorld(file('device: /dev/disk/by-label/TALOS_INSTALL'))).rejects.toThrow(
    /the install itself wipes that label/,
  );
  expect(result).toMatchObject({
    plan: { findings: [{ rule: 'install-disk-missing', message: expect.stringMatching(/\/dev\/sda.*S1\b/) }] },
  });
  expect(result.exit).not.toBe(0);
  expect(world.changes()).toEqual([]);
});

function never(): never {
  throw new Error('the example has no node');
}
