/**
 * The network that a machine config asks for, from v1alpha1's `machine.network` and from the network documents of 1.12 and later
 * (talos-4-documents.md). Bonds, bridges and VLANs are kept as links of their own; what lies beneath them loses its addresses.
 */
import { at, flagAt, isTree, listAt, numberAt, textAt, textsAt, treeAt, type Tree } from './tree.ts';

export interface LinkWish {
  /** Name or alias of the link; absent when a selector picks it. */
  readonly name?: string;
  readonly selector?: Tree;
  readonly kind: 'physical' | 'bond' | 'bridge' | 'vlan' | 'dummy' | 'other';
  readonly addresses: readonly string[];
  readonly dhcp?: boolean;
  readonly mtu?: number;
  readonly gateways: readonly string[];
  readonly members: readonly string[];
  readonly parent?: string;
  readonly vlanId?: number;
}

export interface NetworkWishes {
  readonly links: readonly LinkWish[];
  readonly hostname?: string;
  /** `stable` makes a name out of the machine's identity. */
  readonly autoHostname: 'stable' | 'off' | 'unset';
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly timeservers: readonly string[];
  readonly vip?: { readonly ip: string; readonly link?: string };
  readonly aliases: readonly { readonly name: string; readonly match: string }[];
  /** Some link or DHCP document exists: links without one do no DHCP. */
  readonly turnsDefaultDhcpOff: boolean;
}

export function readNetworkWishes(legacy: Tree | undefined, documents: readonly Tree[]): NetworkWishes {
  const ofKind = (kind: string): readonly Tree[] => documents.filter((document) => at(document, 'kind') === kind);
  const interfaces = listAt(legacy, 'machine', 'network', 'interfaces').filter(isTree);
  const documentLinks = LINK_KINDS.flatMap(([kind, is]) => ofKind(kind).map((document) => fromDocument(document, is)));
  const dhcpLinks = ofKind('DHCPv4Config').map((document) =>
    plainLink({ name: textAt(document, 'name') ?? '', dhcp: true }),
  );
  const hostnameDocument = ofKind('HostnameConfig')[0];
  const hostname = textAt(legacy, 'machine', 'network', 'hostname') ?? textAt(hostnameDocument, 'hostname');
  const vip = vipOf(interfaces, ofKind('Layer2VIPConfig')[0]);
  return {
    links: [...interfaces.flatMap(fromInterface), ...documentLinks, ...dhcpLinks],
    ...(hostname === undefined ? {} : { hostname }),
    autoHostname: autoHostname(legacy, hostnameDocument),
    nameservers: [
      ...textsAt(legacy, 'machine', 'network', 'nameservers'),
      ...ofKind('ResolverConfig').flatMap((document) =>
        listAt(document, 'nameservers').map((item) => textAt(item, 'address') ?? ''),
      ),
    ],
    searchDomains: [
      ...textsAt(legacy, 'machine', 'network', 'searchDomains'),
      ...ofKind('ResolverConfig').flatMap((document) => textsAt(document, 'searchDomains', 'domains')),
    ],
    timeservers: [
      ...textsAt(legacy, 'machine', 'time', 'servers'),
      ...ofKind('TimeSyncConfig').flatMap((document) => textsAt(document, 'ntp', 'servers')),
    ],
    ...(vip === undefined ? {} : { vip }),
    aliases: ofKind('LinkAliasConfig').map((document) => ({
      name: textAt(document, 'name') ?? '',
      match: textAt(document, 'selector', 'match') ?? '',
    })),
    turnsDefaultDhcpOff: documentLinks.length > 0 || dhcpLinks.length > 0,
  };
}

const LINK_KINDS: readonly (readonly [string, LinkWish['kind']])[] = [
  ['LinkConfig', 'physical'],
  ['BondConfig', 'bond'],
  ['BridgeConfig', 'bridge'],
  ['VLANConfig', 'vlan'],
  ['DummyLinkConfig', 'dummy'],
  ['WireguardConfig', 'other'],
];

