/** Rules of the other network documents: names, resolvers, time, DHCP, VIPs, firewall, probes (Talos' `config/types/network`). */
import { celProblem } from '../../cel/check.ts';
import { byteLength, isIpAddress, isSubnetFilter, quote } from '../checks.ts';
import { hostnameOf } from '../../values/go-url.ts';
import { canonicalAddress, canonicalPrefix } from '../../values/ip-text.ts';
import { at, integer, isSet, isTrue, isZero, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { all, since } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';
import { named } from './links.ts';

export const networkRules: DocumentRules = {
  BlackholeRouteConfig: blackhole,
  DHCPv4Config: all(named, dhcp),
  DHCPv6Config: all(named, dhcp),
  EthernetConfig: named,
  Layer2VIPConfig: virtualIp,
  HCloudVIPConfig: all(virtualIp, hcloud),
  HostnameConfig: hostname,
  KubeSpanConfig: kubeSpan,
  LinkAliasConfig: linkAlias,
  ResolverConfig: resolver,
  RoutingRuleConfig: routingRule,
  NetworkRuleConfig: firewallRule,
  StaticHostConfig: staticHost,
  TCPProbeConfig: all(named, tcpProbe, probe),
  HTTPProbeConfig: all(named, httpProbe, probe),
  TimeSyncConfig: timeSync,
};

function blackhole(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  if (canonicalPrefix(text(name)) === undefined)
    context.error(name, `the name must be the network of the route, such as 10.0.0.0/8, not ${quote(text(name))}`);
}

function dhcp(document: Field, context: RuleContext): void {
  const raw = at(document, 'duidRaw');
  const isDuid = text(at(document, 'clientIdentifier')) === 'duid';
  if (text(raw) !== '' && !isDuid) context.error(raw, 'duidRaw needs clientIdentifier: duid');
  if (text(raw) === '' && isDuid) context.error(raw, 'clientIdentifier: duid needs duidRaw');
}

function virtualIp(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  if (canonicalAddress(text(name)) === undefined)
    context.error(name, `the name must be the address itself, not ${quote(text(name))}`);
  if (text(at(document, 'link')) === '')
    context.error(at(document, 'link'), 'the link that carries the address is required');
}

function hcloud(document: Field, context: RuleContext): void {
  if (text(at(document, 'apiToken')) === '') context.error(at(document, 'apiToken'), 'an API token is required');
}

/** `auto: off` alone, which leaves the name to DHCP or the platform: taken from these patch releases on (field.md F0-14). */
const OFF_ALONE: Readonly<Record<string, number>> = { '1.12': 11, '1.13': 3, '1.14': 0 };

function hostname(document: Field, context: RuleContext): void {
  const auto = at(document, 'auto');
  const name = at(document, 'hostname');
  const mode = text(auto) || 'off';
  const takesOffAlone = context.patch >= (OFF_ALONE[context.minor] ?? 0);
  const isNothing = takesOffAlone ? !isSet(auto) : mode === 'off';
  if (text(name) === '' && isNothing) {
    const hint = isSet(auto)
      ? ` (auto: off alone is refused by Talos ${context.minor}.${context.patch}, taken from ${context.minor}.${OFF_ALONE[context.minor]} on)`
      : '';
    context.error(document, `auto or hostname must be set${hint}`);
  }
  if (mode !== 'off' && text(name) !== '') context.error(name, `hostname needs auto: off, not auto: ${mode}`);
  if (mode !== 'off' && mode !== 'stable') context.error(auto, `auto is stable or off, not ${quote(mode)}`);
  if (text(name) !== '') hostnameText(name, context);
}

function hostnameText(name: Field, context: RuleContext): void {
  if (byteLength(text(name)) > 253) context.error(name, 'a host name is at most 253 characters long');
  const first = text(name).split('.')[0] ?? '';
  if (first === '' || byteLength(first) > 63)
    context.error(name, 'the first part of a host name is 1 to 63 characters long');
}

const LEAST_KUBESPAN_MTU = 1280;

function kubeSpan(document: Field, context: RuleContext): void {
  const mtu = at(document, 'mtu');
  if (isSet(mtu) && integer(mtu) < LEAST_KUBESPAN_MTU)
    context.error(mtu, `the MTU of KubeSpan must be at least ${LEAST_KUBESPAN_MTU}`);
  for (const filter of items(at(document, 'filters', 'endpoints'))) {
    if (!isSubnetFilter(text(filter))) context.error(filter, `${quote(text(filter))} is not a subnet or address`);
  }
}

function linkAlias(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const percent = text(name).indexOf('%');
  if (text(name) === '') context.error(name, 'a name is required');
  else if (since(context, '1.13') && percent >= 0 && (percent === 0 || text(name).slice(percent + 1) !== 'd')) {
    context.error(name, 'a name for several links ends in %d, after something else');
  }
  const match = at(document, 'selector', 'match');
  if (text(match) === '') {
    context.error(match, 'a link selector is required');
    return;
  }
  const problem = celProblem(text(match), 'link', context.minor);
  if (problem !== undefined) context.error(match, `the selector is not valid: ${problem}`);
}

function resolver(document: Field, context: RuleContext): void {
  if (!since(context, '1.14')) return;
  const hostDns = at(document, 'hostDNS');
  for (const key of ['forwardKubeDNSToHost', 'resolveMemberNames']) {
    if (isTrue(at(hostDns, key)) && !isTrue(at(hostDns, 'enabled')))
      context.error(at(hostDns, key), `${key} needs hostDNS.enabled`);
  }
  const servers = items(at(document, 'nameservers'));
  for (const server of servers) nameserver(server, context);
  if (servers.length > 0 && servers.every((server) => protocolOf(server) !== 'Do53')) {
    context.warning(
      at(document, 'nameservers'),
      'all nameservers are encrypted: certificates cannot be checked before the clock is set, so that time servers given by name may keep the boot waiting',
    );
  }
}

export function protocolOf(server: Field): string {
  return text(at(server, 'protocol')) || 'Do53';
}

function nameserver(server: Field, context: RuleContext): void {
  const name = at(server, 'tlsServerName');
  const protocol = protocolOf(server);
  if (protocol === 'Do53' && text(name) !== '') context.error(name, 'tlsServerName is for DoT and DoH only');
  if (protocol !== 'Do53' && text(name) === '') context.error(name, `${protocol} needs tlsServerName`);
  if (text(at(server, 'address')) === '') context.error(at(server, 'address'), 'an address is required');
}

const RESERVED_PRIORITIES = [0, 32500, 32766, 32767];

function routingRule(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const priority = /^[0-9]+$/.test(text(name)) ? Number(text(name)) : Number.NaN;
  if (Number.isNaN(priority) || priority >= 2 ** 32)
    context.error(name, `the name must be the priority of the rule, not ${quote(text(name))}`);
  if (RESERVED_PRIORITIES.includes(priority) || priority >= 2 ** 32)
    context.error(name, `the priority ${priority} is reserved`);
  const action = text(at(document, 'action')) || 'unspec';
  const isRouting = action === 'unspec' || action === 'unicast';
  if ((text(at(document, 'table')) || 'unspec') === 'unspec' && isRouting)
    context.error(at(document, 'table'), 'a table is required, or an action other than unicast');
  if (integer(at(document, 'fwMask')) !== 0 && integer(at(document, 'fwMark')) === 0)
    context.error(at(document, 'fwMask'), 'fwMask needs fwMark');
}

function firewallRule(document: Field, context: RuleContext): void {
  named(document, context);
  const ports = at(document, 'portSelector', 'ports');
  if (items(ports).length === 0) context.error(ports, 'portSelector.ports is required');
  portRanges(items(ports), context);
  for (const rule of items(at(document, 'ingress'))) {
    if (text(at(rule, 'subnet')) === '') context.error(at(rule, 'subnet'), 'a subnet is required');
  }
}

function portRanges(fields: readonly Field[], context: RuleContext): void {
  const ranges = fields.map((field) => {
    const [low = 0, high = low] = text(field).split('-').map(Number);
    return { field, low, high };
  });
  const sorted = ranges.toSorted((one, other) => one.low - other.low);
  for (const [index, range] of sorted.entries()) {
    const before = sorted[index - 1];
    if (range.low > range.high) context.error(range.field, `the range ${text(range.field)} ends before it begins`);
    else if (before !== undefined && range.low <= before.high)
      context.error(range.field, `the range ${text(range.field)} overlaps ${text(before.field)}`);
  }
}

function staticHost(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  if (canonicalAddress(text(name)) === undefined)
    context.error(name, `the name must be an IP address, not ${quote(text(name))}`);
  if (items(at(document, 'hostnames')).length === 0)
    context.error(at(document, 'hostnames'), 'at least one host name is required');
}

function probe(document: Field, context: RuleContext): void {
  for (const key of ['interval', 'timeout', 'failureThreshold']) {
    if (integer(at(document, key)) < 0) context.error(at(document, key), `${key} cannot be negative`);
  }
}

function tcpProbe(document: Field, context: RuleContext): void {
  if (text(at(document, 'endpoint')) === '') context.error(at(document, 'endpoint'), 'an endpoint is required');
}

function httpProbe(document: Field, context: RuleContext): void {
  const field = at(document, 'url');
  const parsed = url(field);
  if (parsed === undefined) context.error(field, 'a URL is required');
  else if (parsed.scheme !== 'http' && parsed.scheme !== 'https')
    context.error(field, 'the URL must begin with http:// or https://');
  else if (parsed.opaque !== '' || hostnameOf(parsed) === '') context.error(field, 'the URL names no host');
}

function timeSync(document: Field, context: RuleContext): void {
  const timeout = at(document, 'bootTimeout');
  if (integer(timeout) < 0) context.error(timeout, 'bootTimeout cannot be negative');
  if (isSet(at(document, 'ntp')) && isSet(at(document, 'ptp')))
    context.error(at(document, 'ptp'), 'time comes from ntp or from ptp, not from both');
  if (!isTrue(at(document, 'ntp', 'useNTS'))) return;
  for (const server of items(at(document, 'ntp', 'servers'))) {
    if (isIpAddress(text(server))) context.error(server, 'NTS needs servers given by name');
  }
}

export function isZeroHostDns(document: Field): boolean {
  return isZero(at(document, 'hostDNS'));
}
