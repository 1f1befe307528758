/** Hostname, links, address, VIP, name and time servers of a node. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { endsDefaultDhcp } from '../../spec/network/effective.ts';
import { isTalosDefault, wantedLinks, type WantedLink } from '../../spec/network/wanted-links.ts';
import { legacyInterfaces } from '../network/legacy-interfaces.ts';
import { linkDocuments } from '../network/link-documents.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

export function hostnameSetting(node: NodeSpec, minor: TalosMinor): Setting {
  const fragment = isAtLeast(minor, '1.12')
    ? // `auto: off` for once and all: the generated document says `stable`, which excludes a name (talos-3-config.md §5.4).
      talosDocument('HostnameConfig', { auto: 'off', hostname: node.name })
    : { machine: { network: { hostname: node.name } } };
  return { from: ['nodes', node.name], isOwn: true, fragments: [fragment] };
}

export function linkSetting(cluster: Cluster, node: NodeSpec, minor: TalosMinor): Setting {
  const links = wantedLinks(node, node.role === 'controlplane' ? cluster.network.vip : undefined);
  const from = ['nodes', node.name, 'address'];
  // Until a document ends it, DHCP on whatever is plugged in is what Talos does by itself.
  if (isTalosDefault(links) && !endsDefaultDhcp(node)) return { from, fragments: [] };
  if (!isAtLeast(minor, '1.12')) return { from, fragments: [interfacesFragment(links)] };
  const documents = linkDocuments(links.filter(({ isAnyPhysical }) => !isAnyPhysical));
  // No MAC or name is known of a VM that gets its MAC when it is made: the selector for physical links is the one honest choice, and
  // only the legacy document has it on every minor. Where no document ends default DHCP, a link to be ignored has to be said there too.
  const legacy = links.filter(({ isAnyPhysical, isIgnored }) => isAnyPhysical || (isIgnored && documents.length === 0));
  return { from, fragments: legacy.length > 0 ? [interfacesFragment(legacy), ...documents] : documents };
}

function interfacesFragment(links: readonly WantedLink[]): Fragment {
  return { machine: { network: { interfaces: legacyInterfaces(links) } } };
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
