/**
 * The links of a node as Talos is told of them: documents from 1.12 on (`LinkConfig`, `DHCPv4Config`, `BondConfig` …), interfaces of the
 * legacy document before (talos-4-documents.md §6.1, §6.3). One document of these turns default DHCP off for all links, so each link
 * that is to keep DHCP gets its own; a link is chosen by MAC or by an explicit name, never by a guessed one.
 */
import type { Link, NodeSpec } from '../../spec/model.ts';
import { compact, talosDocument, type Fragment } from '../setting.ts';

/** The alias that a link chosen by MAC goes by in the other documents. */
export const PRIMARY_ALIAS = 'primary';

export interface WantedLink {
  /** Name or alias in the documents. */
  readonly name: string;
  /** Set when `name` is an alias for the link with this MAC or selector. */
  readonly alias?: { readonly mac: string } | { readonly match: string };
  readonly link: Link;
}

/** The node's links with its address, gateway and VIP put on the one that carries them. */
export function wantedLinks(node: NodeSpec, vip: string | undefined): readonly WantedLink[] {
  const links = node.links.map((link, index) => nameLink(link, index));
  const primaryIndex = links.findIndex((wanted) => isPrimary(node, wanted.link));
  if (primaryIndex >= 0) {
    return links.map((wanted, index) =>
      index === primaryIndex ? { ...wanted, link: withAddress(node, wanted.link, vip) } : wanted,
    );
  }
  const primary = impliedPrimary(node);
  return primary === undefined ? links : [{ ...primary, link: withAddress(node, primary.link, vip) }, ...links];
}

/** Whether the node's address has a link that can be named: without MAC and name only "any physical link" is left. */
export function hasNamedPrimary(node: NodeSpec): boolean {
  return node.link !== undefined || node.identity.macs.length > 0 || node.links.some((link) => isPrimary(node, link));
}

export function linkDocuments(wanted: WantedLink): readonly Fragment[] {
  const { name, alias, link } = wanted;
  const documents: Fragment[] = [];
  if (alias !== undefined) {
    const match = 'mac' in alias ? `mac(link.permanent_addr) == "${alias.mac.toLowerCase()}"` : alias.match;
    documents.push(talosDocument('LinkAliasConfig', { name, selector: { match } }));
  }
  const settings = compact({
    up: true,
    mtu: link.mtu,
    addresses: link.addresses.length > 0 ? link.addresses.map((address) => ({ address })) : undefined,
    routes: link.routes.length > 0 ? link.routes.map(documentRoute) : undefined,
  });
  documents.push(mainDocument(name, link, settings));
  if (link.dhcp === true) documents.push(talosDocument('DHCPv4Config', { name }));
  if (link.vip !== undefined) documents.push(talosDocument('Layer2VIPConfig', { name: link.vip, link: name }));
  for (const vlan of link.vlans) documents.push(...vlanDocuments(name, vlan));
  return documents;
}

/** One entry of `machine.network.interfaces`. */
export function legacyInterface(wanted: WantedLink): Fragment {
  const { name, alias, link } = wanted;
  const selector =
    alias === undefined
      ? { interface: name }
      : { deviceSelector: 'mac' in alias ? { hardwareAddr: alias.mac.toLowerCase() } : link.selector };
  return compact({
    ...selector,
    addresses: link.addresses.length > 0 ? link.addresses : undefined,
    routes: link.routes.length > 0 ? link.routes.map(legacyRoute) : undefined,
    bond: link.bond === undefined ? undefined : legacyBond(link.bond),
    bridge: link.bridge,
    vlans: link.vlans.length > 0 ? link.vlans : undefined,
    mtu: link.mtu,
    dhcp: link.dhcp ?? false,
    vip: link.vip === undefined ? undefined : { ip: link.vip },
    ...link.rest,
  });
}

function nameLink(link: Link, index: number): WantedLink {
  if (link.name !== undefined) return { name: link.name, link };
  if (link.mac !== undefined) return { name: `link${index}`, alias: { mac: link.mac }, link };
  const match =
    typeof link.selector?.['match'] === 'string' ? link.selector['match'] : selectorExpression(link.selector ?? {});
  return { name: `link${index}`, alias: { match }, link };
}

function isPrimary(node: NodeSpec, link: Link): boolean {
  if (node.link !== undefined) return link.name === node.link;
  const { address } = node;
  if (address.kind === 'static' && link.addresses.some((text) => text.split('/')[0] === address.ip)) return true;
  return link.mac !== undefined && link.mac.toLowerCase() === node.identity.macs[0]?.toLowerCase();
}

