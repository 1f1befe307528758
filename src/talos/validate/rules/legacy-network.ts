/** Rules of the document without kind: `machine.network.interfaces` (Talos' `CheckDeviceInterface`, `…Addressing`, `…Routes`). */
import { canonicalAddress } from '../../values/ip-text.ts';
import { hostPortProblem, isAddressOrCidr, isBase64Of, isCidr, isIpAddress, quote } from '../checks.ts';
import { at, integer, isSet, isTrue, items, text } from '../field.ts';
import type { Field } from '../field.ts';
import type { RuleContext } from '../rule.ts';

export function networkDevices(machine: Field, context: RuleContext): void {
  const devices = items(at(machine, 'network', 'interfaces'));
  const owners = new Map<string, string>();
  for (const device of devices) members(device, owners, context);
  for (const device of devices) {
    if (!isSet(device)) context.error(device, 'an element that is null is not allowed here');
    else if (!isTrue(at(device, 'ignore'))) deviceRule(device, owners, context);
  }
}

/** Links that belong to a bond or bridge: each to one only. */
function members(device: Field, owners: Map<string, string>, context: RuleContext): void {
  const name = text(at(device, 'interface'));
  const [bond, bridge] = [at(device, 'bond'), at(device, 'bridge')];
  if (isSet(bond) && isSet(bridge)) context.error(device, 'an interface is a bond or a bridge, not both');
  const links = items(at(isSet(bridge) ? bridge : bond, 'interfaces'));
  if (items(at(bond, 'interfaces')).length > 0 && items(at(bond, 'deviceSelectors')).length > 0)
    context.error(bond, 'interfaces and deviceSelectors of a bond exclude each other');
  for (const link of links) {
    const other = owners.get(text(link));
    if (other !== undefined && other !== name)
      context.error(link, `${quote(text(link))} belongs to ${quote(other)} already`);
    owners.set(text(link), name);
  }
}

function deviceRule(device: Field, owners: ReadonlyMap<string, string>, context: RuleContext): void {
  const [name, selector] = [at(device, 'interface'), at(device, 'deviceSelector')];
  if (text(name) === '' && !isSet(selector)) context.error(device, 'interface or deviceSelector is required');
  if (text(name) !== '' && isSet(selector)) context.error(selector, 'interface and deviceSelector exclude each other');
  if (isSet(selector) && isEmptySelector(selector))
    context.error(selector, 'a deviceSelector must select by something');
  if (isSet(at(device, 'bond'))) bondRule(at(device, 'bond'), context);
  if (isSet(at(device, 'wireguard'))) wireguardRule(at(device, 'wireguard'), context);
  for (const vlan of items(at(device, 'vlans'))) vlanRule(vlan, context);
  addressing(device, owners, context);
  for (const route of items(at(device, 'routes'))) routeRule(route, context);
}

function isEmptySelector(selector: Field): boolean {
  return (
    ['busPath', 'hardwareAddr', 'permanentAddr', 'pciID', 'driver'].every((key) => text(at(selector, key)) === '') &&
    !isSet(at(selector, 'physical'))
  );
}

