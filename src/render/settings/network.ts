/** Hostname, links, address, VIP, name and time servers of a node. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { hasNamedPrimary, legacyInterface, linkDocuments, wantedLinks } from '../network/links.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

export function hostnameSetting(node: NodeSpec, minor: TalosMinor): Setting {
  const fragment = isAtLeast(minor, '1.12')
    ? // `auto: off` for once and all: the generated document says `stable`, which excludes a name (talos-3-config.md §5.4).
      talosDocument('HostnameConfig', { auto: 'off', hostname: node.name })
    : { machine: { network: { hostname: node.name } } };
  return { from: ['nodes', node.name], fragments: [fragment] };
}

export function linkSetting(cluster: Cluster, node: NodeSpec, minor: TalosMinor): Setting {
  const vip = node.role === 'controlplane' ? cluster.network.vip : undefined;
  const from = ['nodes', node.name, 'address'];
  if (!hasNamedPrimary(node)) return { from, fragments: anyPhysicalLink(node, vip) };
  const links = wantedLinks(node, vip);
  if (isAtLeast(minor, '1.12')) return { from, fragments: links.flatMap((wanted) => linkDocuments(wanted)) };
  return {
    from,
    fragments: [{ machine: { network: { interfaces: links.map((wanted) => legacyInterface(wanted)) } } }],
  };
}

/**
 * Neither MAC nor name is known (a VM that gets its MAC when it is made): the selector for physical links is the one honest choice, and
 * only the legacy document has it on every minor. Without static address and VIP nothing is written: Talos' default is DHCP.
 */
function anyPhysicalLink(node: NodeSpec, vip: string | undefined): readonly Fragment[] {
  const isStatic = node.address.kind === 'static';
  if (!isStatic && vip === undefined) return [];
  const entry = compact({
    deviceSelector: { physical: true },
    addresses: node.address.kind === 'static' ? [`${node.address.ip}/${node.address.prefix}`] : undefined,
    routes:
      isStatic && node.gateway !== undefined
        ? [{ network: node.gateway.includes(':') ? '::/0' : '0.0.0.0/0', gateway: node.gateway }]
        : undefined,
    dhcp: !isStatic,
    vip: vip === undefined ? undefined : { ip: vip },
  });
  return [{ machine: { network: { interfaces: [entry] } } }];
}

export function resolverSetting(cluster: Cluster, node: NodeSpec, minor: TalosMinor): Setting {
  const { searchDomains } = cluster.network;
  const { nameservers } = node;
  const from = ['network', 'nameservers'];
  if (nameservers.length === 0 && searchDomains.length === 0) return { from, fragments: [] };
  if (isAtLeast(minor, '1.12')) {
    const body = compact({
      nameservers: nameservers.length > 0 ? nameservers.map((address) => ({ address })) : undefined,
      searchDomains: searchDomains.length > 0 ? { domains: searchDomains } : undefined,
    });
    return { from, fragments: [talosDocument('ResolverConfig', body)] };
  }
  const network = compact({
    nameservers: nameservers.length > 0 ? nameservers : undefined,
    searchDomains: searchDomains.length > 0 ? searchDomains : undefined,
  });
  return { from, fragments: [{ machine: { network } }] };
}

export function timeSetting(node: NodeSpec, minor: TalosMinor): Setting {
  const from = ['network', 'timeservers'];
  if (node.timeservers.length === 0) return { from, fragments: [] };
  const fragment = isAtLeast(minor, '1.12')
    ? talosDocument('TimeSyncConfig', { ntp: { servers: node.timeservers } })
    : { machine: { time: { servers: node.timeservers } } };
  return { from, fragments: [fragment] };
}
