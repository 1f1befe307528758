/**
 * The network that a node will really have: computed from the spec and its patches, before anything is sent (design §1.9). The
 * lint judges it, and the lifecycle holds it against the node's own links later. It knows Talos' two dialects: interface entries
 * of the v1alpha1 document, and link documents, of which a single one ends default DHCP on all links (talos-4-documents.md §6.3).
 */
import { isAtLeastMinor } from '../../catalog/version.ts';
import type { SourcePosition } from '../../errors.ts';
import type { Cluster, NodeSpec } from '../model.ts';
import { wantedIp } from '../model.ts';
import type { PatchDocument, PatchFacts } from '../patch-facts.ts';
import { createPatchReader, isRecord, listAt, mapAt, textsAt, valueAt } from '../patch-facts.ts';
import { wantedLinks, type WantedLink } from './wanted-links.ts';

export type LinkSelector =
  | { readonly kind: 'mac'; readonly mac: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'selector'; readonly selector: Readonly<Record<string, unknown>> }
  /** The only physical link: nothing in the spec says which. */
  | { readonly kind: 'physical' };

export interface EffectiveRoute {
  /** Absent for the default route. */
  readonly network?: string;
  readonly gateway?: string;
  readonly metric?: number;
}

export interface EffectiveLink {
  readonly selector: LinkSelector;
  readonly dhcp: boolean;
  /** As CIDR. */
  readonly addresses: readonly string[];
  readonly vips: readonly string[];
  readonly mtu?: number;
  readonly routes: readonly EffectiveRoute[];
  /** It carries the node's own address. */
  readonly isPrimary: boolean;
  /** Bonds, bridges and VLANs exist only by configuration. */
  readonly isVirtual: boolean;
  /** Where the entries that made it stand. */
  readonly places: readonly SourcePosition[];
}

export interface EffectiveNetwork {
  readonly links: readonly EffectiveLink[];
  /** Physical links that no entry names run DHCPv4. */
  readonly defaultDhcp: boolean;
  /** The address that becomes the node's, where it is known before the machine runs. */
  readonly nodeAddress?: string;
  /** `machine.kubelet.nodeIP.validSubnets`; empty when Talos chooses. */
  readonly kubeletSubnets: readonly string[];
  /** `cluster.etcd.advertisedSubnets`; empty when Talos chooses. */
  readonly etcdSubnets: readonly string[];
  readonly nameservers: readonly string[];
}

/** `patches` may be given when they were read already. */
export function effectiveNetwork(
  cluster: Cluster,
  node: NodeSpec,
  patches: PatchFacts = createPatchReader()(node),
): EffectiveNetwork {
  const { documents } = patches;
  const wanted = wantedLinks(node, node.role === 'controlplane' ? cluster.network.vip : undefined);
  const building: Building = { cluster, node, links: [], names: new Map(), hasLinkDocument: false };
  for (const link of wanted.toSorted((one, other) => Number(holdsAddress(other)) - Number(holdsAddress(one))))
    addWanted(building, link);
  for (const document of documents) addDocument(building, document);
  // From 1.12 on Ichor writes link documents itself as soon as it can name the link.
  const usesDocuments =
    isAtLeastMinor(node.talos, '1.12') && wanted.some((link) => !link.isAnyPhysical && !link.isIgnored);
  const nodeAddress = wantedIp(node);
  return {
    links: building.links,
    defaultDhcp: !(building.hasLinkDocument || usesDocuments),
    ...(nodeAddress !== undefined && { nodeAddress }),
    kubeletSubnets: documents.flatMap((document) => kubeletSubnetsOf(document)),
    etcdSubnets: documents.flatMap((document) => [
      ...textsAt(document.value, 'cluster', 'etcd', 'advertisedSubnets'),
      ...textsAt(document.value, 'cluster', 'etcd', 'subnet'),
    ]),
    nameservers: [...node.nameservers, ...documents.flatMap(nameserversOf)],
  };
}

/** Whether a patch of the node brings a document that ends DHCP on links that have no document. */
export function endsDefaultDhcp(node: NodeSpec): boolean {
  if (!isAtLeastMinor(node.talos, '1.12') || node.patches.length === 0) return false;
  return createPatchReader()(node).documents.some(
    ({ kind }) => LINK_DOCUMENTS.includes(kind) || DHCP_DOCUMENTS.includes(kind),
  );
}

/** How a link is named in messages. */
export function describeSelector(selector: LinkSelector): string {
  if (selector.kind === 'mac') return selector.mac;
  if (selector.kind === 'name') return selector.name;
  return selector.kind === 'physical' ? 'the physical link' : JSON.stringify(selector.selector);
}

/** Addresses as `10.0.4.101/24` from the entries of a link document (`{address: …}`) or a list of texts. */
function addressTexts(entries: readonly unknown[]): readonly string[] {
  return entries.flatMap((entry) => {
    const text = isRecord(entry) ? entry['address'] : entry;
    return typeof text === 'string' ? [text] : [];
  });
}

