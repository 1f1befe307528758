/**
 * The words of a link brought to one form: v1alpha1 and the link documents name the same things differently, and the cluster file takes
 * either (talos-4-documents.md §6.1, §6.5). Pure; what carries the node's address is decided in `wanted-links.ts`.
 */
import { createHash } from 'node:crypto';
import { parseCidr, parseIp } from '../ip.ts';
import type { Link } from '../model.ts';
import { isRecord, listAt, textsAt, valueAt } from '../patch-facts.ts';

export type Words = Readonly<Record<string, unknown>>;

/** How a link of the machine is found. */
export type LinkChoice =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'mac'; readonly mac: string }
  | { readonly kind: 'selector'; readonly selector: Words };

export type LinkType = 'physical' | 'bond' | 'bridge' | 'dummy' | 'wireguard';

export interface WantedRoute {
  /** Absent for the default route. */
  readonly destination?: string;
  readonly gateway?: string;
  readonly rest: Words;
}

export interface WantedVip {
  readonly ip: string;
  /** What a cloud's VIP needs besides, in v1alpha1's words. */
  readonly rest: Words;
}

/** What links and VLANs have alike. */
export interface Addressing {
  /** As CIDR. */
  readonly addresses: readonly string[];
  readonly routes: readonly WantedRoute[];
  /** Undefined when nothing is said. */
  readonly dhcp?: boolean;
  readonly dhcpOptions: Words;
  readonly mtu?: number;
  readonly vips: readonly WantedVip[];
  /** Other words, carried through. */
  readonly rest: Words;
}

export interface VlanForm extends Addressing {
  readonly id: unknown;
  /** A name of its own; Talos makes one of parent and id. */
  readonly name?: string;
}

export interface LinkForm extends Addressing {
  readonly type: LinkType;
  readonly choice: LinkChoice;
  /** Its name in the cluster file, also when it is chosen by something else. */
  readonly ownName?: string;
  /** Options of the bond or bridge, without its ports; the peers of WireGuard. */
  readonly options: Words;
  readonly ports: readonly LinkChoice[];
  /** The bridge that it is a port of, said at the port. */
  readonly master?: string;
  readonly vlans: readonly VlanForm[];
  readonly isIgnored: boolean;
}

export function linkForm(link: Link): LinkForm {
  const { ignore, dummy: _dummy, wireguard, bridgePort, ...rest } = link.rest;
  const type = typeOf(link);
  const grouped = link.bond ?? link.bridge ?? {};
  const { interfaces: _interfaces, links: _links, deviceSelectors: _selectors, ...options } = grouped;
  const master = valueAt(bridgePort, 'master');
  return {
    ...addressing({
      ...rest,
      addresses: link.addresses,
      routes: link.routes,
      dhcp: link.dhcp,
      mtu: link.mtu,
      vip: link.vip,
    }),
    type,
    choice: choiceOf(link, type),
    ...(link.name !== undefined && { ownName: link.name }),
    options: isRecord(wireguard) ? wireguard : options,
    ports: portsOf(grouped),
    ...(typeof master === 'string' && { master }),
    vlans: link.vlans.map(vlanForm),
    isIgnored: ignore === true,
  };
}

/** Talos' own rule: too long a name of the parent is shortened to four letters and a part of its hash (machinery `VLANLinkName`). */
export function vlanLinkName(parent: string, id: unknown): string {
  if (parent.length <= LONGEST_NAME - 5) return `${parent}.${String(id)}`;
  const hash = createHash('sha256').update(parent).digest('hex').slice(0, 6);
  return `${parent.slice(0, 4)}${hash}.${String(id)}`;
}

const LONGEST_NAME = 15;

export function isDefaultDestination(destination: string | undefined): boolean {
  return destination === undefined || destination === '' || destination === '0.0.0.0/0' || destination === '::/0';
}

