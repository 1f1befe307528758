/**
 * The network of a talhelper node in the cluster file's words: address, identity, links. Where the cluster file has no word for a part, the
 * very documents that talhelper would write become patches.
 */
import { stringify } from 'yaml';
import { hasNetworkDocuments, parseContract } from '../../../talos/contract.ts';
import { parseIp } from '../../ip.ts';
import { isRecord, valueAt } from '../../patch-facts.ts';
import type { DraftPatch } from '../draft.ts';
import { asText, plainDocuments, recordList, textList } from '../plain-yaml.ts';
import type { PlainMap } from '../plain-yaml.ts';
import {
  aliasDocuments,
  bondBody,
  bridgeBody,
  dhcpDocuments,
  documentRoute,
  exactMac,
  isDefaultRoute,
  memberAliases,
  namedDevices,
  wireguardDocuments,
  withPrefix,
  without,
} from './devices.ts';
import type { Device } from './devices.ts';
import type { Project, ProjectNode } from './project.ts';

export interface NetworkDraft {
  /** `address`, `mac`, `link`, `links`, `gateway`. */
  readonly values: PlainMap;
  readonly patches: readonly DraftPatch[];
  /** The VIP on the link that carries the address. */
  readonly vip?: string;
}

export function networkDraft(project: Project, node: ProjectNode, address: string, clusterVip?: string): NetworkDraft {
  const isIp = parseIp(address) !== undefined;
  const isDocumented = hasNetworkDocuments(parseContract(project.talos));
  const devices = isDocumented
    ? namedDevices(node.values['networkInterfaces'])
    : legacyDevices(node.values['networkInterfaces']);
  const primary = primaryOf(devices, address);
  const reserved = isIp ? { reserved: address } : 'dhcp';
  if (primary === undefined)
    return { values: { address: reserved, ...patchedLink(node, project, address) }, patches: [] };
  const form: Form = {
    isDocumented,
    address,
    primary,
    clusterVip: node.isControlPlane ? clusterVip : undefined,
    isAlone: devices.length === 1,
  };
  const own = textList(primary.value['addresses'])
    .map(withPrefix)
    .find((text) => text.split('/')[0] === address);
  const mac = exactMac(primary.selector);
  const isReachable = form.isDocumented || primary.name !== '' || own !== undefined || isMacOnly(primary);
  const vip = asText(valueAt(primary.value['vip'], 'ip')) ?? '';
  if (!isReachable) return legacyAsPatch(node, reserved);
  const links = devices.flatMap((device) => linkOf(device, form));
  const gateway = own === undefined ? undefined : plainGateway(primary);
  return {
    values: without({
      address: own ?? reserved,
      mac,
      link: primary.name === '' ? undefined : primary.name,
      gateway,
      links: links.length > 0 ? links : undefined,
    }),
    patches: form.isDocumented ? devices.flatMap(devicePatches) : [],
    ...(vip !== '' && { vip }),
  };
}

/** Before 1.12 a link that a selector finds needs no name. */
function legacyDevices(interfaces: unknown): readonly Device[] {
  return namedDevices(interfaces).map((device) => ({ ...device, name: asText(device.value['interface']) ?? '' }));
}

interface Form {
  readonly isDocumented: boolean;
  readonly address: string;
  readonly primary: Device;
  readonly clusterVip: string | undefined;
  readonly isAlone: boolean;
}

/** What kind of link a document makes, in the file's words; the patch says the rest. */
const LINK_WORDS: Readonly<Record<string, PlainMap>> = {
  LinkConfig: {},
  BondConfig: { bond: {} },
  BridgeConfig: { bridge: {} },
};

