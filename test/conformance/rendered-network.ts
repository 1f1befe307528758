/**
 * The network that a rendered config asks for, read from its documents alone: what `effectiveNetwork` foretells, found out the other way
 * round (talos-4-documents.md §6.3). It shares no code with either side.
 */
import type { Document } from '../../src/talos/documents-text.ts';

export interface SeenLink {
  /** `mac …`, `name …`, `vlan …`, `selector …` or `physical`. */
  readonly who: string;
  readonly dhcp: boolean;
  readonly addresses: readonly string[];
  readonly vips: readonly string[];
  readonly routes: readonly string[];
}

export interface SeenNetwork {
  readonly links: readonly SeenLink[];
  readonly defaultDhcp: boolean;
}

type Words = Readonly<Record<string, unknown>>;

const LINK_KINDS = ['LinkConfig', 'BondConfig', 'BridgeConfig', 'VLANConfig', 'DummyLinkConfig', 'WireguardConfig'];
const DHCP_KINDS = ['DHCPv4Config', 'DHCPv6Config'];

export function seenNetwork(documents: readonly Document[]): SeenNetwork {
  const found = new Map<string, SeenLink>();
  const add = (who: string, more: Partial<SeenLink>): void => {
    const below = found.get(who) ?? { who, dhcp: false, addresses: [], vips: [], routes: [] };
    found.set(who, {
      who,
      dhcp: below.dhcp || more.dhcp === true,
      addresses: sorted([...below.addresses, ...(more.addresses ?? [])]),
      vips: sorted([...below.vips, ...(more.vips ?? [])]),
      routes: sorted([...below.routes, ...(more.routes ?? [])]),
    });
  };
  for (const device of legacyDevices(documents)) addDevice(device, add);
  const nameOf = namesOf(documents);
  let hasLinks = false;
  for (const { kind, name = '', value } of documents) {
    const words = record(value);
    if (kind !== undefined && LINK_KINDS.includes(kind)) {
      hasLinks = true;
      add(nameOf(name), { addresses: addressesOf(words), routes: routesOf(words) });
    } else if (kind !== undefined && DHCP_KINDS.includes(kind)) {
      hasLinks = true;
      add(nameOf(name), { dhcp: true });
    } else if (kind === 'Layer2VIPConfig') add(nameOf(String(words['link'])), { vips: [name] });
  }
  return {
    links: [...found.values()].toSorted((one, other) => one.who.localeCompare(other.who)),
    defaultDhcp: !hasLinks,
  };
}

function addDevice(device: Words, add: (who: string, more: Partial<SeenLink>) => void): void {
  const who = deviceWho(device);
  add(who, seen(device));
  for (const vlan of list(device['vlans'])) add(`vlan ${String(vlan['vlanId'])}`, seen(vlan));
}

function seen(words: Words): Partial<SeenLink> {
  const vip = record(words['vip'])['ip'];
  const options = record(words['dhcpOptions']);
  const isEmpty = options['ipv4'] === false && options['ipv6'] !== true;
  return {
    dhcp: words['dhcp'] === true && !isEmpty,
    addresses: addressesOf(words),
    vips: typeof vip === 'string' ? [vip] : [],
    routes: routesOf(words),
  };
}

/** A link that is left alone is none of the node's own. */
function legacyDevices(documents: readonly Document[]): readonly Words[] {
  const legacy = record(documents.find(({ kind }) => kind === undefined)?.value);
  const devices = list(record(record(legacy['machine'])['network'])['interfaces']);
  return devices.filter((device) => device['ignore'] !== true);
}

function deviceWho(device: Words): string {
  const { interface: name, deviceSelector } = device;
  if (typeof name === 'string') return `name ${name}`;
  const selector = record(deviceSelector);
  const mac = selector['hardwareAddr'] ?? selector['permanentAddr'];
  if (typeof mac === 'string') return `mac ${mac}`;
  return Object.keys(selector).join() === 'physical' ? 'physical' : `selector ${JSON.stringify(selector)}`;
}

/** Aliases stand for what they select, VLANs for their number. */
function namesOf(documents: readonly Document[]): (name: string) => string {
  const names = new Map<string, string>();
  for (const { kind, name = '', value } of documents) {
    const words = record(value);
    if (kind === 'VLANConfig') names.set(name, `vlan ${String(words['vlanID'])}`);
    if (kind !== 'LinkAliasConfig') continue;
    const match = String(record(words['selector'])['match']);
    const mac = /"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})"/.exec(match)?.[1];
    names.set(name, mac === undefined ? `expression ${match}` : `mac ${mac}`);
  }
  return (name) => names.get(name) ?? `name ${name}`;
}

function addressesOf(words: Words): readonly string[] {
  const addresses = words['addresses'];
  return (Array.isArray(addresses) ? addresses : []).map((entry: unknown) =>
    String(typeof entry === 'string' ? entry : record(entry)['address']),
  );
}

function routesOf(words: Words): readonly string[] {
  return list(words['routes']).map((route) => {
    const target = String(route['network'] ?? route['destination'] ?? 'default');
    return `${target.replace(/^(0\.0\.0\.0|::)\/0$/, 'default')} via ${String(route['gateway'])}`;
  });
}

function list(value: unknown): readonly Words[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function record(value: unknown): Words {
  return isWords(value) ? value : {};
}

function isWords(value: unknown): value is Words {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
