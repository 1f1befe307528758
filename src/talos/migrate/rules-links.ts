/**
 * Network interfaces as link documents: only on request, because the first such document switches default DHCP off for every
 * link of the machine (talos-4-documents.md §6.3).
 */
import type { PlainObject, PlainValue } from '../documents-text.ts';
import { listOf, recordOf, target, textOf, textsOf } from './rule.ts';
import type { FoundField, MigrationRule, RuleOutcome, Target } from './rule.ts';
import { plainOf } from './rules-machine.ts';

export const LINK_RULE: MigrationRule = {
  since: '1.12',
  path: ['machine', 'network', 'interfaces'],
  apply: interfaces,
};

type Fields = Readonly<Record<string, unknown>>;

/** All of the list or none of it: half of it as documents would leave the other half without DHCP. */
function interfaces({ plain }: FoundField): RuleOutcome {
  const devices = listOf(plain).map(recordOf);
  const problem = devices.map(reasonToStay).find((reason) => reason !== undefined);
  if (problem !== undefined) return { targets: [], stays: true, notices: [`stays: ${problem}`] };
  return {
    targets: devices.flatMap(deviceDocuments),
    notices: [
      'becomes link documents: from now on only links with a DHCPv4Config or DHCPv6Config run DHCP, on the whole machine',
    ],
  };
}

const KNOWN: ReadonlySet<string> = new Set([
  'interface',
  'deviceSelector',
  'addresses',
  'cidr',
  'routes',
  'bond',
  'vlans',
  'mtu',
  'dhcp',
  'dummy',
  'dhcpOptions',
  'vip',
]);

function reasonToStay(device: Fields): string | undefined {
  const unknown = Object.keys(device).find((key) => !KNOWN.has(key) && device[key] !== false);
  if (unknown !== undefined) return `${unknown} has to be carried over by hand`;
  if (textOf(device['interface']) === '' && selectorMatch(device) === undefined)
    return 'an interface is selected by more than its hardware address';
  const bond = recordOf(device['bond']);
  const lost = Object.keys(bond).find((key) => BOND_FIELDS[key] === undefined && key !== 'interfaces');
  if (lost !== undefined) return `bond.${lost} has to be carried over by hand`;
  const vip = recordOf(device['vip']);
  return vip['equinixMetal'] === undefined ? undefined : 'a VIP of Equinix Metal has no document';
}

function deviceDocuments(device: Fields, index: number): readonly Target[] {
  const match = selectorMatch(device);
  const name = textOf(device['interface']) || `net${index}`;
  const alias = match === undefined ? [] : [target('LinkAliasConfig', { 'selector.match': match }, name)];
  return [
    ...alias,
    mainDocument(device, name),
    ...addressing(device, name),
    ...listOf(device['vlans']).flatMap((vlan) => vlanDocuments(recordOf(vlan), name)),
  ];
}

function mainDocument(device: Fields, name: string): Target {
  const settings = linkSettings(device);
  if (device['bond'] !== undefined)
    return target('BondConfig', { ...bondFields(recordOf(device['bond'])), ...settings }, name);
  return target(device['dummy'] === true ? 'DummyLinkConfig' : 'LinkConfig', settings, name);
}

function vlanDocuments(vlan: Fields, parent: string): readonly Target[] {
  const id = typeof vlan['vlanId'] === 'number' ? vlan['vlanId'] : 0;
  const name = `${parent}.${id}`;
  return [target('VLANConfig', { vlanID: id, parent, ...linkSettings(vlan) }, name), ...addressing(vlan, name)];
}

function linkSettings(device: Fields): Readonly<Record<string, PlainValue>> {
  const addresses = [...textsOf(device['addresses']), ...[textOf(device['cidr'])].filter((cidr) => cidr !== '')];
  const routes = listOf(device['routes']).map((route) => routeFields(recordOf(route)));
  return {
    up: true,
    ...(typeof device['mtu'] === 'number' ? { mtu: device['mtu'] } : {}),
    ...(addresses.length === 0 ? {} : { addresses: addresses.map((address) => ({ address: withLength(address) })) }),
    ...(routes.length === 0 ? {} : { routes }),
  };
}

/** A bare address stands for itself alone. */
function withLength(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** The default route is the one without destination. */
function routeFields({ gateway, metric, mtu, network, source }: Fields): PlainObject {
  const isDefault = ['', '0.0.0.0/0', '::/0'].includes(textOf(network));
  return {
    ...(isDefault ? {} : { destination: textOf(network) }),
    ...Object.fromEntries(
      Object.entries({ gateway, source, metric, mtu }).flatMap(([key, value]) =>
        value === undefined || value === '' ? [] : [[key, plainOf(value)]],
      ),
    ),
  };
}

function addressing(device: Fields, link: string): readonly Target[] {
  const { ipv4, ipv6, routeMetric } = recordOf(device['dhcpOptions']);
  const metric: Readonly<Record<string, PlainValue>> =
    typeof routeMetric === 'number' && routeMetric !== 0 ? { routeMetric } : {};
  const { hcloud, ip } = recordOf(device['vip']);
  const token = recordOf(hcloud)['apiToken'];
  return [
    ...(device['dhcp'] === true && ipv4 !== false ? [target('DHCPv4Config', metric, link)] : []),
    ...(device['dhcp'] === true && ipv6 === true ? [target('DHCPv6Config', metric, link)] : []),
    ...(typeof ip !== 'string'
      ? []
      : [
          hcloud === undefined
            ? target('Layer2VIPConfig', { link }, ip)
            : target('HCloudVIPConfig', { link, apiToken: textOf(token) }, ip),
        ]),
  ];
}

const BOND_FIELDS: Readonly<Record<string, string>> = {
  mode: 'bondMode',
  miimon: 'miimon',
  updelay: 'updelay',
  downdelay: 'downdelay',
  xmitHashPolicy: 'xmitHashPolicy',
  lacpRate: 'lacpRate',
  arpInterval: 'arpInterval',
  arpIPTarget: 'arpIpTargets',
  arpValidate: 'arpValidate',
  arpAllTargets: 'arpAllTargets',
  primaryReselect: 'primaryReselect',
  failOverMac: 'failOverMac',
  adSelect: 'adSelect',
  minLinks: 'minLinks',
  useCarrier: 'useCarrier',
};

function bondFields(bond: Fields): Readonly<Record<string, PlainValue>> {
  const options = Object.entries(bond).flatMap(([key, value]) => {
    const field = BOND_FIELDS[key];
    return field === undefined ? [] : [[field, plainOf(value)] as const];
  });
  return { links: textsOf(bond['interfaces']), ...Object.fromEntries(options) };
}

/** Of selectors, only an exact hardware address is surely the same thing as an expression. */
function selectorMatch(device: Fields): string | undefined {
  const selector = recordOf(device['deviceSelector']);
  const { hardwareAddr, permanentAddr, ...others } = selector;
  const address = textOf(permanentAddr) || textOf(hardwareAddr);
  if (!/^(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(address)) return undefined;
  if (Object.entries(others).some(([key, value]) => key !== 'physical' || value !== true)) return undefined;
  const source = textOf(permanentAddr) === '' ? 'hardware_addr' : 'permanent_addr';
  return `mac(link.${source}) == ${JSON.stringify(address.toLowerCase())}`;
}
