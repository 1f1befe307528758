/** The three ranges of a cluster (nodes, pods, services): apart from each other, clean, of one size with what must fit. */
import type { Finding } from '../finding.ts';
import { bitsOf, hasHostBits, isInside, networkOf, overlaps, parseCidr } from '../ip.ts';
import type { NodeSpec } from '../model.ts';
import { wantedIp } from '../model.ts';
import { textsAt, valueAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const rangeRules: readonly LintRule[] = [
  { name: 'node, pod and service ranges do not overlap', check: checkOverlaps },
  { name: 'networks have no host bits', check: checkHostBits },
  { name: 'pods and services have one range a family, as many of the one as of the other', check: checkFamilies },
  { name: 'the pod range has room for every node', check: checkRoom },
];

interface Range {
  readonly what: string;
  readonly cidr: string;
  readonly path: readonly string[];
}

function checkOverlaps(cluster: LintedCluster): readonly Finding[] {
  const { pods, services } = cluster.network;
  const nodeSide = nodeRanges(cluster);
  const inside: Range[] = [
    ...pods.map((cidr) => ({ what: 'pod range', cidr, path: ['network', 'pods'] })),
    ...services.map((cidr) => ({ what: 'service range', cidr, path: ['network', 'services'] })),
  ];
  return inside.flatMap((range, index) =>
    [...nodeSide, ...inside.slice(index + 1)].flatMap((other) => {
      const [one, two] = [parseCidr(range.cidr), parseCidr(other.cidr)];
      if (one === undefined || two === undefined || !overlaps(one, two)) return [];
      const message = `the ${other.what} ${other.cidr} and the ${range.what} ${range.cidr} overlap: packets for one would be sent to the other`;
      return [
        findingAt(cluster, { severity: 'error', rule: 'ranges-overlap', message }, other.path, range.path, ['network']),
      ];
    }),
  );
}

/** The subnet, and what nodes have on the wire besides: an address elsewhere, or a wider prefix of their own. */
function nodeRanges(cluster: LintedCluster): readonly Range[] {
  const { subnet = '' } = cluster.network;
  const lan = parseCidr(subnet);
  const own = cluster.nodes.flatMap((node) => {
    const ip = wantedIp(node);
    const prefix = node.address.kind === 'static' ? node.address.prefix : 32;
    if (ip === undefined || (isInside(ip, subnet) && prefix >= (lan?.prefix ?? 0))) return [];
    return [{ what: `network of \`${node.name}\``, cidr: `${ip}/${prefix}`, path: ['nodes', node.name, 'address'] }];
  });
  return lan === undefined ? own : [{ what: 'node network', cidr: subnet, path: ['network', 'subnet'] }, ...own];
}

/** Talos 1.14 refuses anything else, and earlier ones let Kubernetes stumble over it (talos-4-documents.md §6.3). */
function checkFamilies(cluster: LintedCluster): readonly Finding[] {
  const { pods, services } = cluster.network;
  const found: Finding[] = [];
  for (const [key, ranges] of Object.entries({ pods, services })) {
    const families = ranges.map((cidr) => parseCidr(cidr)?.ip.kind());
    if (new Set(families).size === families.length) continue;
    const message = `\`network.${key}\` has two ranges of one family: at most one for IPv4 and one for IPv6`;
    found.push(findingAt(cluster, { severity: 'error', rule: 'ranges-of-one-family', message }, ['network', key]));
  }
  if (pods.length !== services.length) {
    const message = `${pods.length} pod ranges and ${services.length} service ranges: dual stack needs two of each`;
    found.push(
      findingAt(
        cluster,
        { severity: 'error', rule: 'ranges-unequal', message },
        ['network', pods.length > services.length ? 'pods' : 'services'],
        ['network'],
      ),
    );
  }
  return found;
}

const NODE_MASKS = { ipv4: 24, ipv6: 64 };

/** The controller manager gives each node a /24 (IPv6: /64) of the pod range; a node that gets none stays NotReady. */
function checkRoom(cluster: LintedCluster): readonly Finding[] {
  const isMaskSet = cluster.nodes.some((node) =>
    cluster.patchesOf(node).documents.some(({ value, kind }) => {
      if (kind === 'KubeNetworkConfig') return true;
      const args = valueAt(value, 'cluster', 'controllerManager', 'extraArgs');
      return (
        typeof args === 'object' && args !== null && Object.keys(args).some((key) => key.startsWith('node-cidr-mask'))
      );
    }),
  );
  if (isMaskSet) return [];
  return cluster.network.pods.flatMap((cidr) => {
    const range = parseCidr(cidr);
    if (range === undefined) return [];
    const mask = bitsOf(range.ip) === 32 ? NODE_MASKS.ipv4 : NODE_MASKS.ipv6;
    const room = range.prefix > mask ? 0 : 2 ** (mask - range.prefix);
    if (room >= cluster.nodes.length) return [];
    const message = `the pod range ${cidr} has room for ${room} nodes of a /${mask} each, and there are ${cluster.nodes.length}: the others would never be Ready`;
    return [
      findingAt(
        cluster,
        {
          severity: 'error',
          rule: 'pod-range-too-small',
          message,
          hint: 'Take a wider range, or narrower slices by `node-cidr-mask-size` of the controller manager.',
        },
        ['network', 'pods'],
      ),
    ];
  });
}

function checkHostBits(cluster: LintedCluster): readonly Finding[] {
  const { subnet, pods, services } = cluster.network;
  const written = [
    ...(subnet === undefined ? [] : [{ cidr: subnet, path: ['network', 'subnet'] }]),
    ...pods.map((cidr) => ({ cidr, path: ['network', 'pods'] })),
    ...services.map((cidr) => ({ cidr, path: ['network', 'services'] })),
  ];
  const inSpec = written.flatMap(({ cidr, path }) =>
    hostBitsOf(cidr).map((message) => findingAt(cluster, { severity: 'error', rule: 'host-bits', message }, path)),
  );
  return [
    ...inSpec,
    ...cluster.nodes.flatMap((node) => advertisedWithHostBits(cluster, node)),
    ...cluster.features.flatMap((feature) => routesWithHostBits(cluster, feature.name, feature.options['routes'])),
  ];
}

function hostBitsOf(cidr: string): readonly string[] {
  const parsed = parseCidr(cidr);
  return parsed !== undefined && hasHostBits(parsed)
    ? [`${cidr} has host bits set: the network is ${networkOf(parsed)}`]
    : [];
}

/** tailscaled ends with an error on such a route, again and again (F2-6). */
function advertisedWithHostBits(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster
    .patchesOf(node)
    .documents.filter(({ kind }) => kind === 'ExtensionServiceConfig')
    .flatMap((document) =>
      textsAt(document.value, 'environment').flatMap((line, index) =>
        (line.match(/\d+(?:\.\d+){3}\/\d+/g) ?? []).flatMap(hostBitsOf).map((message) => {
          const where = document.place(['environment', index]);
          return {
            severity: 'error',
            rule: 'host-bits',
            message,
            node: node.name,
            ...(where && { where }),
          } satisfies Finding;
        }),
      ),
    );
}

function routesWithHostBits(cluster: LintedCluster, feature: string, routes: unknown): readonly Finding[] {
  const list = Array.isArray(routes) ? routes.filter((route): route is string => typeof route === 'string') : [];
  return list
    .flatMap(hostBitsOf)
    .map((message) =>
      findingAt(cluster, { severity: 'error', rule: 'host-bits', message }, ['features', feature, 'routes']),
    );
}
