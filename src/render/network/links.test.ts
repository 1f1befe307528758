import { describe, expect, it } from 'vitest';
import type { Link, NodeSpec } from '../../spec/model.ts';
import { wantedLinks } from '../../spec/network/wanted-links.ts';
import { legacyInterfaces } from './legacy-interfaces.ts';
import { linkDocuments } from './link-documents.ts';

const plainLink: Link = { addresses: [], routes: [], vlans: [], rest: {} };

function node(parts: Partial<NodeSpec>): NodeSpec {
  return {
    name: 'cp-1',
    role: 'controlplane',
    classes: [],
    platform: 'metal',
    talos: 'v1.13.9',
    kubernetes: 'v1.36.3',
    address: { kind: 'static', ip: '10.0.4.101', prefix: 24 },
    identity: { macs: ['00:23:24:AA:BB:01'] },
    links: [],
    nameservers: [],
    timeservers: [],
    gateway: '10.0.4.1',
    install: { wipe: false },
    hardware: [],
    image: { extensions: [], kernelArgs: [], secureboot: false, arch: 'amd64' },
    volumes: [],
    labels: {},
    annotations: {},
    taints: {},
    certSANs: [],
    boot: {},
    patches: [],
    origin: { layer: { kind: 'node', name: 'cp-1' } },
    ...parts,
  };
}

const documentsOf = (spec: NodeSpec, vip?: string) => linkDocuments(wantedLinks(spec, vip));
const interfacesOf = (spec: NodeSpec, vip?: string) => legacyInterfaces(wantedLinks(spec, vip));

describe('links of a node', () => {
  it('S4-8 S3-20 chooses the link by MAC, gives it the address and the gateway, and no DHCP', () => {
    expect(documentsOf(node({}), '10.0.4.100')).toEqual([
      {
        apiVersion: 'v1alpha1',
        kind: 'LinkAliasConfig',
        name: 'primary',
        selector: { match: 'mac(link.permanent_addr) == "00:23:24:aa:bb:01"' },
      },
      {
        apiVersion: 'v1alpha1',
        kind: 'LinkConfig',
        name: 'primary',
        up: true,
        addresses: [{ address: '10.0.4.101/24' }],
        routes: [{ gateway: '10.0.4.1' }],
      },
      { apiVersion: 'v1alpha1', kind: 'Layer2VIPConfig', name: '10.0.4.100', link: 'primary' },
    ]);
  });

  it('S4-11 F2-1 says DHCP off in the legacy form, where it would otherwise stay on beside the address', () => {
    expect(interfacesOf(node({}))[0]).toEqual({
      deviceSelector: { hardwareAddr: '00:23:24:aa:bb:01' },
      addresses: ['10.0.4.101/24'],
      routes: [{ network: '0.0.0.0/0', gateway: '10.0.4.1' }],
      dhcp: false,
    });
  });

  it('keeps DHCP, in a document of its own, for a node whose address a DHCP server hands out', () => {
    const documents = documentsOf(node({ address: { kind: 'reserved', ip: '10.0.4.9' } }));

    expect(documents.map((document) => document['kind'])).toEqual(['LinkAliasConfig', 'LinkConfig', 'DHCPv4Config']);
  });

  it('puts the address on the link that the spec names, a bond, in the words of the documents', () => {
    const bond: Link = {
      ...plainLink,
      name: 'bond0',
      mtu: 9000,
      bond: { interfaces: ['enp1s0', 'enp2s0'], mode: '802.3ad' },
    };

    expect(documentsOf(node({ link: 'bond0', links: [bond] }))).toEqual([
      {
        apiVersion: 'v1alpha1',
        kind: 'BondConfig',
        name: 'bond0',
        links: ['enp1s0', 'enp2s0'],
        bondMode: '802.3ad',
        up: true,
        mtu: 9000,
        addresses: [{ address: '10.0.4.101/24' }],
        routes: [{ gateway: '10.0.4.1' }],
      },
    ]);
  });

  it('makes VLANs documents with their parent', () => {
    const trunk: Link = {
      ...plainLink,
      name: 'enp1s0',
      vlans: [
        {
          vlanId: 20,
          addresses: ['10.0.20.5/24'],
          routes: [{ network: '10.9.0.0/16', gateway: '10.0.20.1' }],
          dhcp: false,
        },
      ],
    };
    const vlan = documentsOf(node({ links: [trunk] })).find((document) => document['kind'] === 'VLANConfig');

    expect(vlan).toEqual({
      apiVersion: 'v1alpha1',
      kind: 'VLANConfig',
      name: 'enp1s0.20',
      vlanID: 20,
      parent: 'enp1s0',
      addresses: [{ address: '10.0.20.5/24' }],
      routes: [{ destination: '10.9.0.0/16', gateway: '10.0.20.1' }],
    });
  });

  it('takes the link that carries the address for the primary one, and gives the address to no second', () => {
    const bond: Link = {
      ...plainLink,
      name: 'bond0',
      addresses: ['10.0.4.101/24'],
      bond: { interfaces: ['enp1s0', 'enp2s0'], mode: '802.3ad' },
    };

    const documents = documentsOf(node({ links: [bond] }));

    expect(
      documents
        .filter((document) => JSON.stringify(document).includes('10.0.4.101'))
        .map((document) => document['name']),
    ).toEqual(['bond0']);
  });

  it('never guesses a name: without MAC and link any physical one is meant, and nothing is written beyond Talos’ default', () => {
    const [found] = wantedLinks(node({ identity: { macs: [], vmid: 301 } }), undefined);

    expect(found).toMatchObject({ isAnyPhysical: true, choice: { selector: { physical: true } } });
    expect(wantedLinks(node({}), undefined)[0]).toMatchObject({ isAnyPhysical: false, name: 'primary' });
  });
});