function plainLink(link: Partial<LinkWish>): LinkWish {
  return { kind: 'physical', addresses: [], gateways: [], members: [], ...link };
}

function fromDocument(document: Tree, kind: LinkWish['kind']): LinkWish {
  const mtu = numberAt(document, 'mtu');
  const parent = textAt(document, 'parent');
  const vlanId = numberAt(document, 'vlanID');
  return plainLink({
    name: textAt(document, 'name') ?? '',
    kind,
    addresses: listAt(document, 'addresses')
      .map((item) => textAt(item, 'address') ?? '')
      .filter((address) => address !== ''),
    gateways: defaultGateways(listAt(document, 'routes'), 'destination'),
    members: textsAt(document, 'links'),
    ...(mtu === undefined ? {} : { mtu }),
    ...(parent === undefined ? {} : { parent }),
    ...(vlanId === undefined ? {} : { vlanId }),
  });
}

function fromInterface(item: Tree): readonly LinkWish[] {
  const name = textAt(item, 'interface');
  const selector = at(item, 'deviceSelector');
  const dhcp = flagAt(item, 'dhcp');
  const mtu = numberAt(item, 'mtu');
  const bonds = at(item, 'bond') !== undefined;
  const bridges = at(item, 'bridge') !== undefined;
  const link = plainLink({
    ...(name === undefined ? {} : { name }),
    ...(isTree(selector) ? { selector } : {}),
    ...(dhcp === undefined ? {} : { dhcp }),
    ...(mtu === undefined ? {} : { mtu }),
    kind: bonds ? 'bond' : bridges ? 'bridge' : flagAt(item, 'dummy') === true ? 'dummy' : 'physical',
    addresses: textsAt(item, 'addresses'),
    gateways: defaultGateways(listAt(item, 'routes'), 'network'),
    members: [...textsAt(item, 'bond', 'interfaces'), ...textsAt(item, 'bridge', 'interfaces')],
  });
  const vlans = listAt(item, 'vlans').map((vlan) => {
    const id = numberAt(vlan, 'vlanId') ?? 0;
    const vlanDhcp = flagAt(vlan, 'dhcp');
    return plainLink({
      name: `${name ?? ''}.${id}`,
      kind: 'vlan',
      vlanId: id,
      ...(name === undefined ? {} : { parent: name }),
      ...(vlanDhcp === undefined ? {} : { dhcp: vlanDhcp }),
      addresses: textsAt(vlan, 'addresses'),
      gateways: defaultGateways(listAt(vlan, 'routes'), 'network'),
    });
  });
  return [link, ...vlans];
}

function defaultGateways(routes: readonly unknown[], destinationKey: string): readonly string[] {
  return routes
    .filter((route) => [undefined, '0.0.0.0/0', '::/0'].includes(textAt(route, destinationKey)))
    .map((route) => textAt(route, 'gateway'))
    .filter((gateway) => gateway !== undefined);
}

function vipOf(
  interfaces: readonly Tree[],
  document: Tree | undefined,
): { readonly ip: string; readonly link?: string } | undefined {
  const ip = textAt(document, 'name');
  if (ip !== undefined) {
    const link = textAt(document, 'link');
    return { ip, ...(link === undefined ? {} : { link }) };
  }
  for (const item of interfaces) {
    const own =
      textAt(item, 'vip', 'ip') ??
      listAt(item, 'vlans')
        .map((vlan) => textAt(vlan, 'vip', 'ip'))
        .find((found) => found !== undefined);
    const link = textAt(item, 'interface');
    if (own !== undefined) return { ip: own, ...(link === undefined ? {} : { link }) };
  }
  return undefined;
}

function autoHostname(legacy: Tree | undefined, document: Tree | undefined): 'stable' | 'off' | 'unset' {
  const auto = textAt(document, 'auto') ?? (at(document, 'auto') === false ? 'off' : undefined);
  if (auto === 'stable' || auto === 'off') return auto;
  return flagAt(treeAt(legacy, 'machine', 'features'), 'stableHostname') === true ? 'stable' : 'unset';
}