/** Without `networkInterfaces`: the link that a document among the patches gives the address to, or asks DHCP on. */
function patchedLink(node: ProjectNode, project: Project, address: string): PlainMap {
  const patches = [...node.groupPatches, ...node.patches, ...project.patches].filter(
    ({ text }) => !text.includes('{{'),
  );
  const documents = patches.flatMap(({ text }) => plainDocuments(text)).filter(isRecord);
  const carries = ({ addresses }: PlainMap): boolean =>
    recordList(addresses).some((entry) => asText(entry['address'])?.split('/')[0] === address);
  const fixed = documents.find((document) => String(document['kind']) in LINK_WORDS && carries(document));
  if (fixed !== undefined) {
    const name = asText(fixed['name']);
    return { link: name, links: [{ name, ...LINK_WORDS[String(fixed['kind'])], dhcp: false }] };
  }
  const name = asText(documents.find(({ kind }) => kind === 'DHCPv4Config')?.['name']);
  if (name === undefined) return {};
  const kind = String(
    documents.find((document) => document['name'] === name && document['kind'] !== 'DHCPv4Config')?.['kind'] ??
      'LinkConfig',
  );
  const words = LINK_WORDS[kind];
  if (words === undefined) return {};
  return { link: name, ...(Object.keys(words).length > 0 && { links: [{ name, ...words }] }) };
}

/** The device with the node's address, else the one whose VLAN has it, else the first that asks DHCP, else the first. */
function primaryOf(devices: readonly Device[], address: string): Device | undefined {
  const real = devices.filter(({ value }) => value['wireguard'] === undefined);
  const carries = (value: PlainMap): boolean =>
    textList(value['addresses']).some((text) => text.split('/')[0] === address);
  return (
    real.find(({ value }) => carries(value)) ??
    real.find(({ value }) => recordList(value['vlans']).some(carries)) ??
    real.find(({ value }) => value['dhcp'] === true) ??
    real[0]
  );
}

function isMacOnly({ selector }: Device): boolean {
  return selector !== undefined && Object.keys(selector).join() === 'hardwareAddr' && exactMac(selector) !== undefined;
}

/** A selector that is neither a MAC nor goes with a static address names no link that Ichor could hold the address against. */
function legacyAsPatch(node: ProjectNode, address: unknown): NetworkDraft {
  const { networkInterfaces } = node.values;
  const text = patchYaml({ machine: { network: { interfaces: networkInterfaces } } });
  return {
    values: { address },
    patches: [{ text, comment: 'the link is chosen by a selector that the file has no other word for' }],
  };
}

/** Nothing for the only link when address, gateway and VIP say it all. */
function linkOf(device: Device, form: Form): readonly PlainMap[] {
  const { value, name, selector } = device;
  if (form.isDocumented && value['wireguard'] !== undefined) return [];
  const isPrimary = device === form.primary;
  const body = without({
    ...linkBody(device, form),
    ...(form.isDocumented ? {} : legacyRest(value)),
  });
  const isSimple = isPrimary && form.isAlone && Object.keys(body).length === 0;
  const canBeImplied = name !== '' || isMacOnly(device);
  if (isSimple && canBeImplied) return [];
  const who = name === '' ? (isMacOnly(device) ? { mac: exactMac(selector) } : { selector }) : { name };
  return [{ ...who, ...body }];
}

function linkBody(device: Device, form: Form): PlainMap {
  const { value, name, selector } = device;
  const isPrimary = device === form.primary;
  const addresses = textList(value['addresses']).map(withPrefix);
  const isStatic = addresses.some((text) => text.split('/')[0] === form.address);
  const isFirst = addresses[0]?.split('/')[0] === form.address;
  const needsAddress = !form.isDocumented && name === '' && !(isMacOnly(device) && selector !== undefined);
  const listed = isPrimary && isStatic && isFirst && !needsAddress ? addresses.slice(1) : addresses;
  const routes = recordList(value['routes']);
  const gateway = isPrimary && isStatic ? plainGateway(device) : undefined;
  const vip = asText(valueAt(value['vip'], 'ip')) ?? '';
  const vlans = recordList(value['vlans']);
  return {
    dhcp: dhcpWord(value, { isPrimary, isStatic: isPrimary && isStatic }),
    mtu: typeof value['mtu'] === 'number' && value['mtu'] > 0 ? value['mtu'] : undefined,
    addresses: nonEmpty(listed),
    routes: nonEmpty(
      (gateway === undefined ? routes : routes.slice(1)).map((route) =>
        form.isDocumented ? documentRoute(route) : route,
      ),
    ),
    vip: vip === '' || (isPrimary && vip === form.clusterVip) ? undefined : vip,
    bond: isRecord(value['bond']) ? (form.isDocumented ? bondBody(name, value['bond']) : value['bond']) : undefined,
    bridge: isRecord(value['bridge']) ? (form.isDocumented ? bridgeBody(value['bridge']) : value['bridge']) : undefined,
    vlans: nonEmpty(form.isDocumented ? vlans.map((vlan) => documentVlan(name, vlan)) : vlans),
  };
}

