/**
 * The links that the spec asks for on a node, with its address, gateway and VIP on the one that carries them. Both the effective network
 * and the rendered config are made of this, so that what is judged is what is sent (design §1.9). A link is chosen by MAC, selector or
 * explicit name, never by a guessed one.
 */
import { parseIp } from '../ip.ts';
import type { NodeSpec } from '../model.ts';
import { exactMac, linkForm, vlanLinkName } from './link-forms.ts';
import type { Addressing, LinkChoice, LinkForm, VlanForm, WantedVip } from './link-forms.ts';

export interface WantedVlan extends VlanForm {
  readonly name: string;
  readonly dhcp: boolean;
  readonly isPrimary: boolean;
}

export interface WantedLink extends Omit<LinkForm, 'vlans' | 'ports'> {
  /** What the documents call it: its own name, or an alias for what a MAC or selector finds. */
  readonly name: string;
  readonly dhcp: boolean;
  readonly isPrimary: boolean;
  readonly vlans: readonly WantedVlan[];
  readonly ports: readonly WantedPort[];
  /** It is a port of this bond or bridge. */
  readonly masterName?: string;
  readonly isBridgePort: boolean;
  /** Its place in the node's `links`; absent when the address alone asks for it. */
  readonly index?: number;
  /** Nothing says which link carries the address: every physical one is meant. */
  readonly isAnyPhysical: boolean;
}

export interface WantedPort {
  /** In the documents. */
  readonly name: string;
  readonly choice: LinkChoice;
  /** Its place among the wanted links, when it is one of them. */
  readonly link?: number;
}

/** The alias of the link that carries the node's address, when it is chosen by MAC or selector; patches may name it so. */
export const PRIMARY_ALIAS = 'primary';

/** `vip` is the cluster's, for control planes. */
export function wantedLinks(node: NodeSpec, vip: string | undefined): readonly WantedLink[] {
  const written = node.links.map(linkForm);
  const place = primaryPlace(node, written);
  const listed = written.map((form, index): LinkForm =>
    place.link === index && place.mac !== undefined ? { ...form, choice: { kind: 'mac', mac: place.mac } } : form,
  );
  const isImplied = place.link === undefined;
  const forms = isImplied ? [place.form, ...listed] : listed;
  const at = isImplied ? { link: 0 } : place;
  const names = linkNames(forms, at);
  const ports = portsOf(forms, names);
  return forms.map((form, index) => {
    const name = names[index] ?? '';
    const isPrimary = index === at.link && at.vlan === undefined;
    const masterName = masterOf(forms, { index, names, ports });
    const own = isPrimary ? withAddress(node, form, vip) : form;
    return {
      ...form,
      ...own,
      name,
      dhcp: own.dhcp ?? false,
      isPrimary,
      vlans: form.vlans.map((vlan, position) => {
        const carries = index === at.link && position === at.vlan;
        const placed = carries ? withAddress(node, vlan, vip) : vlan;
        const vlanName = vlan.name ?? vlanLinkName(name, vlan.id);
        return { ...vlan, ...placed, name: vlanName, dhcp: placed.dhcp ?? false, isPrimary: carries };
      }),
      ports: ports[index] ?? [],
      ...(masterName !== undefined && { masterName }),
      isBridgePort: forms.some(({ type }, group) => type === 'bridge' && names[group] === masterName),
      ...(!isImplied ? { index } : index > 0 && { index: index - 1 }),
      isAnyPhysical: isImplied && index === 0 && form.choice.kind === 'selector',
    };
  });
}

/** The links when they ask for no more than Talos does by itself, DHCP on whatever is plugged in. */
export function isTalosDefault(links: readonly WantedLink[]): boolean {
  const [only, ...others] = links;
  return only?.isAnyPhysical === true && others.length === 0 && only.dhcp && only.vips.length === 0;
}

type PrimaryPlace =
  | { readonly link: number; readonly vlan?: number; readonly mac?: string }
  | { readonly link: undefined; readonly form: LinkForm };

