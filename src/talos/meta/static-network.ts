/** The META 0xa document for the usual case: one link with a static address, a gateway and resolvers. */
import { isIP } from 'node:net';
import type { AddressFamily, PlatformNetwork, PlatformRoute } from './platform-network.ts';

export interface StaticNetwork {
  /** As the kernel of that image calls it. */
  readonly link: string;
  /** With prefix length; one or several. */
  readonly addresses: readonly string[];
  readonly gateways?: readonly string[];
  readonly hostname?: string;
  readonly domain?: string;
  readonly nameservers?: readonly string[];
  readonly searchDomains?: readonly string[];
  readonly timeservers?: readonly string[];
  readonly mtu?: number;
  /** The address is then on a VLAN over `link`. */
  readonly vlan?: number;
}

export function staticNetwork(network: StaticNetwork): PlatformNetwork {
  const { link, vlan, mtu, hostname, domain } = network;
  const name = vlan === undefined ? link : `${link}.${vlan}`;
  const layer = 'platform' as const;
  const mtuField = mtu === undefined ? {} : { mtu };
  const physical = { name: link, up: true, ...mtuField, layer };
  const tagged =
    vlan === undefined
      ? []
      : [
          {
            name,
            logical: true,
            up: true,
            ...mtuField,
            kind: 'vlan',
            type: 'ether',
            parentName: link,
            vlan: { vlanID: vlan, vlanProtocol: '802.1q' },
            layer,
          } as const,
        ];
  const { nameservers = [], searchDomains = [], timeservers = [] } = network;
  return {
    addresses: network.addresses.map((address) => ({
      address,
      linkName: name,
      family: familyOf(address),
      scope: 'global',
      flags: 'permanent',
      layer,
    })),
    links: [physical, ...tagged],
    routes: (network.gateways ?? []).map((gateway) => defaultRoute(gateway, name)),
    ...(hostname === undefined
      ? {}
      : { hostnames: [{ hostname, ...(domain === undefined ? {} : { domainname: domain }), layer }] }),
    ...(nameservers.length === 0
      ? {}
      : { resolvers: [{ dnsServers: nameservers, ...(searchDomains.length === 0 ? {} : { searchDomains }), layer }] }),
    ...(timeservers.length === 0 ? {} : { timeServers: [{ timeServers: timeservers, layer }] }),
  };
}

function defaultRoute(gateway: string, outLinkName: string): PlatformRoute {
  return {
    family: familyOf(gateway),
    gateway,
    outLinkName,
    table: 'main',
    priority: 1024,
    scope: 'global',
    type: 'unicast',
    protocol: 'static',
    layer: 'platform',
  };
}

function familyOf(address: string): AddressFamily {
  return isIP(address.split('/')[0] ?? '') === 6 ? 'inet6' : 'inet4';
}