/** Said only where Ichor's default is another: DHCP on a primary link without a static address, none elsewhere. */
function dhcpWord(
  value: PlainMap,
  link: { readonly isPrimary: boolean; readonly isStatic: boolean },
): boolean | undefined {
  const wants = value['dhcp'] === true && valueAt(value['dhcpOptions'], 'ipv4') !== false;
  const isDefault = link.isPrimary && !link.isStatic;
  return wants === isDefault ? undefined : wants;
}

/** The default route when it is the first one and says no more than its gateway. */
function plainGateway({ value }: Device): string | undefined {
  const [first, ...others] = recordList(value['routes']);
  if (first === undefined || !isDefaultRoute(first) || others.some(isDefaultRoute)) return undefined;
  const words = Object.entries(first).filter(([, item]) => item !== undefined && item !== 0 && item !== '');
  return words.every(([key]) => key === 'network' || key === 'gateway') ? asText(first['gateway']) : undefined;
}

/** talhelper joins any parent and id with a dot; Talos' own rule, which is Ichor's, shortens long ones. */
function documentVlan(parent: string, vlan: PlainMap): PlainMap {
  const name = parent.length > 10 ? `${parent}.${String(vlan['vlanId'])}` : undefined;
  const { dhcpOptions: _, addresses, routes, dhcp, ...rest } = vlan;
  return without({
    name,
    ...rest,
    dhcp: dhcp === true ? true : undefined,
    addresses: nonEmpty(textList(addresses).map(withPrefix)),
    routes: nonEmpty(recordList(routes).map(documentRoute)),
  });
}

/** v1alpha1's own words that need no translation before 1.12. */
function legacyRest(value: PlainMap): PlainMap {
  const { dhcpOptions, wireguard, dummy, ignore } = value;
  return { dhcpOptions, wireguard, dummy, ignore };
}

function devicePatches(device: Device): readonly DraftPatch[] {
  const { name, value } = device;
  const options = [
    ...(value['dhcp'] === true ? moreThanDefault(name, value['dhcpOptions']) : []),
    ...recordList(value['vlans']).flatMap((vlan) =>
      vlan['dhcp'] === true ? moreThanDefault(`${name}.${String(vlan['vlanId'])}`, vlan['dhcpOptions']) : [],
    ),
  ];
  const aliases = [...aliasDocuments(device), ...memberAliases(device)];
  return [...aliases, ...options, ...wireguardDocuments(device)].map((document) => ({ text: patchYaml(document) }));
}

/** The bare DHCPv4 document is Ichor's own. */
function moreThanDefault(name: string, options: unknown): readonly PlainMap[] {
  return dhcpDocuments(name, options).filter(
    (document) => document['kind'] !== 'DHCPv4Config' || document['routeMetric'] !== undefined,
  );
}

/** A document or fragment as a person would write it. */
export function patchYaml(document: PlainMap): string {
  return stringify(document, { compat: 'yaml-1.1', lineWidth: 0 });
}

function nonEmpty(list: readonly unknown[]): readonly unknown[] | undefined {
  return list.length > 0 ? list : undefined;
}