function primaryPlace(node: NodeSpec, forms: readonly LinkForm[]): PrimaryPlace {
  const mac = node.identity.macs[0]?.toLowerCase();
  if (node.link !== undefined) {
    return byName(node.link, forms) ?? { link: undefined, form: bare({ kind: 'name', name: node.link }) };
  }
  const carrying = byAddress(node, forms);
  if (carrying !== undefined) return carrying;
  if (mac === undefined) {
    const index = forms.findIndex((form) => mayCarry(node, form) && !isPort(form, forms));
    return index >= 0
      ? { link: index }
      : { link: undefined, form: bare({ kind: 'selector', selector: { physical: true } }) };
  }
  const group = forms.findIndex(({ ports }) => ports.some((port) => macOf(port) === mac || namesMac(port, forms, mac)));
  if (group >= 0) return { link: group };
  const index = forms.findIndex(({ choice }) => macOf(choice) === mac);
  if (index >= 0) return { link: index };
  // "The physical link" of a machine whose MAC is known is that one.
  const physical = forms.findIndex((form) => isPhysicalAlone(form.choice) && !isPort(form, forms));
  return physical >= 0 ? { link: physical, mac } : { link: undefined, form: bare({ kind: 'mac', mac }) };
}

function byName(name: string, forms: readonly LinkForm[]): PrimaryPlace | undefined {
  const link = forms.findIndex(({ ownName }) => ownName === name);
  if (link >= 0) return { link };
  for (const [index, { ownName, vlans }] of forms.entries()) {
    const vlan = vlans.findIndex(
      (one) =>
        one.name === name ||
        (ownName !== undefined && [`${ownName}.${String(one.id)}`, vlanLinkName(ownName, one.id)].includes(name)),
    );
    if (vlan >= 0) return { link: index, vlan };
  }
  return undefined;
}

function byAddress(node: NodeSpec, forms: readonly LinkForm[]): PrimaryPlace | undefined {
  const { address } = node;
  if (address.kind !== 'static') return undefined;
  const carries = ({ addresses }: Addressing): boolean => addresses.some((text) => ipOf(text) === address.ip);
  const link = forms.findIndex(carries);
  if (link >= 0) return { link };
  for (const [index, { vlans }] of forms.entries()) {
    const vlan = vlans.findIndex(carries);
    if (vlan >= 0) return { link: index, vlan };
  }
  return undefined;
}

/** Without MAC and name: a link of the list that has nothing of its own to be reached by. */
function mayCarry({ address }: NodeSpec, form: LinkForm): boolean {
  if (form.type === 'dummy' || form.type === 'wireguard' || form.isIgnored || form.addresses.length > 0) return false;
  return address.kind === 'static' ? form.dhcp !== true : form.dhcp !== false;
}

function isPort(form: LinkForm, forms: readonly LinkForm[]): boolean {
  return form.master !== undefined || forms.some(({ ports }) => ports.some((port) => isSame(port, form)));
}

function namesMac(port: LinkChoice, forms: readonly LinkForm[], mac: string): boolean {
  return forms.some((form) => isSame(port, form) && macOf(form.choice) === mac);
}

function isSame(port: LinkChoice, form: LinkForm): boolean {
  if (port.kind === 'name') return port.name === form.ownName;
  const mac = macOf(port);
  if (mac !== undefined) return macOf(form.choice) === mac;
  return JSON.stringify(port) === JSON.stringify(form.choice);
}

function isPhysicalAlone(choice: LinkChoice): boolean {
  return choice.kind === 'selector' && JSON.stringify(choice.selector) === '{"physical":true}';
}

function macOf(choice: LinkChoice): string | undefined {
  if (choice.kind === 'mac') return choice.mac;
  return choice.kind === 'selector' ? exactMac(choice.selector) : undefined;
}

function bare(choice: LinkChoice): LinkForm {
  return {
    type: 'physical',
    choice,
    ...(choice.kind === 'name' && { ownName: choice.name }),
    options: {},
    ports: [],
    vlans: [],
    isIgnored: false,
    addresses: [],
    routes: [],
    dhcpOptions: {},
    vips: [],
    rest: {},
  };
}

function withAddress(node: NodeSpec, holder: Addressing, vip: string | undefined): Addressing {
  const shared: readonly WantedVip[] =
    vip === undefined ? holder.vips : [{ ip: vip, rest: {} }, ...holder.vips.filter(({ ip }) => ip !== vip)];
  const { address, gateway } = node;
  if (address.kind !== 'static') return { ...holder, vips: shared, dhcp: holder.dhcp ?? true };
  const cidr = `${address.ip}/${address.prefix}`;
  const isThere = holder.addresses.some((text) => ipOf(text) === address.ip);
  const addresses = isThere
    ? holder.addresses.map((text) => (ipOf(text) === address.ip && isHostRoute(text) ? cidr : text))
    : [cidr, ...holder.addresses];
  const needsGateway = gateway !== undefined && isReached(gateway, addresses) && !hasDefault(gateway, holder);
  const routes = needsGateway ? [{ gateway, rest: {} }, ...holder.routes] : holder.routes;
  return { ...holder, vips: shared, addresses, routes, dhcp: holder.dhcp ?? false };
}