function impliedPrimary(node: NodeSpec): WantedLink | undefined {
  const link: Link = { addresses: [], routes: [], vlans: [], rest: {} };
  if (node.link !== undefined) return { name: node.link, link };
  const [mac] = node.identity.macs;
  return mac === undefined ? undefined : { name: PRIMARY_ALIAS, alias: { mac }, link };
}

function withAddress(node: NodeSpec, link: Link, vip: string | undefined): Link {
  const shared = vip === undefined ? link : { ...link, vip };
  if (node.address.kind !== 'static') return { ...shared, dhcp: shared.dhcp ?? true };
  const address = `${node.address.ip}/${node.address.prefix}`;
  const isThere = link.addresses.some((text) => text.split('/')[0] === address.split('/')[0]);
  const addresses = isThere ? link.addresses : [address, ...link.addresses];
  const hasDefault = link.routes.some((route) => isDefaultRoute(route));
  const routes = node.gateway === undefined || hasDefault ? link.routes : [{ gateway: node.gateway }, ...link.routes];
  return { ...shared, addresses, routes, dhcp: shared.dhcp ?? false };
}

function isDefaultRoute(route: Fragment): boolean {
  const destination = route['destination'] ?? route['network'];
  return destination === undefined || destination === '0.0.0.0/0' || destination === '::/0';
}

/** v1alpha1 says `network` where documents say `destination`; a default route has none in either. */
function documentRoute(route: Fragment): Fragment {
  const { network, destination = network, ...rest } = route;
  return compact({ destination: isDefaultRoute(route) ? undefined : destination, ...rest });
}

function legacyRoute(route: Fragment): Fragment {
  const { destination, network = destination ?? '0.0.0.0/0', ...rest } = route;
  return { network, ...rest };
}

function mainDocument(name: string, link: Link, settings: Fragment): Fragment {
  if (link.bond !== undefined)
    return talosDocument('BondConfig', { name, ...documentBond(link.bond), ...settings, ...link.rest });
  if (link.bridge !== undefined)
    return talosDocument('BridgeConfig', { name, ...documentBridge(link.bridge), ...settings, ...link.rest });
  return talosDocument('LinkConfig', { name, ...settings, ...link.rest });
}

/** v1alpha1 words on the left; documents renamed these three and kept the others. */
const BOND_WORDS = { interfaces: 'links', mode: 'bondMode', resendIgmp: 'resendIGMP' } as const;

function documentBond(bond: Fragment): Fragment {
  return renameKeys(bond, BOND_WORDS);
}

function legacyBond(bond: Fragment): Fragment {
  return renameKeys(
    bond,
    Object.fromEntries(Object.entries(BOND_WORDS).map(([legacy, document]) => [document, legacy])),
  );
}

function documentBridge(bridge: Fragment): Fragment {
  return renameKeys(bridge, { interfaces: 'links' });
}

function vlanDocuments(parent: string, vlan: Fragment): readonly Fragment[] {
  const { vlanId, vlanID = vlanId, addresses, routes, dhcp, vip, name = `${parent}.${String(vlanID)}`, ...rest } = vlan;
  const document = talosDocument(
    'VLANConfig',
    compact({
      name,
      vlanID,
      parent,
      ...rest,
      addresses: listOf(addresses, (address) => ({ address })),
      routes: listOf(routes, (route) => (isFragment(route) ? documentRoute(route) : route)),
    }),
  );
  const documents = [document];
  if (dhcp === true) documents.push(talosDocument('DHCPv4Config', { name }));
  const ip = typeof vip === 'string' ? vip : isFragment(vip) ? vip['ip'] : undefined;
  if (ip !== undefined) documents.push(talosDocument('Layer2VIPConfig', { name: ip, link: name }));
  return documents;
}

function listOf(value: unknown, make: (item: unknown) => unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value.map((item) => make(item)) : undefined;
}

function isFragment(value: unknown): value is Fragment {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function renameKeys(fragment: Fragment, words: Readonly<Record<string, string>>): Fragment {
  return Object.fromEntries(Object.entries(fragment).map(([key, value]) => [words[key] ?? key, value]));
}

/** A v1alpha1 `deviceSelector` in CEL over `link`, field by field. */
function selectorExpression(selector: Fragment): string {
  const terms = Object.entries(selector).map(([key, value]) => {
    const text = JSON.stringify(value);
    switch (key) {
      case 'hardwareAddr':
        return `glob(${text}, mac(link.hardware_addr))`;
      case 'permanentAddr':
        return `glob(${text}, mac(link.permanent_addr))`;
      case 'busPath':
        return `glob(${text}, link.bus_path)`;
      case 'pciID':
        return `glob(${text}, link.pciid)`;
      case 'driver':
        return `glob(${text}, link.driver)`;
      default:
        return `link.kind == "" && link.type == 1`;
    }
  });
  return terms.join(' && ');
}
