/** Links, addresses, routes, names (talos-2-resources.md §2.5). */
import { isIP } from 'node:net';
import type { EffectiveAddress, EffectiveLink } from '../network.ts';
import { one, type Projection, type ResourceDraft, type RunningView } from './resource.ts';

export const NETWORK_PROJECTIONS: Readonly<Record<string, Projection>> = {
  'LinkStatuses.net.talos.dev': ({ network }) => [
    ...network.links.map((link, index) => ({
      id: link.name,
      owner: 'network.LinkStatusController',
      spec: linkSpec(link, index + 2),
    })),
    LOOPBACK,
  ],
  'AddressStatuses.net.talos.dev': addressStatuses,
  'RouteStatuses.net.talos.dev': routeStatuses,
  'HostnameStatuses.net.talos.dev': ({ network }) =>
    one('hostname', 'network.HostnameSpecController', { hostname: network.hostname, domainname: network.domain }),
  'NodeAddresses.net.talos.dev': nodeAddresses,
  'ResolverStatuses.net.talos.dev': ({ network }) =>
    one('resolvers', 'network.ResolverSpecController', {
      dnsServers: network.nameservers,
      searchDomains: network.searchDomains,
    }),
  'TimeServerStatuses.net.talos.dev': ({ network }) =>
    one('timeservers', 'network.TimeServerSpecController', { timeServers: network.timeservers }),
  'NetworkStatuses.net.talos.dev': ({ network }) =>
    one('status', 'network.StatusController', {
      addressReady: network.addresses.length > 0,
      connectivityReady: network.addresses.length > 0,
      hostnameReady: true,
      etcFilesReady: true,
    }),
  'HardwareAddresses.net.talos.dev': ({ network }) => {
    const first = network.links.find((link) => link.definition !== undefined);
    return first === undefined
      ? []
      : one('first', 'network.HardwareAddrController', { name: first.name, hardwareAddr: first.mac });
  },
};

const LOOPBACK: ResourceDraft = {
  id: 'lo',
  owner: 'network.LinkStatusController',
  spec: {
    index: 1,
    type: 'loopback',
    linkIndex: 0,
    flags: 'UP,LOOPBACK,RUNNING,LOWER_UP',
    hardwareAddr: '00:00:00:00:00:00',
    permanentAddr: '',
    broadcastAddr: '00:00:00:00:00:00',
    mtu: 65536,
    queueDisc: 'noqueue',
    operationalState: 'unknown',
    kind: '',
    slaveKind: '',
    linkState: true,
    port: 'Other',
    duplex: 'Unknown',
  },
};

function linkSpec(link: EffectiveLink, index: number): Readonly<Record<string, unknown>> {
  const isPhysical = link.kind === 'physical';
  return {
    alias: link.alias,
    index,
    type: 'ether',
    linkIndex: 0,
    flags: link.isUp ? 'UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP' : 'UP,BROADCAST,MULTICAST',
    hardwareAddr: link.mac,
    permanentAddr: isPhysical ? link.mac : '',
    broadcastAddr: 'ff:ff:ff:ff:ff:ff',
    mtu: link.mtu,
    queueDisc: isPhysical ? 'mq' : 'noqueue',
    operationalState: link.isUp ? 'up' : 'down',
    kind: isPhysical ? '' : link.kind,
    slaveKind: link.master === undefined ? '' : 'bond',
    busPath: link.definition?.busPath ?? (isPhysical ? `0000:00:${(17 + index).toString(16)}.0` : undefined),
    driver: isPhysical ? (link.definition?.driver ?? 'virtio_net') : undefined,
    linkState: link.isUp,
    speedMbit: link.definition?.speedMbit ?? (isPhysical ? 1000 : undefined),
    port: isPhysical ? 'TwistedPair' : 'Other',
    duplex: isPhysical ? 'Full' : 'Unknown',
  };
}

function withLength(address: EffectiveAddress): string {
  return `${address.ip}/${address.prefix}`;
}

function addressStatuses({ network }: RunningView): readonly ResourceDraft[] {
  const own = network.addresses.map((address) => ({
    id: `${address.link}/${withLength(address)}`,
    owner: 'network.AddressStatusController',
    spec: {
      address: withLength(address),
      local: isIP(address.ip) === 4 ? address.ip : undefined,
      linkIndex: network.links.findIndex((link) => link.name === address.link) + 2,
      linkName: address.link,
      family: isIP(address.ip) === 6 ? 'inet6' : 'inet4',
      scope: 'global',
      flags: 'permanent',
      priority: 0,
    },
  }));
  const loopback = {
    id: 'lo/127.0.0.1/8',
    owner: 'network.AddressStatusController',
    spec: {
      address: '127.0.0.1/8',
      local: '127.0.0.1',
      linkIndex: 1,
      linkName: 'lo',
      family: 'inet4',
      scope: 'host',
      flags: 'permanent',
      priority: 0,
    },
  };
  return [...own, loopback];
}

function routeStatuses({ network }: RunningView): readonly ResourceDraft[] {
  const indexOf = (link: string): number => network.links.findIndex((candidate) => candidate.name === link) + 2;
  const gateways = network.gateways.map(({ link, gateway }) => ({
    id: `inet4/${gateway}//1024`,
    owner: 'network.RouteStatusController',
    spec: {
      family: isIP(gateway) === 6 ? 'inet6' : 'inet4',
      dst: '',
      src: '',
      gateway,
      outLinkIndex: indexOf(link),
      outLinkName: link,
      table: 'main',
      priority: 1024,
      scope: 'global',
      type: 'unicast',
      flags: '',
      protocol: 'static',
    },
  }));
  const direct = network.addresses
    .filter((address) => address.source !== 'vip' && address.prefix < 32)
    .map((address) => ({
      id: `inet4//${networkCidr(address)}/0`,
      owner: 'network.RouteStatusController',
      spec: {
        family: 'inet4',
        dst: networkCidr(address),
        src: address.ip,
        gateway: '',
        outLinkIndex: indexOf(address.link),
        outLinkName: address.link,
        table: 'main',
        priority: 0,
        scope: 'link',
        type: 'unicast',
        flags: '',
        protocol: 'kernel',
      },
    }));
  return unique([...gateways, ...direct]);
}

function unique(drafts: readonly ResourceDraft[]): readonly ResourceDraft[] {
  return [...new Map(drafts.map((draft) => [draft.id, draft])).values()];
}

function networkCidr(address: EffectiveAddress): string {
  if (isIP(address.ip) !== 4) return `${address.ip}/${address.prefix}`;
  const size = 2 ** (32 - address.prefix);
  let value = 0;
  for (const part of address.ip.split('.')) value = value * 256 + Number(part);
  const base = Math.floor(value / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${address.prefix}`;
}

/** The VIP stands in every list but those that the cluster's certificates and etcd are made from. */
function nodeAddresses({ network }: RunningView): readonly ResourceDraft[] {
  const all = network.addresses.map(withLength);
  const own = network.addresses.filter((address) => address.source !== 'vip').map(withLength);
  const draft = (id: string, addresses: readonly string[]): ResourceDraft => ({
    id,
    owner: 'network.NodeAddressController',
    spec: { addresses, sortAlgorithm: 'v1' },
  });
  return [
    ...['accumulative', 'current', 'routed'].flatMap((id) => [
      draft(id, id === 'routed' ? own : all),
      draft(`${id}-no-k8s`, id === 'routed' ? own : all),
      draft(`${id}-only-k8s`, []),
    ]),
    draft('default', own.slice(0, 1)),
  ];
}