function ipOf(cidr: string): string {
  return cidr.split('/')[0] ?? cidr;
}

/** What a bare address in `links` becomes; the node's own has the prefix of its subnet. */
function isHostRoute(cidr: string): boolean {
  return cidr.endsWith('/32') || cidr.endsWith('/128');
}

/** A gateway of the other family leads nowhere. */
function isReached(gateway: string, addresses: readonly string[]): boolean {
  return addresses.some((text) => parseIp(ipOf(text))?.kind() === parseIp(gateway)?.kind());
}

function hasDefault(gateway: string, { routes }: Addressing): boolean {
  return routes.some(
    (route) =>
      route.destination === undefined &&
      (route.gateway === undefined || parseIp(route.gateway)?.kind() === parseIp(gateway)?.kind()),
  );
}

/** Names that the kernel gives by itself: an alias like that could be another link's own. */
const KERNEL_NAME = /^(lo|eth\d|en[opsx]|wl|ww|ib|bond\d|br\d|veth|dummy\d|tun|tap|wg\d|vlan\d|usb\d)/;

function linkNames(forms: readonly LinkForm[], primary: { readonly link: number }): readonly string[] {
  const taken = new Set(
    forms.flatMap(({ ownName, ports, vlans }) => [
      ...(ownName === undefined ? [] : [ownName]),
      ...ports.flatMap((port) => (port.kind === 'name' ? [port.name] : [])),
      ...vlans.flatMap(({ name }) => (name === undefined ? [] : [name])),
    ]),
  );
  return forms.map(({ choice, ownName }, index) => {
    if (choice.kind === 'name') return choice.name;
    if (ownName !== undefined && !KERNEL_NAME.test(ownName)) return ownName;
    return freeName(index === primary.link ? PRIMARY_ALIAS : `link${index}`, taken);
  });
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 1; taken.has(name); count += 1) name = `${wanted}-${count}`;
  taken.add(name);
  return name;
}

function portsOf(forms: readonly LinkForm[], names: readonly string[]): readonly (readonly WantedPort[])[] {
  const taken = new Set([...names, ...forms.flatMap(({ ownName }) => (ownName === undefined ? [] : [ownName]))]);
  for (const { ports } of forms) for (const port of ports) if (port.kind === 'name') taken.add(port.name);
  return forms.map((form, group) => {
    const said = forms.flatMap((one, link): readonly WantedPort[] =>
      one.master !== undefined && one.master === form.ownName && !form.ports.some((port) => isSame(port, one))
        ? [{ name: names[link] ?? '', choice: one.choice, link }]
        : [],
    );
    const listed = form.ports.map((choice, position): WantedPort => {
      const link = forms.findIndex((one) => isSame(choice, one));
      if (link >= 0) return { name: names[link] ?? '', choice: forms[link]?.choice ?? choice, link };
      if (choice.kind === 'name') return { name: vlanNamed(choice.name, forms, names), choice };
      return { name: freeName(`${names[group] ?? 'link'}-port${position}`, taken), choice };
    });
    return [...listed, ...said];
  });
}

/** A VLAN by the name of its parent in the cluster file, under the parent's name in the documents. */
function vlanNamed(name: string, forms: readonly LinkForm[], names: readonly string[]): string {
  for (const [index, { ownName, vlans }] of forms.entries()) {
    const vlan = vlans.find(({ id }) => ownName !== undefined && `${ownName}.${String(id)}` === name);
    if (vlan !== undefined) return vlan.name ?? vlanLinkName(names[index] ?? '', vlan.id);
  }
  return name;
}

function masterOf(
  forms: readonly LinkForm[],
  {
    index,
    names,
    ports,
  }: {
    readonly index: number;
    readonly names: readonly string[];
    readonly ports: readonly (readonly WantedPort[])[];
  },
): string | undefined {
  const group = ports.findIndex((list) => list.some(({ link }) => link === index));
  return group >= 0 ? names[group] : forms[index]?.master;
}