describe('ports of bonds and bridges', () => {
  const bond: Link = {
    ...plainLink,
    name: 'bond0',
    bond: {
      deviceSelectors: [{ hardwareAddr: '00:23:24:aa:bb:01' }, { hardwareAddr: '00:23:24:AA:BB:02' }],
      mode: 'active-backup',
      resendIgmp: 1,
      peerNotifyDelay: 2,
    },
  };

  it('S4-8 are found by MAC, each by an alias of its own; the bond over the node’s MAC carries the address', () => {
    expect(documentsOf(node({ links: [bond] }))).toMatchObject([
      {
        kind: 'LinkAliasConfig',
        name: 'bond0-port0',
        selector: { match: 'mac(link.permanent_addr) == "00:23:24:aa:bb:01"' },
      },
      {
        kind: 'LinkAliasConfig',
        name: 'bond0-port1',
        selector: { match: 'mac(link.permanent_addr) == "00:23:24:aa:bb:02"' },
      },
      {
        kind: 'BondConfig',
        name: 'bond0',
        links: ['bond0-port0', 'bond0-port1'],
        bondMode: 'active-backup',
        resendIGMP: 1,
        peerNotifDelay: 2,
        addresses: [{ address: '10.0.4.101/24' }],
      },
    ]);
  });

  it('are chosen by their permanent address before 1.12: as ports they all have the bond’s', () => {
    expect(interfacesOf(node({ links: [bond] }))).toMatchObject([
      {
        interface: 'bond0',
        bond: { deviceSelectors: [{ permanentAddr: '00:23:24:aa:bb:01' }, { permanentAddr: '00:23:24:aa:bb:02' }] },
        addresses: ['10.0.4.101/24'],
      },
    ]);
  });

  it('of a bridge say themselves whose they are before 1.12, which lists them by name alone', () => {
    const bridge: Link = { ...plainLink, name: 'br0', bridge: { interfaces: ['lan'], stp: { enabled: true } } };
    const port: Link = { ...plainLink, name: 'lan', mac: '00:23:24:aa:bb:01' };
    const spec = node({ links: [bridge, port] });

    expect(interfacesOf(spec)).toMatchObject([
      { interface: 'br0', addresses: ['10.0.4.101/24'] },
      { deviceSelector: { permanentAddr: '00:23:24:aa:bb:01' }, bridgePort: { master: 'br0' }, dhcp: false },
    ]);
    expect(documentsOf(spec)).toMatchObject([
      { kind: 'BridgeConfig', links: ['lan'], stp: { enabled: true } },
      { kind: 'LinkAliasConfig', name: 'lan' },
      { kind: 'LinkConfig', name: 'lan' },
    ]);
  });

  it('may not be mixed by name and MAC where Talos takes only one of the two', () => {
    const mixed: Link = { ...bond, bond: { interfaces: ['enp1s0', '00:23:24:aa:bb:02'], mode: '802.3ad' } };

    expect(() => interfacesOf(node({ links: [mixed], link: 'bond0' }))).toThrow('by name and by MAC');
    expect(documentsOf(node({ links: [mixed], link: 'bond0' })).at(-1)).toMatchObject({
      links: ['enp1s0', 'bond0-port1'],
    });
  });
});

