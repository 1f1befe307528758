/** Links as entries of `machine.network.interfaces`: all that Talos 1.11 knows, and the one word for "any physical link" later on. */
import { IchorError } from '../../errors.ts';
import type { Addressing, LinkChoice, WantedRoute } from '../../spec/network/link-forms.ts';
import type { WantedLink, WantedPort, WantedVlan } from '../../spec/network/wanted-links.ts';
import { isRecord } from '../../spec/patch-facts.ts';
import { compact, type Fragment } from '../setting.ts';
import { BOND_WORDS, named, renamed } from './link-documents.ts';
import { deviceSelector } from './selector.ts';

export function legacyInterfaces(links: readonly WantedLink[]): readonly Fragment[] {
  return links.flatMap((link) => [legacyInterface(link), ...portInterfaces(link)]);
}

export function legacyInterface(link: WantedLink): Fragment {
  const { type, choice } = link;
  const isShared = link.vlans.length > 0 || link.masterName !== undefined;
  const found = deviceSelector(choice, isShared);
  const who =
    found === undefined ? { interface: type === 'physical' ? link.name : named(link) } : { deviceSelector: found };
  if (link.isIgnored) return { ...who, ignore: true };
  return compact({
    ...who,
    ...addressing(link),
    bond: type === 'bond' ? bond(link) : undefined,
    bridge: type === 'bridge' ? bridge(link) : undefined,
    bridgePort: master(link, found !== undefined),
    vlans: link.vlans.length > 0 ? link.vlans.map(legacyVlan) : undefined,
    dummy: type === 'dummy' ? true : undefined,
    wireguard: type === 'wireguard' ? link.options : undefined,
    ...link.rest,
  });
}

function addressing(holder: Addressing): Fragment {
  const { addresses, routes, mtu, dhcp, dhcpOptions, vips } = holder;
  const [vip, second] = vips;
  if (second !== undefined)
    throw new IchorError(
      'invalid-input',
      `a link has two VIPs, ${vip?.ip} and ${second.ip}: Talos knows one until 1.12`,
      {
        hint: 'Leave `vip` out of `links`.',
      },
    );
  return {
    addresses: addresses.length > 0 ? addresses : undefined,
    routes: routes.length > 0 ? routes.map(legacyRoute) : undefined,
    mtu,
    // Said in any case: DHCP would otherwise stay on beside the address (field.md F2-1).
    dhcp: dhcp ?? false,
    dhcpOptions: Object.keys(dhcpOptions).length > 0 ? dhcpOptions : undefined,
    vip: vip === undefined ? undefined : { ip: vip.ip, ...vip.rest },
  };
}

function legacyVlan(vlan: WantedVlan): Fragment {
  return compact({ vlanId: vlan.id, ...addressing(vlan), ...vlan.rest });
}

function legacyRoute({ destination, gateway, rest }: WantedRoute): Fragment {
  const everywhere = gateway?.includes(':') === true ? '::/0' : '0.0.0.0/0';
  return compact({ network: destination ?? everywhere, gateway, ...rest });
}

function bond(link: WantedLink): Fragment {
  const words = Object.fromEntries(Object.entries(BOND_WORDS).map(([legacy, document]) => [document, legacy]));
  const options = renamed(link.options, words);
  const names = link.ports.filter(({ choice }) => choice.kind === 'name').map(({ name }) => name);
  const selectors = link.ports.flatMap(({ choice }) => deviceSelector(choice, true) ?? []);
  if (names.length > 0 && selectors.length > 0)
    throw new IchorError(
      'invalid-input',
      `bond ${link.name} has links by name and by MAC or selector: Talos takes only the one or the other until 1.12`,
      {
        hint: 'Choose all of them by MAC.',
      },
    );
  return selectors.length > 0 ? { deviceSelectors: selectors, ...options } : { interfaces: names, ...options };
}

function bridge(link: WantedLink): Fragment {
  const { vlan } = link.options;
  const names = link.ports.filter(({ choice }) => choice.kind === 'name').map(({ name }) => name);
  return {
    ...(names.length > 0 && { interfaces: names }),
    ...link.options,
    ...(isRecord(vlan) && { vlan: renamed(vlan, { filtering: 'vlanFiltering' }) }),
  };
}

/** A bridge lists links by name alone; what is found by MAC says itself whose port it is. */
function master(link: WantedLink, isFound: boolean): Fragment | undefined {
  const said =
    link.master ?? (isFound && link.masterName !== undefined && link.isBridgePort ? link.masterName : undefined);
  return said === undefined ? undefined : { master: said };
}

function portInterfaces(link: WantedLink): readonly Fragment[] {
  if (link.type !== 'bridge') return [];
  const found = link.ports.filter(({ link: own, choice }: WantedPort) => own === undefined && choice.kind !== 'name');
  return found.map(({ choice }) => portInterface(choice, link.name));
}

function portInterface(choice: LinkChoice, bridgeName: string): Fragment {
  return { deviceSelector: deviceSelector(choice, true), bridgePort: { master: bridgeName }, dhcp: false };
}