interface Building {
  readonly cluster: Cluster;
  readonly node: NodeSpec;
  readonly links: EffectiveLink[];
  /** What render calls each link in the documents, to its place in `links`; patches may name it so. */
  readonly names: Map<string, number>;
  hasLinkDocument: boolean;
}

const LINK_DOCUMENTS = [
  'LinkConfig',
  'BondConfig',
  'VLANConfig',
  'BridgeConfig',
  'DummyLinkConfig',
  'WireguardConfig',
  'VRFConfig',
  'VethConfig',
];
const DHCP_DOCUMENTS = ['DHCPv4Config', 'DHCPv6Config'];

function holdsAddress({ isPrimary, vlans }: WantedLink): boolean {
  return isPrimary || vlans.some((vlan) => vlan.isPrimary);
}

function addWanted(building: Building, link: WantedLink): void {
  if (link.isIgnored) return;
  const { cluster, node, links, names } = building;
  const place = (path: readonly (string | number)[]): readonly SourcePosition[] => {
    const where = cluster.originOf(['nodes', node.name, ...path])?.where;
    return where === undefined ? [] : [where];
  };
  const address = place(['address']);
  const ofAddress = address.length > 0 || node.origin.where === undefined ? address : [node.origin.where];
  const ofLink = link.index === undefined ? [] : place(['links', link.index]);
  const push = (name: string, made: Omit<EffectiveLink, 'places'>): void => {
    names.set(name, links.length);
    links.push({ ...made, places: made.isPrimary ? [...ofAddress, ...ofLink] : ofLink });
  };
  push(link.name, {
    ...effectiveOf(link),
    selector: selectorFor(link),
    isVirtual: link.type !== 'physical',
  });
  for (const vlan of link.vlans)
    push(vlan.name, { ...effectiveOf(vlan), selector: { kind: 'name', name: vlan.name }, isVirtual: true });
}

function effectiveOf(
  holder: Pick<WantedLink, 'dhcp' | 'addresses' | 'vips' | 'mtu' | 'routes' | 'isPrimary'>,
): Omit<EffectiveLink, 'places' | 'selector' | 'isVirtual'> {
  return {
    dhcp: holder.dhcp,
    addresses: [...new Set(holder.addresses)],
    vips: holder.vips.map(({ ip }) => ip),
    ...(holder.mtu !== undefined && { mtu: holder.mtu }),
    routes: holder.routes.map(({ destination, gateway, rest }) => routeOf({ destination, gateway, ...rest })),
    isPrimary: holder.isPrimary,
  };
}

function selectorFor({ choice, isAnyPhysical }: WantedLink): LinkSelector {
  if (isAnyPhysical) return { kind: 'physical' };
  return choice.kind === 'selector' ? selectorOf(choice.selector) : choice;
}

/** What an entry adds to a link; merged into the link it means, or a link of its own. */
interface LinkEntry {
  readonly selector: LinkSelector;
  readonly dhcp?: boolean;
  readonly addresses: readonly string[];
  readonly vips: readonly string[];
  readonly mtu?: number;
  readonly routes: readonly EffectiveRoute[];
  readonly isVirtual: boolean;
  readonly places: readonly SourcePosition[];
}

function addVlan(
  building: Building,
  name: string,
  vlan: { readonly value: unknown; readonly places: readonly SourcePosition[] },
): void {
  add(building, { ...entryOf(vlan.value, { kind: 'name', name }), isVirtual: true, places: vlan.places });
}

function addDocument(building: Building, document: PatchDocument): void {
  const where = document.place([]);
  const places = where === undefined ? [] : [where];
  if (document.kind === 'v1alpha1') return addInterfaces(building, document);
  if (document.kind === 'Layer2VIPConfig') {
    const link = valueAt(document.value, 'link');
    const entry = entryOf({}, { kind: 'name', name: typeof link === 'string' ? link : '' });
    return add(building, { ...entry, vips: document.name === undefined ? [] : [document.name], places });
  }
  if (DHCP_DOCUMENTS.includes(document.kind)) {
    building.hasLinkDocument = true;
    return add(building, { ...entryOf({ dhcp: true }, { kind: 'name', name: document.name ?? '' }), places });
  }
  if (!LINK_DOCUMENTS.includes(document.kind)) return;
  building.hasLinkDocument = true;
  add(building, {
    ...entryOf(document.value, { kind: 'name', name: document.name ?? '' }),
    isVirtual: document.kind !== 'LinkConfig',
    places,
  });
}

