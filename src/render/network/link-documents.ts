/**
 * Links as documents, Talos 1.12 and later (talos-4-documents.md §6.1, §6.3). One document of these turns default DHCP off for all links,
 * so each link that is to keep DHCP gets its own.
 */
import { IchorError } from '../../errors.ts';
import type { Addressing, WantedRoute } from '../../spec/network/link-forms.ts';
import type { WantedLink, WantedVlan } from '../../spec/network/wanted-links.ts';
import { isRecord } from '../../spec/patch-facts.ts';
import { compact, talosDocument, type Fragment } from '../setting.ts';
import { linkExpression } from './selector.ts';

/** Ignoring a link is what Talos does with one that no document names. */
export function linkDocuments(links: readonly WantedLink[]): readonly Fragment[] {
  return links.filter(({ isIgnored }) => !isIgnored).flatMap(documentsOfLink);
}

function documentsOfLink(link: WantedLink): readonly Fragment[] {
  const { name } = link;
  return [
    ...aliasDocuments(link),
    mainDocument(link),
    ...dhcpDocuments(name, link),
    ...vipDocuments(name, link),
    ...link.vlans.flatMap((vlan) => vlanDocuments(name, vlan)),
  ];
}

/** For the link itself, and for ports that are chosen by what they are and have no entry of their own. */
function aliasDocuments(link: WantedLink): readonly Fragment[] {
  const ports = link.ports.filter((port) => port.link === undefined);
  return [link, ...ports].flatMap(({ name, choice }) => {
    const match = linkExpression(choice);
    return match === undefined ? [] : [talosDocument('LinkAliasConfig', { name, selector: { match } })];
  });
}

function mainDocument(link: WantedLink): Fragment {
  const { name, type } = link;
  const body = { up: true, ...settingsOf(link) };
  const ports = link.ports.map((port) => port.name);
  switch (type) {
    case 'physical':
      return talosDocument('LinkConfig', { name, ...body });
    case 'dummy':
      return talosDocument('DummyLinkConfig', { name: named(link), ...body });
    case 'wireguard':
      return talosDocument('WireguardConfig', { name: named(link), ...link.options, ...body });
    case 'bridge':
      return talosDocument('BridgeConfig', {
        name: named(link),
        links: ports,
        ...bridgeOptions(link.options),
        ...body,
      });
    case 'bond':
      return talosDocument('BondConfig', { name: named(link), links: ports, ...bondOptions(link), ...body });
  }
}

/** What exists by configuration alone has to be called something. */
export function named({ name, type }: WantedLink): string {
  if (name !== '') return name;
  throw new IchorError('invalid-input', `a ${type} under \`links\` has no name`, {
    hint: type === 'bond' ? 'Write for instance `name: bond0`.' : 'Write its `name`.',
  });
}

function settingsOf({ addresses, routes, mtu, rest }: Addressing): Fragment {
  return compact({
    mtu,
    addresses: addresses.length > 0 ? addresses.map((address) => ({ address })) : undefined,
    routes: routes.length > 0 ? routes.map(routeFields) : undefined,
    ...rest,
  });
}

function routeFields({ destination, gateway, rest }: WantedRoute): Fragment {
  return compact({ destination, gateway, ...rest });
}

function dhcpDocuments(name: string, { dhcp, dhcpOptions }: Addressing): readonly Fragment[] {
  if (dhcp !== true) return [];
  const { ipv4, ipv6, duidv6, routeMetric: metric, ...others } = dhcpOptions;
  const routeMetric = typeof metric === 'number' && metric > 0 ? metric : undefined;
  const duid = typeof duidv6 === 'string' && duidv6 !== '' ? { clientIdentifier: 'duid', duidRaw: duidv6 } : {};
  return [
    ...(ipv4 === false ? [] : [talosDocument('DHCPv4Config', compact({ name, routeMetric, ...others }))]),
    ...(ipv6 === true ? [talosDocument('DHCPv6Config', compact({ name, routeMetric, ...others, ...duid }))] : []),
  ];
}

function vipDocuments(link: string, { vips }: Addressing): readonly Fragment[] {
  return vips.map(({ ip, rest }) => {
    const { hcloud } = rest;
    if (rest['equinixMetal'] !== undefined)
      throw new IchorError('invalid-input', `the VIP ${ip} is one of Equinix Metal, for which Talos has no document`, {
        hint: 'Talos 1.11 was the last one to know it.',
      });
    return isRecord(hcloud)
      ? talosDocument('HCloudVIPConfig', compact({ name: ip, link, apiToken: hcloud['apiToken'] }))
      : talosDocument('Layer2VIPConfig', { name: ip, link });
  });
}

function vlanDocuments(parent: string, vlan: WantedVlan): readonly Fragment[] {
  const { name, id } = vlan;
  return [
    talosDocument('VLANConfig', { name, vlanID: id, parent, ...settingsOf(vlan) }),
    ...dhcpDocuments(name, vlan),
    ...vipDocuments(name, vlan),
  ];
}

/** v1alpha1's words on the left; the documents kept all others. */
export const BOND_WORDS = {
  mode: 'bondMode',
  resendIgmp: 'resendIGMP',
  arpIPTarget: 'arpIpTargets',
  tlbDynamicLb: 'tlbLogicalLb',
  peerNotifyDelay: 'peerNotifDelay',
} as const;

function bondOptions({ name, options }: WantedLink): Fragment {
  for (const word of ['primary', 'adActorSystem']) {
    if (options[word] === undefined) continue;
    throw new IchorError(
      'invalid-input',
      `bond ${name}: \`${word}\` is no word of BondConfig, which Talos has from 1.12 on`,
      {
        hint: 'Leave it out.',
      },
    );
  }
  // v1alpha1 means balance-rr when it says nothing; the document must say it.
  return { bondMode: 'balance-rr', ...renamed(options, BOND_WORDS) };
}

function bridgeOptions(options: Fragment): Fragment {
  const { vlan } = options;
  return isRecord(vlan) ? { ...options, vlan: renamed(vlan, { vlanFiltering: 'filtering' }) } : options;
}

export function renamed(fragment: Fragment, words: Readonly<Record<string, string>>): Fragment {
  return Object.fromEntries(Object.entries(fragment).map(([key, value]) => [words[key] ?? key, value]));
}