function typeOf(link: Link): LinkType {
  if (link.bond !== undefined) return 'bond';
  if (link.bridge !== undefined) return 'bridge';
  if (isRecord(link.rest['wireguard'])) return 'wireguard';
  return link.rest['dummy'] === true ? 'dummy' : 'physical';
}

/** What a machine is made of is chosen by what it is; what exists by configuration alone has a name. */
function choiceOf(link: Link, type: LinkType): LinkChoice {
  if (type === 'physical') {
    if (link.mac !== undefined) return { kind: 'mac', mac: link.mac.toLowerCase() };
    if (link.selector !== undefined) return { kind: 'selector', selector: link.selector };
  }
  return { kind: 'name', name: link.name ?? '' };
}

const MAC = /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/;

function portsOf(group: Words): readonly LinkChoice[] {
  const named = [...textsAt(group, 'interfaces'), ...textsAt(group, 'links')].map((text): LinkChoice =>
    MAC.test(text) ? { kind: 'mac', mac: text.toLowerCase().replaceAll('-', ':') } : { kind: 'name', name: text },
  );
  const selected = listAt(group, 'deviceSelectors')
    .filter(isRecord)
    .map((selector): LinkChoice => {
      const mac = exactMac(selector);
      return mac === undefined ? { kind: 'selector', selector } : { kind: 'mac', mac };
    });
  return [...named, ...selected];
}

/** The MAC of a selector that asks for nothing else. */
export function exactMac(selector: Words): string | undefined {
  const { hardwareAddr, permanentAddr, physical, ...others } = selector;
  const mac = permanentAddr ?? hardwareAddr;
  const isAlone = Object.keys(others).length === 0 && physical !== false;
  return isAlone && typeof mac === 'string' && MAC.test(mac) ? mac.toLowerCase().replaceAll('-', ':') : undefined;
}

function vlanForm(words: Words): VlanForm {
  const { vlanId, vlanID, name, ...rest } = words;
  return { ...addressing(rest), id: vlanID ?? vlanId, ...(typeof name === 'string' && { name }) };
}

function addressing(words: Words): Addressing {
  const { addresses, cidr, routes, dhcp, dhcpOptions, mtu, vip, ...rest } = words;
  const options = isRecord(dhcpOptions) ? dhcpOptions : {};
  // Both families switched off is no DHCP at all.
  const isEmpty = options['ipv4'] === false && options['ipv6'] !== true;
  return {
    addresses: [...addressTexts(addresses), ...addressTexts([cidr])].map(withLength),
    routes: (Array.isArray(routes) ? routes : []).filter(isRecord).map(routeForm),
    ...(typeof dhcp === 'boolean' && { dhcp: dhcp && !isEmpty }),
    dhcpOptions: options,
    ...(typeof mtu === 'number' && { mtu }),
    vips: vipsOf(vip),
    rest: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  };
}

function addressTexts(entries: unknown): readonly string[] {
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) => {
    const text = isRecord(entry) ? entry['address'] : entry;
    return typeof text === 'string' ? [text] : [];
  });
}

/** A bare address stands for itself alone, as v1alpha1 reads it. */
function withLength(address: string): string {
  if (parseCidr(address) !== undefined) return address;
  const ip = parseIp(address);
  return ip === undefined ? address : `${address}/${ip.kind() === 'ipv6' ? 128 : 32}`;
}

function routeForm(words: Words): WantedRoute {
  const { network, destination = network, gateway, ...rest } = words;
  const target = typeof destination === 'string' && !isDefaultDestination(destination) ? destination : undefined;
  return {
    ...(target !== undefined && { destination: target }),
    ...(typeof gateway === 'string' && { gateway }),
    rest,
  };
}

function vipsOf(vip: unknown): readonly WantedVip[] {
  if (typeof vip === 'string') return [{ ip: vip, rest: {} }];
  if (!isRecord(vip)) return [];
  const { ip, ...rest } = vip;
  return typeof ip === 'string' ? [{ ip, rest }] : [];
}