describe('what the node needs, on the link that carries it', () => {
  it('S4-8 puts address, gateway and VIP on a VLAN that the spec names, and leaves its parent without', () => {
    const trunk: Link = { ...plainLink, name: 'lan', mac: '00:23:24:aa:bb:01', vlans: [{ vlanId: 20 }] };
    const spec = node({ link: 'lan.20', links: [trunk] });

    expect(documentsOf(spec, '10.0.4.100')).toMatchObject([
      { kind: 'LinkAliasConfig', name: 'lan' },
      { kind: 'LinkConfig', name: 'lan' },
      {
        kind: 'VLANConfig',
        name: 'lan.20',
        parent: 'lan',
        addresses: [{ address: '10.0.4.101/24' }],
        routes: [{ gateway: '10.0.4.1' }],
      },
      { kind: 'Layer2VIPConfig', name: '10.0.4.100', link: 'lan.20' },
    ]);
    expect(documentsOf(spec)[1]).not.toHaveProperty('addresses');
    expect(interfacesOf(spec, '10.0.4.100')).toMatchObject([
      {
        // VLANs have their parent's hardware address: chosen by that, they would get their parent's addresses too.
        deviceSelector: { permanentAddr: '00:23:24:aa:bb:01' },
        vlans: [{ vlanId: 20, addresses: ['10.0.4.101/24'], dhcp: false, vip: { ip: '10.0.4.100' } }],
      },
    ]);
  });

  it('writes an IPv6 default route as one, and gives no gateway of a family that the link has no address of', () => {
    const v6 = node({ address: { kind: 'static', ip: 'fd00::5', prefix: 64 }, gateway: 'fd00::1' });

    expect(interfacesOf(v6)[0]).toMatchObject({ routes: [{ network: '::/0', gateway: 'fd00::1' }] });
    expect(documentsOf({ ...v6, gateway: '10.0.4.1' }).at(-1)).not.toHaveProperty('routes');
  });

  it('keeps the default route of the other family', () => {
    const dual: Link = {
      ...plainLink,
      mac: '00:23:24:aa:bb:01',
      addresses: ['fd00::5/64'],
      routes: [{ gateway: 'fd00::1' }],
    };

    expect(documentsOf(node({ links: [dual] })).at(-1)).toMatchObject({
      addresses: [{ address: '10.0.4.101/24' }, { address: 'fd00::5/64' }],
      routes: [{ gateway: '10.0.4.1' }, { gateway: 'fd00::1' }],
    });
  });

  it('gives the link of a machine without MAC its settings, and to no other one the address', () => {
    const links: Link[] = [
      { ...plainLink, mac: '00:23:24:aa:bb:09', addresses: ['10.9.0.2/24'] },
      { ...plainLink, selector: { driver: 'virtio_net' }, mtu: 9000 },
    ];
    const spec = node({ identity: { macs: [], vmid: 301 }, links });

    expect(
      documentsOf(spec)
        .filter(({ kind }) => kind === 'LinkConfig')
        .map(({ name, addresses, mtu }) => [name, addresses, mtu]),
    ).toEqual([
      ['link0', [{ address: '10.9.0.2/24' }], undefined],
      ['primary', [{ address: '10.0.4.101/24' }], 9000],
    ]);
  });
});

describe('words', () => {
  it('of DHCP, dummies, WireGuard and a bare address become documents', () => {
    const links: Link[] = [
      {
        ...plainLink,
        name: 'enp2s0',
        dhcp: true,
        addresses: ['10.8.0.5'],
        rest: { dhcpOptions: { routeMetric: 2048, ipv6: true }, multicast: true },
      },
      { ...plainLink, name: 'dummy0', rest: { dummy: true } },
      { ...plainLink, name: 'wg0', rest: { wireguard: { privateKey: 'k', listenPort: 51821 } } },
      { ...plainLink, name: 'enp3s0', rest: { ignore: true } },
    ];

    expect(documentsOf(node({ links })).slice(2)).toEqual([
      {
        apiVersion: 'v1alpha1',
        kind: 'LinkConfig',
        name: 'enp2s0',
        up: true,
        addresses: [{ address: '10.8.0.5/32' }],
        multicast: true,
      },
      { apiVersion: 'v1alpha1', kind: 'DHCPv4Config', name: 'enp2s0', routeMetric: 2048 },
      { apiVersion: 'v1alpha1', kind: 'DHCPv6Config', name: 'enp2s0', routeMetric: 2048 },
      { apiVersion: 'v1alpha1', kind: 'DummyLinkConfig', name: 'dummy0', up: true },
      { apiVersion: 'v1alpha1', kind: 'WireguardConfig', name: 'wg0', privateKey: 'k', listenPort: 51821, up: true },
    ]);
  });

  it('take no alias that is a link’s own name', () => {
    const taken: Link = { ...plainLink, name: 'primary', addresses: ['10.7.0.2/24'] };

    expect(documentsOf(node({ links: [taken] }))[0]).toMatchObject({ kind: 'LinkAliasConfig', name: 'primary-1' });
  });

  it('say which ones the Talos version does not have', () => {
    const bond: Link = { ...plainLink, name: 'bond0', bond: { interfaces: ['enp1s0'], primary: 'enp1s0' } };
    const match: Link = { ...plainLink, selector: { match: 'link.mtu > 1500u' } };

    expect(() => documentsOf(node({ links: [bond] }))).toThrow('no word of BondConfig');
    expect(() => interfacesOf(node({ links: [match] }))).toThrow('from 1.12 on');
    expect(() => documentsOf(node({ links: [{ ...plainLink, selector: { speed: 10 } }] }))).toThrow(
      'selected by speed',
    );
    expect(() => documentsOf(node({ links: [{ ...plainLink, bond: { interfaces: ['enp1s0'] } }] }))).toThrow(
      'has no name',
    );
  });

  it('shorten the name of a VLAN as Talos does', () => {
    const long: Link = { ...plainLink, name: 'enp94s0f0np0', vlans: [{ vlanId: 4094 }] };
    const vlan = documentsOf(node({ links: [long] })).find(({ kind }) => kind === 'VLANConfig');

    expect(vlan?.['name']).toMatch(/^enp9[0-9a-f]{6}\.4094$/);
  });
});
