/**
 * The network that a machine really has: links, addresses and name out of its hardware, what DHCP or the platform gives, and what its config
 * asks for. One link or DHCP document switches default DHCP off everywhere; a v1alpha1 interface only on its own link (talos-4-documents.md).
 */
import { isIP } from 'node:net';
import type { InitialAddress, LinkDefinition } from '../definition.ts';
import { seededHex } from '../seeded.ts';
import type { LinkWish, NetworkWishes } from './config-network.ts';
import type { Machine } from './state.ts';
import { at, flagAt, textAt } from './tree.ts';

export interface EffectiveAddress {
  readonly ip: string;
  readonly prefix: number;
  readonly link: string;
  readonly source: 'dhcp' | 'platform' | 'configuration' | 'vip';
}

export interface EffectiveLink {
  readonly name: string;
  readonly alias?: string;
  readonly mac: string;
  readonly kind: LinkWish['kind'];
  readonly mtu: number;
  readonly isUp: boolean;
  readonly definition?: LinkDefinition;
  readonly master?: string;
  readonly runsDhcp: boolean;
}

export interface EffectiveNetwork {
  readonly links: readonly EffectiveLink[];
  readonly addresses: readonly EffectiveAddress[];
  readonly gateways: readonly { readonly link: string; readonly gateway: string }[];
  readonly hostname: string;
  readonly domain: string;
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly timeservers: readonly string[];
}

const DEFAULT_TIMESERVERS = ['time.cloudflare.com'];

export function networkOf(machine: Machine, wishes: NetworkWishes | undefined, seed: string): EffectiveNetwork {
  const physical = machine.definition.links;
  const wishOf = (link: LinkDefinition): readonly LinkWish[] =>
    (wishes?.links ?? []).filter((wish) => isWishFor(wish, link, wishes));
  const slaves = new Map(
    (wishes?.links ?? [])
      .filter((wish) => wish.kind === 'bond' || wish.kind === 'bridge')
      .flatMap((wish) => wish.members.map((member) => [member, wish.name ?? ''])),
  );
  const links: EffectiveLink[] = [];
  const addresses: EffectiveAddress[] = [];
  const gateways: { link: string; gateway: string }[] = [];
  for (const link of physical) {
    const own = wishOf(link);
    const master = slaves.get(link.name);
    const runsDhcp = master === undefined && doesDhcp(own, wishes);
    links.push(effectiveLink(link, own, { master, runsDhcp, wishes }));
    if (link.carrier === false) continue;
    addStatic(link.name, own, addresses, gateways);
    if (master === undefined)
      addInitial(link, machine.leases, runsDhcp, { addresses, gateways, isFirst: link === physical[0] });
  }
  for (const wish of wishes?.links ?? []) {
    if (wish.kind === 'physical' || wish.name === undefined) continue;
    const lower = physical.find((link) => wish.members.includes(link.name) || wish.parent === link.name) ?? physical[0];
    links.push({
      name: wish.name,
      mac: lower?.mac ?? '00:00:00:00:00:00',
      kind: wish.kind,
      mtu: wish.mtu ?? 1500,
      isUp: true,
      runsDhcp: wish.dhcp === true,
    });
    addStatic(wish.name, [wish], addresses, gateways);
    const lease = machine.leases.find((initial) => initial.kind === 'dhcp');
    if (wish.dhcp === true && lease !== undefined)
      addInitial({ name: wish.name, mac: '' }, [{ ...lease, link: wish.name }], true, {
        addresses,
        gateways,
        isFirst: false,
      });
  }
  const name = hostnameOf(machine, wishes, addresses, seed);
  const dot = name.indexOf('.');
  return {
    links,
    addresses,
    gateways,
    hostname: dot < 0 ? name : name.slice(0, dot),
    domain: dot < 0 ? '' : name.slice(dot + 1),
    nameservers: wishes === undefined || wishes.nameservers.length === 0 ? ['1.1.1.1', '8.8.8.8'] : wishes.nameservers,
    searchDomains: wishes?.searchDomains ?? [],
    timeservers: wishes === undefined || wishes.timeservers.length === 0 ? DEFAULT_TIMESERVERS : wishes.timeservers,
  };
}

/** The address under which the cluster knows the node: the first one that is not the VIP. */
export function primaryIp(network: EffectiveNetwork): string | undefined {
  return network.addresses.find((address) => address.source !== 'vip')?.ip;
}

interface Collected {
  readonly addresses: EffectiveAddress[];
  readonly gateways: { link: string; gateway: string }[];
  readonly isFirst: boolean;
}

