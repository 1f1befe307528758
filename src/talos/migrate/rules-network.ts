/**
 * What 1.12 and 1.13 moved into documents: hostname, resolver, static hosts, time, registries, KubeSpan, environment.
 */
import { isMap, isScalar, isSeq, YAMLMap, YAMLSeq } from 'yaml';
import type { Node } from 'yaml';
import type { PlainObject, PlainValue } from '../documents-text.ts';
import { moved, noted, pemOf, recordOf, target, textOf, textsOf, turned } from './rule.ts';
import type { MigrationRule, Target } from './rule.ts';

export const NETWORK_RULES: readonly MigrationRule[] = [
  // Before the hostname, so that a given one has the last word about `auto`.
  turned('1.12', 'machine.features.stableHostname', ({ plain }) => [
    target('HostnameConfig', { auto: plain === false ? 'off' : 'stable' }),
  ]),
  // The generated document says `auto: stable`, which excludes a hostname (talos-3-config.md §5.4).
  turned('1.12', 'machine.network.hostname', ({ node }) => [target('HostnameConfig', { auto: 'off', hostname: node })]),
  turned('1.12', 'machine.network.nameservers', ({ node }) => [
    target('ResolverConfig', { nameservers: nameservers(node) }),
  ]),
  moved('1.12', 'machine.network.searchDomains', 'ResolverConfig', 'searchDomains.domains'),
  moved('1.12', 'machine.network.disableSearchDomain', 'ResolverConfig', 'searchDomains.disableDefault'),
  turned('1.12', 'machine.network.extraHostEntries', ({ plain }) => staticHosts(plain)),
  turned('1.12', 'machine.time.disabled', ({ plain }) => [target('TimeSyncConfig', { enabled: plain !== true })]),
  moved('1.12', 'machine.time.servers', 'TimeSyncConfig', 'ntp.servers'),
  moved('1.12', 'machine.time.bootTimeout', 'TimeSyncConfig', 'bootTimeout'),
  turned('1.12', 'machine.registries.mirrors', ({ node }) => mirrors(node)),
  turned('1.12', 'machine.registries.config', ({ plain }) => registries(plain)),
  noted(
    '1.12',
    'machine.network.interfaces',
    'stays: it is still accepted, and the first link document (LinkConfig and the like) switches default DHCP off for every link of the machine',
  ),
  moved('1.13', 'machine.network.kubespan.enabled', 'KubeSpanConfig', 'enabled'),
  moved(
    '1.13',
    'machine.network.kubespan.advertiseKubernetesNetworks',
    'KubeSpanConfig',
    'advertiseKubernetesNetworks',
  ),
  moved('1.13', 'machine.network.kubespan.allowDownPeerBypass', 'KubeSpanConfig', 'allowDownPeerBypass'),
  moved('1.13', 'machine.network.kubespan.harvestExtraEndpoints', 'KubeSpanConfig', 'harvestExtraEndpoints'),
  moved('1.13', 'machine.network.kubespan.mtu', 'KubeSpanConfig', 'mtu'),
  moved('1.13', 'machine.network.kubespan.filters', 'KubeSpanConfig', 'filters'),
  moved('1.13', 'machine.env', 'EnvironmentConfig', 'variables'),
];

/** Each address becomes an entry of its own, and keeps its comment. */
function nameservers(node: Node): Node | PlainObject[] {
  if (!isSeq(node)) return [];
  const list = new YAMLSeq();
  for (const item of node.items) {
    const entry = new YAMLMap();
    entry.set('address', item);
    list.add(entry);
  }
  return list;
}

function staticHosts(plain: unknown): readonly Target[] {
  return (Array.isArray(plain) ? plain : []).map((entry) => {
    const { aliases, ip } = recordOf(entry);
    return target('StaticHostConfig', { hostnames: textsOf(aliases) }, textOf(ip));
  });
}

function mirrors(node: Node): readonly Target[] {
  if (!isMap(node)) return [];
  return node.items.map(({ key, value }) => {
    const { endpoints, overridePath, skipFallback } = recordOf(isMap(value) ? value.toJSON() : undefined);
    return target(
      'RegistryMirrorConfig',
      {
        endpoints: textsOf(endpoints).map((url) => (overridePath === true ? { url, overridePath: true } : { url })),
        ...(typeof skipFallback === 'boolean' ? { skipFallback } : {}),
      },
      isScalar(key) ? String(key.value) : '',
    );
  });
}

function registries(plain: unknown): readonly Target[] {
  return Object.entries(recordOf(plain)).flatMap(([host, value]) => {
    const { auth, tls } = recordOf(value);
    const credentials = Object.entries(recordOf(auth)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return [
      ...(credentials.length === 0 ? [] : [target('RegistryAuthConfig', Object.fromEntries(credentials), host)]),
      ...(tls === undefined ? [] : [target('RegistryTLSConfig', tlsFields(recordOf(tls)), host)]),
    ];
  });
}

/** The documents hold plain PEM texts. */
function tlsFields({
  ca,
  clientIdentity,
  insecureSkipVerify,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, PlainValue>> {
  const { crt, key } = recordOf(clientIdentity);
  return {
    ...(clientIdentity === undefined ? {} : { clientIdentity: { cert: pemOf(crt), key: pemOf(key) } }),
    ...(ca === undefined ? {} : { ca: pemOf(ca) }),
    ...(typeof insecureSkipVerify === 'boolean' ? { insecureSkipVerify } : {}),
  };
}
