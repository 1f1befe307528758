/** Addresses, routes, names and resolvers in effect. */
import { z } from 'zod';
import { count, defineKind, text, texts, type ResourceKind } from './kind.ts';

export interface AddressStatus {
  /** With prefix length, `10.0.4.101/24`. */
  readonly address: string;
  readonly linkName: string;
  readonly family: string;
  readonly scope: string;
}

export const addressKind: ResourceKind<AddressStatus> = defineKind({
  namespace: 'network',
  type: 'AddressStatuses.net.talos.dev',
  schema: z.object({ address: z.string(), linkName: text, family: text, scope: text }),
  map: ({ address, linkName, family, scope }) => ({ address, linkName, family, scope }),
});

export interface RouteStatus {
  readonly family: string;
  /** Empty for the default route. */
  readonly destination: string;
  readonly gateway: string;
  readonly linkName: string;
  readonly table: string;
  readonly priority: number;
}

export const routeKind: ResourceKind<RouteStatus> = defineKind({
  namespace: 'network',
  type: 'RouteStatuses.net.talos.dev',
  schema: z.object({ family: text, dst: text, gateway: text, outLinkName: text, table: text, priority: count }),
  map: ({ family, dst, gateway, outLinkName, table, priority }) => ({
    family,
    destination: dst,
    gateway,
    linkName: outLinkName,
    table,
    priority,
  }),
});

export interface HostnameStatus {
  readonly hostname: string;
  readonly domainname: string;
}

export const hostnameKind: ResourceKind<HostnameStatus> = defineKind({
  namespace: 'network',
  type: 'HostnameStatuses.net.talos.dev',
  id: 'hostname',
  schema: z.object({ hostname: text, domainname: text }),
  map: (spec) => spec,
});

export interface NodeAddresses {
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

/** Ids: `default`, `current`, `accumulative`, `routed`, and `<id>-no-k8s`, `<id>-only-k8s`. */
export const nodeAddressKind: ResourceKind<NodeAddresses> = defineKind({
  namespace: 'network',
  type: 'NodeAddresses.net.talos.dev',
  schema: z.object({ addresses: texts }),
  map: (spec) => spec,
});

export interface ResolverStatus {
  readonly dnsServers: readonly string[];
  readonly searchDomains: readonly string[];
}

export const resolverKind: ResourceKind<ResolverStatus> = defineKind({
  namespace: 'network',
  type: 'ResolverStatuses.net.talos.dev',
  id: 'resolvers',
  schema: z.object({ dnsServers: texts, searchDomains: texts }),
  map: (spec) => spec,
});