function addStatic(
  link: string,
  wishes: readonly LinkWish[],
  addresses: EffectiveAddress[],
  gateways: { link: string; gateway: string }[],
): void {
  for (const wish of wishes) {
    for (const cidr of wish.addresses) {
      const [ip = '', prefix] = cidr.split('/');
      if (!addresses.some((address) => address.ip === ip)) {
        addresses.push({ ip, prefix: Number(prefix ?? (isIP(ip) === 6 ? 128 : 32)), link, source: 'configuration' });
      }
    }
    for (const gateway of wish.gateways) gateways.push({ link, gateway });
  }
}

function addInitial(link: LinkDefinition, leases: readonly InitialAddress[], runsDhcp: boolean, into: Collected): void {
  for (const lease of leases) {
    const isHere = lease.link === undefined ? into.isFirst : lease.link === link.name;
    if (!isHere || (lease.kind === 'dhcp' && !runsDhcp)) continue;
    if (into.addresses.some((address) => address.ip === lease.ip)) continue;
    into.addresses.push({
      ip: lease.ip,
      prefix: lease.prefix,
      link: link.name,
      source: lease.kind === 'dhcp' ? 'dhcp' : 'platform',
    });
    if (lease.gateway !== undefined) into.gateways.push({ link: link.name, gateway: lease.gateway });
  }
}

function doesDhcp(own: readonly LinkWish[], wishes: NetworkWishes | undefined): boolean {
  if (own.some((wish) => wish.dhcp === true)) return true;
  if (own.length > 0) return false;
  return wishes === undefined || !wishes.turnsDefaultDhcpOff;
}

interface LinkContext {
  readonly master: string | undefined;
  readonly runsDhcp: boolean;
  readonly wishes: NetworkWishes | undefined;
}

function effectiveLink(link: LinkDefinition, own: readonly LinkWish[], context: LinkContext): EffectiveLink {
  const alias = context.wishes?.aliases.find((item) => matchesAlias(item.match, link))?.name;
  return {
    name: link.name,
    mac: link.mac,
    kind: 'physical',
    mtu: own.find((wish) => wish.mtu !== undefined)?.mtu ?? 1500,
    isUp: link.carrier !== false,
    definition: link,
    runsDhcp: context.runsDhcp,
    ...(alias === undefined ? {} : { alias }),
    ...(context.master === undefined ? {} : { master: context.master }),
  };
}

function isWishFor(wish: LinkWish, link: LinkDefinition, wishes: NetworkWishes | undefined): boolean {
  if (wish.kind !== 'physical') return false;
  if (wish.name !== undefined) {
    if (wish.name === link.name) return true;
    const alias = wishes?.aliases.find((item) => item.name === wish.name);
    return alias !== undefined && matchesAlias(alias.match, link);
  }
  if (wish.selector === undefined) return false;
  const mac = textAt(wish.selector, 'hardwareAddr') ?? textAt(wish.selector, 'permanentAddr');
  const driver = textAt(wish.selector, 'driver');
  const busPath = textAt(wish.selector, 'busPath');
  const isPhysical = flagAt(wish.selector, 'physical');
  if (mac !== undefined && !glob(mac.toLowerCase(), link.mac.toLowerCase())) return false;
  if (driver !== undefined && !glob(driver, link.driver ?? 'virtio_net')) return false;
  if (busPath !== undefined && !glob(busPath, link.busPath ?? '')) return false;
  return (mac ?? driver ?? busPath) !== undefined || isPhysical === true || at(wish.selector, 'pciID') !== undefined;
}

/** The forms of a link selector that people write: comparisons of the MAC address or the driver. */
function matchesAlias(match: string, link: LinkDefinition): boolean {
  const macs = [...match.matchAll(/["']([0-9a-fA-F:]{17})["']/g)].map((found) => (found[1] ?? '').toLowerCase());
  if (macs.length > 0) return macs.includes(link.mac.toLowerCase());
  const driver = /link\.driver\s*==\s*["']([^"']+)["']/.exec(match);
  return driver !== null && driver[1] === (link.driver ?? 'virtio_net');
}

export function glob(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(text);
}

/** Without a wish, Talos names a node after its first address, or after its identity where names are to be stable. */
function hostnameOf(
  machine: Machine,
  wishes: NetworkWishes | undefined,
  addresses: readonly EffectiveAddress[],
  seed: string,
): string {
  if (wishes?.hostname !== undefined) return wishes.hostname;
  if (wishes?.autoHostname === 'stable' || wishes === undefined) {
    const digits = seededHex(seed, `hostname/${machine.definition.uuid}`, 6);
    const name = BigInt(`0x${digits}`).toString(36).padStart(6, 'a').slice(-6);
    return `talos-${name.slice(0, 3)}-${name.slice(3)}`;
  }
  const ip = addresses[0]?.ip;
  return ip === undefined ? 'talos' : `talos-${ip.replaceAll('.', '-').replaceAll(':', '-')}`;
}
