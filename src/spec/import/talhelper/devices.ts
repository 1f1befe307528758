/**
 * `networkInterfaces` of a talhelper node as the link documents that talhelper makes of them for Talos 1.12 and later
 * (`pkg/talos/networkconfig.go`): names for links chosen by selector, one document a purpose.
 */
import { isRecord, listAt, mapAt, valueAt } from '../../patch-facts.ts';
import { asText, recordList, textList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';

export interface Device {
  /** Name of the link: its own, or the alias that talhelper gives to what a selector finds. */
  readonly name: string;
  readonly value: PlainMap;
  readonly selector?: PlainMap;
}

/** Aliases count through all devices of a node, skipping names that are taken. */
export function namedDevices(interfaces: unknown): readonly Device[] {
  const values = recordList(interfaces);
  const taken = new Set(values.map((value) => asText(value['interface']) ?? '').filter((name) => name !== ''));
  const counters = new Map<string, number>();
  return values.map((value) => {
    const own = asText(value['interface']) ?? '';
    const selector = isRecord(value['deviceSelector']) ? value['deviceSelector'] : undefined;
    if (own !== '' || selector === undefined) return { name: own, value, ...(selector && { selector }) };
    const name = freeName(prefixOf(value), taken, counters);
    return { name, value, selector };
  });
}

function prefixOf(value: PlainMap): string {
  if (value['bond'] !== undefined) return 'bond';
  if (value['bridge'] !== undefined) return 'br';
  return value['wireguard'] === undefined ? 'ethSel' : 'wg';
}

function freeName(prefix: string, taken: Set<string>, counters: Map<string, number>): string {
  for (;;) {
    const count = counters.get(prefix) ?? 0;
    counters.set(prefix, count + 1);
    const name = `${prefix}${count}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

/** In talhelper's order; documents of one kind together. */
export function linkDocuments(devices: readonly Device[]): readonly PlainMap[] {
  return [
    ...devices.flatMap(aliasDocuments),
    ...devices.flatMap(memberAliases),
    ...devices.flatMap(bondDocuments),
    ...devices.flatMap((device) =>
      device.value['dhcp'] === true ? dhcpDocuments(device.name, device.value['dhcpOptions']) : [],
    ),
    ...devices.flatMap((device) => vipDocuments(device.name, device.value['vip'])),
    ...devices.flatMap(plainLinkDocuments),
    ...devices.flatMap((device) =>
      recordList(device.value['vlans']).flatMap((vlan) => vlanDocuments(device.name, vlan)),
    ),
    ...devices.flatMap(wireguardDocuments),
    ...devices.flatMap(bridgeDocuments),
  ];
}

export function document(kind: string, body: PlainMap): PlainMap {
  return { apiVersion: 'v1alpha1', kind, ...without(body) };
}

/** Leaves out keys without a value. */
export function without(map: PlainMap): PlainMap {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
}

export function aliasDocuments({ name, selector }: Device): readonly PlainMap[] {
  const match = selector === undefined ? '' : selectorExpression(selector);
  return match === '' ? [] : [document('LinkAliasConfig', { name, selector: { match } })];
}

export function memberAliases({ name, value }: Device): readonly PlainMap[] {
  return recordList(valueAt(value, 'bond', 'deviceSelectors')).flatMap((selector, index) =>
    aliasDocuments({ name: `${name}-m${index}`, value: {}, selector }),
  );
}

const SELECTOR_FIELDS = [
  ['hardwareAddr', 'mac(link.hardware_addr)'],
  ['permanentAddr', 'mac(link.permanent_addr)'],
  ['busPath', 'link.bus_path'],
  ['driver', 'link.driver'],
  ['pciID', 'link.pciid'],
] as const;

function selectorExpression(selector: PlainMap): string {
  const terms = SELECTOR_FIELDS.flatMap(([key, field]) => {
    const text = asText(selector[key]) ?? '';
    return text === '' ? [] : [`glob("${text}", ${field})`];
  });
  const { physical } = selector;
  if (typeof physical === 'boolean') terms.push(`link.type ${physical ? '==' : '!='} 1`);
  return terms.join(' && ');
}

/** v1alpha1's words on the left. */
const BOND_WORDS: Readonly<Record<string, string>> = {
  mode: 'bondMode',
  xmitHashPolicy: 'xmitHashPolicy',
  lacpRate: 'lacpRate',
  arpValidate: 'arpValidate',
  arpAllTargets: 'arpAllTargets',
  primaryReselect: 'primaryReselect',
  failOverMac: 'failOverMAC',
  adSelect: 'adSelect',
  miimon: 'miimon',
  updelay: 'updelay',
  downdelay: 'downdelay',
  arpInterval: 'arpInterval',
  resendIgmp: 'resendIGMP',
  minLinks: 'minLinks',
  lpInterval: 'lpInterval',
  packetsPerSlave: 'packetsPerSlave',
  numPeerNotif: 'numPeerNotif',
  tlbDynamicLb: 'tlbDynamicLB',
  allSlavesActive: 'allSlavesActive',
  useCarrier: 'useCarrier',
  adActorSysPrio: 'adActorSysPrio',
  adUserPortKey: 'adUserPortKey',
  peerNotifyDelay: 'peerNotifyDelay',
  arpIPTarget: 'arpIPTargets',
};

/** A bond's own part of its document; zero is "not said" to talhelper. */
export function bondBody(name: string, bond: PlainMap): PlainMap {
  const members = recordList(bond['deviceSelectors']).map((_, index) => `${name}-m${index}`);
  const links = [...textList(bond['interfaces']), ...members];
  const rest = Object.entries(BOND_WORDS).flatMap(([word, field]) => {
    const value = bond[word];
    return value === undefined || value === null || value === 0 || value === '' ? [] : [[field, value] as const];
  });
  return { ...(links.length > 0 && { links }), ...Object.fromEntries(rest) };
}

function bondDocuments({ name, value }: Device): readonly PlainMap[] {
  if (!isRecord(value['bond'])) return [];
  return [document('BondConfig', { name, ...bondBody(name, value['bond']), ...commonBody(value) })];
}

export function dhcpDocuments(name: string, options: unknown): readonly PlainMap[] {
  const metric = valueAt(options, 'routeMetric');
  const routeMetric = typeof metric === 'number' && metric > 0 ? metric : undefined;
  return [
    ...(valueAt(options, 'ipv4') === false ? [] : [document('DHCPv4Config', { name, routeMetric })]),
    ...(valueAt(options, 'ipv6') === true ? [document('DHCPv6Config', { name, routeMetric })] : []),
  ];
}

function vipDocuments(link: string, vip: unknown): readonly PlainMap[] {
  const ip = asText(valueAt(vip, 'ip')) ?? '';
  return ip === '' ? [] : [document('Layer2VIPConfig', { name: ip, link })];
}

function plainLinkDocuments({ name, value }: Device): readonly PlainMap[] {
  const isSpecial = ['bond', 'wireguard', 'bridge'].some((key) => value[key] !== undefined && value[key] !== null);
  const body = commonBody(value);
  return isSpecial || Object.values(body).every((part) => part === undefined)
    ? []
    : [document('LinkConfig', { name, ...body })];
}

export function vlanDocuments(parent: string, vlan: PlainMap): readonly PlainMap[] {
  const vlanID = vlan['vlanId'];
  if (typeof vlanID !== 'number' || vlanID <= 0) return [];
  const name = `${parent}.${vlanID}`;
  return [
    document('VLANConfig', { name, vlanID, parent, ...commonBody(vlan) }),
    ...(vlan['dhcp'] === true ? dhcpDocuments(name, vlan['dhcpOptions']) : []),
    ...vipDocuments(name, vlan['vip']),
  ];
}

export function wireguardDocuments({ name, value }: Device): readonly PlainMap[] {
  const wireguard = value['wireguard'];
  if (!isRecord(wireguard)) return [];
  const peers = recordList(wireguard['peers']).map((peer) =>
    without({
      publicKey: peer['publicKey'],
      endpoint: peer['endpoint'],
      persistentKeepaliveInterval: peer['persistentKeepaliveInterval'],
      allowedIPs: peer['allowedIPs'],
    }),
  );
  return [
    document('WireguardConfig', {
      name,
      privateKey: wireguard['privateKey'],
      listenPort: wireguard['listenPort'],
      firewallMark: wireguard['firewallMark'],
      peers: peers.length > 0 ? peers : undefined,
      ...commonBody(value),
    }),
  ];
}

export function bridgeBody(bridge: PlainMap): PlainMap {
  const links = textList(bridge['interfaces']);
  const stp = valueAt(bridge, 'stp', 'enabled');
  const filtering = valueAt(bridge, 'vlan', 'vlanFiltering');
  return {
    ...(links.length > 0 && { links }),
    ...(stp !== undefined && { stp: { enabled: stp } }),
    ...(filtering === true && { vlan: { filtering } }),
  };
}

function bridgeDocuments({ name, value }: Device): readonly PlainMap[] {
  if (!isRecord(value['bridge'])) return [];
  return [document('BridgeConfig', { name, ...bridgeBody(value['bridge']), ...commonBody(value) })];
}

function commonBody(value: PlainMap): PlainMap {
  const addresses = textList(value['addresses']).map((address) => ({ address: withPrefix(address) }));
  const routes = listAt(value, 'routes').flatMap((route) => (isRecord(route) ? [documentRoute(route)] : []));
  const { mtu } = value;
  return {
    mtu: typeof mtu === 'number' && mtu > 0 ? mtu : undefined,
    addresses: addresses.length > 0 ? addresses : undefined,
    routes: routes.length > 0 ? routes : undefined,
  };
}

/** A bare address is a host's. */
export function withPrefix(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

export function isDefaultRoute(route: PlainMap): boolean {
  const network = asText(route['network']) ?? '';
  return network === '' || network === '0.0.0.0/0' || network === '::/0';
}

/** The gateway's family says which default route is meant. */
export function documentRoute(route: PlainMap): PlainMap {
  const { gateway, source, metric, mtu } = route;
  return without({
    destination: isDefaultRoute(route) ? undefined : route['network'],
    gateway,
    source,
    metric: metric === 0 ? undefined : metric,
    mtu: mtu === 0 ? undefined : mtu,
  });
}

/** The expression of `mac:` and aliases needs a whole address. */
export function exactMac(selector: PlainMap | undefined): string | undefined {
  const text =
    asText(mapAt({ selector }, 'selector')['hardwareAddr']) ?? asText(mapAt({ selector }, 'selector')['permanentAddr']);
  return text !== undefined && /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)
    ? text.toLowerCase().replaceAll('-', ':')
    : undefined;
}