const WORDS: readonly (readonly [key: string, words: readonly string[]])[] = [
  ['mode', ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb']],
  ['xmitHashPolicy', ['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4']],
  ['lacpRate', ['slow', 'fast']],
  ['arpValidate', ['none', 'active', 'backup', 'all', 'filter', 'filter-active', 'filter-backup']],
  ['arpAllTargets', ['any', 'all']],
  ['primaryReselect', ['always', 'better', 'failure']],
  ['failOverMac', ['none', 'active', 'follow']],
  ['adSelect', ['stable', 'bandwidth', 'count']],
];

function bondRule(bond: Field, context: RuleContext): void {
  for (const [key, words] of WORDS) {
    const field = at(bond, key);
    if (text(field) !== '' && !words.includes(text(field)))
      context.error(field, `it is one of ${words.join(', ')}, not ${quote(text(field))}`);
  }
  const interval = integer(at(bond, 'miimon'));
  for (const key of ['updelay', 'downdelay']) {
    const delay = integer(at(bond, key));
    if (interval === 0 && delay !== 0) context.error(at(bond, key), `${key} needs miimon`);
    if (interval !== 0 && delay % interval !== 0) context.error(at(bond, key), `${key} must be a multiple of miimon`);
  }
  if (items(at(bond, 'arpIPTarget')).length > 0)
    context.error(at(bond, 'arpIPTarget'), 'arpIPTarget is not supported here');
  if (text(at(bond, 'adActorSystem')) !== '')
    context.error(at(bond, 'adActorSystem'), 'adActorSystem is not supported');
  bondModeRule(bond, context);
}

/** Settings that only some modes take. */
function bondModeRule(bond: Field, context: RuleContext): void {
  const word = text(at(bond, 'mode')) || 'balance-rr';
  const known = WORDS[0]?.[1] ?? [];
  const mode = known.includes(word) ? word : 'balance-rr';
  const only = (key: string, isUsed: boolean, modes: readonly string[]): void => {
    if (isUsed && !modes.includes(mode)) context.error(at(bond, key), `${key} is not taken in mode ${mode}`);
  };
  const balancing = ['balance-tlb', 'balance-alb'];
  const arp = known.filter((name) => name !== '802.3ad' && !balancing.includes(name));
  only('lacpRate', text(at(bond, 'lacpRate')) !== '', ['802.3ad']);
  only('arpValidate', text(at(bond, 'arpValidate')) !== '', arp);
  only('primary', text(at(bond, 'primary')) !== '', ['active-backup', ...balancing]);
  only('arpInterval', integer(at(bond, 'arpInterval')) > 0, arp);
  only('packetsPerSlave', integer(at(bond, 'packetsPerSlave')) > 1, ['balance-rr']);
  only('tlbDynamicLb', integer(at(bond, 'tlbDynamicLb')) > 0, balancing);
  only('adActorSysPrio', integer(at(bond, 'adActorSysPrio')) > 0, ['802.3ad']);
  only('adUserPortKey', integer(at(bond, 'adUserPortKey')) > 0, ['802.3ad']);
}

function wireguardRule(field: Field, context: RuleContext): void {
  if (!isBase64Of(text(at(field, 'privateKey')), 32))
    context.error(at(field, 'privateKey'), 'a WireGuard key is 32 bytes in base64');
  for (const peer of items(at(field, 'peers'))) {
    if (!isBase64Of(text(at(peer, 'publicKey')), 32))
      context.error(at(peer, 'publicKey'), 'a WireGuard key is 32 bytes in base64');
    const endpoint = at(peer, 'endpoint');
    if (text(endpoint) !== '' && !isPeerEndpoint(text(endpoint)))
      context.error(endpoint, `${quote(text(endpoint))} is not of the form host:port`);
    for (const network of items(at(peer, 'allowedIPs'))) {
      if (!isCidr(text(network)))
        context.error(network, `${quote(text(network))} is not a network, such as 10.0.0.0/8`);
    }
  }
}

function isPeerEndpoint(value: string): boolean {
  if (hostPortProblem(value) !== undefined) return false;
  const host = value.slice(0, value.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
  return !host.includes(':') || canonicalAddress(host) !== undefined;
}

function vlanRule(vlan: Field, context: RuleContext): void {
  const cidr = at(vlan, 'cidr');
  if (items(at(vlan, 'addresses')).length > 0 && text(cidr) !== '')
    context.error(cidr, 'cidr and addresses exclude each other');
  addresses(vlan, context);
}

function addresses(holder: Field, context: RuleContext): void {
  const cidr = at(holder, 'cidr');
  for (const address of [...items(at(holder, 'addresses')), ...(text(cidr) === '' ? [] : [cidr])]) {
    if (!isAddressOrCidr(text(address))) context.error(address, `${quote(text(address))} is not an address`);
  }
}

function addressing(device: Field, owners: ReadonlyMap<string, string>, context: RuleContext): void {
  const name = text(at(device, 'interface'));
  const [cidr, list, vip] = [at(device, 'cidr'), at(device, 'addresses'), at(device, 'vip')];
  const hasAddress = isTrue(at(device, 'dhcp')) || text(cidr) !== '' || items(list).length > 0 || isSet(vip);
  if (owners.has(name) && hasAddress)
    context.error(
      device,
      `${quote(name)} belongs to ${quote(owners.get(name) ?? '')} and cannot have addresses of its own`,
    );
  if (items(list).length > 0 && text(cidr) !== '') context.error(cidr, 'cidr and addresses exclude each other');
  if (text(cidr) !== '') context.warning(cidr, 'cidr is on its way out: use addresses');
  addresses(device, context);
  if (isSet(vip) && !isIpAddress(text(at(vip, 'ip'))))
    context.error(at(vip, 'ip'), `${quote(text(at(vip, 'ip')))} is not an IP address`);
}

function routeRule(route: Field, context: RuleContext): void {
  const [network, gateway, source] = [at(route, 'network'), at(route, 'gateway'), at(route, 'source')];
  if (text(network) !== '' && !isCidr(text(network)))
    context.error(network, `${quote(text(network))} is not a network, such as 10.0.0.0/8`);
  if (text(gateway) !== '' && !isIpAddress(text(gateway)))
    context.error(gateway, `${quote(text(gateway))} is not an IP address`);
  if (text(source) !== '' && !isIpAddress(text(source)))
    context.error(source, `${quote(text(source))} is not an IP address`);
  if (text(network) === '' && text(gateway) === '') context.error(route, 'a route needs network or gateway');
}
