import { describe, expect, test } from 'vitest';
import { SOUND, loadSound, spoiled } from '../../../test/support/cluster-file.ts';
import type { EffectiveNetwork } from './effective.ts';
import { effectiveNetwork } from './effective.ts';

async function networkOf(text: string, name = 'w-1'): Promise<EffectiveNetwork> {
  const cluster = await loadSound(text);
  const node = cluster.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return effectiveNetwork(cluster, node);
}

const W1 = 'address: 10.0.4.111, mac: "00:23:24:00:00:11"';

describe('the primary link', () => {
  test('carries the static address and no DHCP; control planes carry the VIP too', async () => {
    expect(await networkOf(SOUND)).toMatchObject({
      nodeAddress: '10.0.4.111',
      links: [
        {
          selector: { kind: 'mac', mac: '00:23:24:00:00:11' },
          dhcp: false,
          addresses: ['10.0.4.111/24'],
          vips: [],
          routes: [{ gateway: '10.0.4.1' }],
          isPrimary: true,
        },
      ],
    });
    expect((await networkOf(SOUND, 'cp-1')).links[0]?.vips).toEqual(['10.0.4.100']);
  });

  test('keeps DHCP when the address is reserved or found', async () => {
    expect(
      (await networkOf(spoiled(['address: 10.0.4.111', 'address: { reserved: 10.0.4.111 }']))).links[0],
    ).toMatchObject({ dhcp: true, addresses: [] });
    const found = await networkOf(spoiled(['address: 10.0.4.111', 'address: dhcp']));
    expect(found.links[0]).toMatchObject({ dhcp: true, addresses: [] });
    expect(found.nodeAddress).toBeUndefined();
  });

  test('is the one that `links` describes by MAC or by the address', async () => {
    const byMac = await networkOf(spoiled([W1, `links: [{ mac: "00:23:24:00:00:11", mtu: 9000 }], ${W1}`]));
    expect(byMac.links).toHaveLength(1);
    expect(byMac.links[0]).toMatchObject({ mtu: 9000, addresses: ['10.0.4.111/24'], isPrimary: true });

    const bond = await networkOf(
      spoiled([W1, `links: [{ name: bond0, bond: { mode: 802.3ad }, addresses: [10.0.4.111/24] }], ${W1}`]),
    );
    expect(bond.links).toHaveLength(1);
    expect(bond.links[0]).toMatchObject({ isVirtual: true, isPrimary: true, dhcp: false });
  });
});

test('one link document ends default DHCP on all links; interface entries do not', async () => {
  const old = [
    ['v1.13.9', 'v1.11.6'],
    ['v1.36.3', 'v1.34.1'],
  ] as const;

  expect((await networkOf(spoiled(...old))).defaultDhcp).toBe(true);
  expect((await networkOf(SOUND)).defaultDhcp).toBe(false);
  const unnamed = spoiled([W1, 'address: dhcp, proxmox: { vmid: 300 }']);
  expect((await networkOf(unnamed)).defaultDhcp).toBe(true);
  expect(
    (await networkOf(`${unnamed}patches:\n  - { apiVersion: v1alpha1, kind: DHCPv4Config, name: enp1s0 }\n`))
      .defaultDhcp,
  ).toBe(false);
});

test('a patch may name the primary link by its alias', async () => {
  const network = await networkOf(
    `${SOUND}patches:\n  - { apiVersion: v1alpha1, kind: LinkConfig, name: primary, mtu: 1400 }\n`,
  );

  expect(network.links).toHaveLength(1);
  expect(network.links[0]).toMatchObject({ mtu: 1400, addresses: ['10.0.4.111/24'] });
});

test('patches add links, routes, subnets and resolvers', async () => {
  const network = await networkOf(`${SOUND}patches:
  - machine:
      network:
        nameservers: [9.9.9.9]
        interfaces:
          - interface: enp9s0
            dhcp: true
            routes: [{ network: 10.9.0.0/16, gateway: 10.0.4.9 }]
            vlans: [{ vlanId: 20, addresses: [10.20.0.5/24] }]
      kubelet: { nodeIP: { validSubnets: [10.0.4.0/24] } }
    cluster: { etcd: { advertisedSubnets: [10.0.4.0/24] } }
  - { apiVersion: v1alpha1, kind: LinkConfig, name: enp8s0, addresses: [{ address: 10.8.0.5/24 }] }
`);

  expect(network).toMatchObject({
    kubeletSubnets: ['10.0.4.0/24'],
    etcdSubnets: ['10.0.4.0/24'],
    nameservers: ['9.9.9.9'],
  });
  expect(
    network.links.map(({ selector, dhcp, addresses, isVirtual }) => [selector, dhcp, addresses, isVirtual]),
  ).toEqual([
    [{ kind: 'mac', mac: '00:23:24:00:00:11' }, false, ['10.0.4.111/24'], false],
    [{ kind: 'name', name: 'enp9s0' }, true, [], false],
    [{ kind: 'name', name: 'enp9s0.20' }, false, ['10.20.0.5/24'], true],
    [{ kind: 'name', name: 'enp8s0' }, false, ['10.8.0.5/24'], false],
  ]);
  expect(network.links[1]?.routes).toEqual([{ network: '10.9.0.0/16', gateway: '10.0.4.9' }]);
});
