import { describe, expect, it } from 'vitest';
import type { Link, NodeSpec } from '../../spec/model.ts';
import { hasNamedPrimary, legacyInterface, linkDocuments, wantedLinks } from './links.ts';

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

const documentsOf = (spec: NodeSpec, vip?: string) => wantedLinks(spec, vip).flatMap((wanted) => linkDocuments(wanted));

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
    const [wanted] = wantedLinks(node({}), undefined);

    expect(wanted && legacyInterface(wanted)).toEqual({
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

  it('never guesses a name: without MAC and link there is no named primary', () => {
    expect(hasNamedPrimary(node({ identity: { macs: [], vmid: 301 } }))).toBe(false);
    expect(hasNamedPrimary(node({}))).toBe(true);
  });
});
