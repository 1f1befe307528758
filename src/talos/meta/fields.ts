/**
 * The shape of the META 0xa document (COSI `PlatformConfigs` spec) as tables: keys in the order of writing, types, what is left out
 * when empty. Read from Talos `pkg/machinery/resources/network` and nethelpers, 1.12 to 1.14.
 */

export type FieldType =
  | { readonly kind: 'text' | 'bool' | 'int' | 'ip' | 'prefix' | 'duration' }
  /** `open`: a number is also taken (route tables). `flags`: several words joined with `,` or `|`. */
  | {
      readonly kind: 'word';
      readonly words: readonly string[];
      readonly zero: string;
      readonly isOpen?: boolean;
      readonly isFlags?: boolean;
    }
  | { readonly kind: 'list'; readonly of: FieldType }
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'tags' };

export interface Field {
  readonly key: string;
  readonly type: FieldType;
  /** Left out when empty. */
  readonly isOptional?: boolean;
}

const text: FieldType = { kind: 'text' };
const bool: FieldType = { kind: 'bool' };
const int: FieldType = { kind: 'int' };
const ip: FieldType = { kind: 'ip' };
const prefix: FieldType = { kind: 'prefix' };
const duration: FieldType = { kind: 'duration' };

function word(zero: string, words: readonly string[]): FieldType {
  return { kind: 'word', words, zero };
}

function listOf(of: FieldType): FieldType {
  return { kind: 'list', of };
}

function record(...fields: readonly Field[]): FieldType {
  return { kind: 'record', fields };
}

function always(key: string, type: FieldType): Field {
  return { key, type };
}

function optional(key: string, type: FieldType): Field {
  return { key, type, isOptional: true };
}

const family = word('', ['inet4', 'inet6']);
const scope = word('global', ['global', 'site', 'link', 'host', 'nowhere']);
const layer = always('layer', word('default', ['default', 'cmdline', 'platform', 'operator', 'configuration']));

const address = record(
  always('address', prefix),
  always('linkName', text),
  always('family', family),
  always('scope', scope),
  always('flags', {
    kind: 'word',
    words: [
      'temporary',
      'nodad',
      'optimistic',
      'dadfailed',
      'homeaddress',
      'deprecated',
      'tentative',
      'permanent',
      'mngmtmpaddr',
      'noprefixroute',
      'mcautojoin',
      'stableprivacy',
    ],
    zero: '',
    isFlags: true,
  }),
  layer,
);

const vlan = record(always('vlanID', int), always('vlanProtocol', word('', ['802.1q', '802.1ad'])));

const bondMaster = record(
  always(
    'mode',
    word('balance-rr', [
      'balance-rr',
      'active-backup',
      'balance-xor',
      'broadcast',
      '802.3ad',
      'balance-tlb',
      'balance-alb',
    ]),
  ),
  always('xmitHashPolicy', word('layer2', ['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'])),
  always('lacpRate', word('slow', ['slow', 'fast'])),
  always('arpValidate', word('none', ['none', 'active', 'backup', 'all', 'filter', 'filter-active', 'filter-backup'])),
  always('arpAllTargets', word('any', ['any', 'all'])),
  optional('primary', int),
  always('primaryReselect', word('always', ['always', 'better', 'failure'])),
  always('failOverMac', word('none', ['none', 'active', 'follow'])),
  optional('adSelect', word('stable', ['stable', 'bandwidth', 'count'])),
  ...[
    'miimon',
    'updelay',
    'downdelay',
    'arpInterval',
    'resendIgmp',
    'minLinks',
    'lpInterval',
    'packetsPerSlave',
    'numPeerNotif',
    'tlbLogicalLb',
    'allSlavesActive',
  ].map((key) => optional(key, int)),
  optional('useCarrier', bool),
  ...['adActorSysPrio', 'adUserPortKey', 'peerNotifyDelay'].map((key) => optional(key, int)),
);

const bridgeMaster = record(
  optional('stp', record(always('enabled', bool))),
  optional('vlan', record(always('filteringEnabled', bool))),
);