function addInterfaces(building: Building, document: PatchDocument): void {
  for (const [index, item] of listAt(document.value, 'machine', 'network', 'interfaces').entries()) {
    if (!isRecord(item) || item['ignore'] === true) continue;
    const where = document.place(['machine', 'network', 'interfaces', index]);
    const places = where === undefined ? [] : [where];
    const selector = isRecord(item['deviceSelector'])
      ? selectorOf(item['deviceSelector'])
      : ({ kind: 'name', name: String(item['interface'] ?? '') } as const);
    const isVirtual = ['bond', 'bridge', 'dummy', 'wireguard'].some((key) => item[key] !== undefined);
    add(building, { ...entryOf(item, selector), isVirtual, places });
    for (const vlan of listAt(item, 'vlans'))
      addVlan(building, `${String(item['interface'] ?? 'vlan')}.${String(valueAt(vlan, 'vlanId'))}`, {
        value: vlan,
        places,
      });
  }
}

function entryOf(value: unknown, selector: LinkSelector): LinkEntry {
  const dhcp = valueAt(value, 'dhcp');
  const mtu = valueAt(value, 'mtu');
  const vip = valueAt(value, 'vip', 'ip');
  return {
    selector,
    ...(typeof dhcp === 'boolean' && { dhcp }),
    addresses: addressTexts(listAt(value, 'addresses')),
    vips: typeof vip === 'string' ? [vip] : [],
    ...(typeof mtu === 'number' && { mtu }),
    routes: listAt(value, 'routes').map(routeOf),
    isVirtual: false,
    places: [],
  };
}

/** `network` in interface entries, `destination` in link documents. */
function routeOf(value: unknown): EffectiveRoute {
  const network = valueAt(value, 'network') ?? valueAt(value, 'destination');
  const gateway = valueAt(value, 'gateway');
  const metric = valueAt(value, 'metric');
  return {
    ...(typeof network === 'string' && network !== '0.0.0.0/0' && network !== '::/0' && { network }),
    ...(typeof gateway === 'string' && { gateway }),
    ...(typeof metric === 'number' && { metric }),
  };
}

function selectorOf(selector: Readonly<Record<string, unknown>>): LinkSelector {
  const mac = selector['hardwareAddr'] ?? selector['permanentAddr'];
  if (typeof mac === 'string') return { kind: 'mac', mac: mac.toLowerCase() };
  return Object.keys(selector).join() === 'physical' && selector['physical'] === true
    ? { kind: 'physical' }
    : { kind: 'selector', selector };
}

function add(building: Building, entry: LinkEntry): void {
  const index = placeOf(building, entry);
  const below = building.links[index];
  if (below === undefined) {
    building.links.push({ ...entry, dhcp: entry.dhcp ?? false, isPrimary: false });
    return;
  }
  const isStaticPrimary = below.isPrimary && building.node.address.kind === 'static';
  const keepsDhcp = below.dhcp && (below.isPrimary || entry.dhcp !== false);
  building.links[index] = {
    ...below,
    ...(entry.mtu !== undefined && { mtu: entry.mtu }),
    dhcp: entry.dhcp ?? (isStaticPrimary ? false : keepsDhcp),
    addresses: [...new Set([...below.addresses, ...entry.addresses])],
    vips: [...new Set([...below.vips, ...entry.vips])],
    routes: [...below.routes, ...entry.routes],
    isVirtual: below.isVirtual || entry.isVirtual,
    places: [...below.places, ...entry.places],
  };
}

function placeOf(building: Building, entry: LinkEntry): number {
  const named = entry.selector.kind === 'name' ? building.names.get(entry.selector.name) : undefined;
  return named ?? building.links.findIndex((link) => isMeant(building, link, entry));
}

/** An entry means the primary link when it is chosen the same way, carries the node's address, or chooses the physical link of a machine that has one. */
function isMeant(building: Building, link: EffectiveLink, entry: LinkEntry): boolean {
  const [left, right] = [link.selector, entry.selector];
  if (left.kind === 'mac' && right.kind === 'mac' && left.mac === right.mac) return true;
  if (left.kind === 'name' && right.kind === 'name' && left.name === right.name) return true;
  if (!link.isPrimary) return false;
  if (right.kind === 'physical' || left.kind === 'physical') {
    // An entry with addresses of its own means another link.
    const isOther = entry.isVirtual || (right.kind === 'name' && entry.addresses.length > 0);
    return !isOther || carriesAddress(building, entry);
  }
  return carriesAddress(building, entry);
}

function carriesAddress(building: Building, entry: LinkEntry): boolean {
  const ip = wantedIp(building.node);
  return ip !== undefined && entry.addresses.some((address) => address.split('/')[0] === ip);
}

function kubeletSubnetsOf(document: PatchDocument): readonly string[] {
  if (document.kind === 'KubeNodeConfig') return textsAt(document.value, 'nodeIP', 'validSubnets');
  return textsAt(document.value, 'machine', 'kubelet', 'nodeIP', 'validSubnets');
}

function nameserversOf(document: PatchDocument): readonly string[] {
  if (document.kind === 'ResolverConfig') return addressTexts(listAt(document.value, 'nameservers'));
  return textsAt(mapAt(document.value, 'machine', 'network'), 'nameservers');
}