const wireguard = record(
  always('privateKey', text),
  always('listenPort', int),
  always('firewallMark', int),
  always(
    'peers',
    listOf(
      record(
        always('publicKey', text),
        always('presharedKey', text),
        always('endpoint', text),
        always('persistentKeepaliveInterval', duration),
        always('allowedIPs', listOf(prefix)),
      ),
    ),
  ),
);

const link = record(
  always('name', text),
  always('logical', bool),
  always('up', bool),
  always('mtu', int),
  always('kind', word('', ['', 'vlan', 'bond', 'bridge', 'wireguard', 'dummy', 'veth', 'ipvlan', 'macvlan', 'tun'])),
  always(
    'type',
    word('netrom', [
      'netrom',
      'ether',
      'none',
      'nohdr',
      'infiniband',
      'ppp',
      'tunnel',
      'tunnel6',
      'sit',
      'ipgre',
      'void',
    ]),
  ),
  optional('parentName', text),
  optional('masterName', text),
  optional('slaveIndex', int),
  optional('vlan', vlan),
  optional('bondMaster', bondMaster),
  optional('bridgeMaster', bridgeMaster),
  optional('wireguard', wireguard),
  layer,
);

const route = record(
  always('family', family),
  always('dst', prefix),
  always('src', ip),
  always('gateway', ip),
  optional('outLinkName', text),
  always('table', { kind: 'word', words: ['unspec', 'default', 'main', 'local'], zero: 'unspec', isOpen: true }),
  optional('priority', int),
  always('scope', scope),
  always(
    'type',
    word('unspec', [
      'unspec',
      'unicast',
      'local',
      'broadcast',
      'anycast',
      'multicast',
      'blackhole',
      'unreachable',
      'prohibit',
      'throw',
      'nat',
      'xresolve',
    ]),
  ),
  always('flags', text),
  always(
    'protocol',
    word('unspec', [
      'unspec',
      'redirect',
      'kernel',
      'boot',
      'static',
      'ra',
      'mrt',
      'zebra',
      'bird',
      'dnrouted',
      'xorp',
      'ntk',
      'dhcp',
      'mrtd',
      'keepalived',
      'babel',
      'openr',
      'bgp',
      'isis',
      'ospf',
      'rip',
      'eigrp',
    ]),
  ),
  optional('mtu', int),
  layer,
);

const operator = record(
  always('operator', word('', ['dhcp4', 'dhcp6', 'vip'])),
  always('linkName', text),
  always('requireUp', bool),
  optional('dhcp4', record(always('routeMetric', int), optional('skipHostnameRequest', bool))),
  optional('dhcp6', record(optional('DUID', text), always('routeMetric', int), optional('skipHostnameRequest', bool))),
  optional('vip', record(always('ip', ip), always('gratuitousARP', bool))),
  layer,
);

const probe = record(
  always('interval', duration),
  always('failureThreshold', int),
  optional('tcp', record(always('endpoint', text), always('timeout', duration))),
  layer,
);

const metadata = record(
  ...['platform', 'hostname', 'region', 'zone', 'instanceType', 'instanceId', 'providerId'].map((key) =>
    optional(key, text),
  ),
  optional('spot', bool),
  optional('internalDNS', text),
  optional('externalDNS', text),
  optional('tags', { kind: 'tags' }),
);

export const PLATFORM_NETWORK: readonly Field[] = [
  always('addresses', listOf(address)),
  always('links', listOf(link)),
  always('routes', listOf(route)),
  always('hostnames', listOf(record(always('hostname', text), always('domainname', text), layer))),
  always('resolvers', listOf(record(always('dnsServers', listOf(ip)), layer, optional('searchDomains', listOf(text))))),
  always('timeServers', listOf(record(always('timeServers', listOf(text)), layer))),
  always('operators', listOf(operator)),
  always('externalIPs', listOf(ip)),
  optional('probes', listOf(probe)),
  optional('metadata', metadata),
];
