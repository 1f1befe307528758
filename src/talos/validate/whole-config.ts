/**
 * Rules about the whole config, over several documents (Talos' `validateContainer`, 1.14): what one document needs of another.
 */
import { parseGoUrl } from '../values/go-url.ts';
import { quote } from './checks.ts';
import { at, isSet, isTrue, items, text } from './field.ts';
import type { Field } from './field.ts';
import { isControlPlane } from './rules/legacy-parts.ts';
import { protocolOf } from './rules/network.ts';
import type { RuleContext } from './rule.ts';

export interface WholeConfig {
  /** The document without kind. */
  readonly legacy: Field | undefined;
  /** The others by kind. */
  readonly documents: ReadonlyMap<string, readonly Field[]>;
}

const NOWHERE: Field = { value: undefined, path: [], owner: undefined };

export function wholeConfig(config: WholeConfig, context: RuleContext): void {
  hostDns(config, context);
  const hasDiscovery = discovery(config, context);
  containerDependencies(config, context);
  kubeSpan(config, hasDiscovery, context);
  const type = text(at(config.legacy ?? NOWHERE, 'machine', 'type'));
  const onControlPlane = isSet(at(config.legacy ?? NOWHERE, 'machine')) && isControlPlane(type);
  kubernetes(config, onControlPlane, context);
  if (!onControlPlane) controlPlaneOnly(config, context);
}

function first(config: WholeConfig, kind: string): Field | undefined {
  return config.documents.get(kind)?.[0];
}

function legacyField(config: WholeConfig, ...path: readonly string[]): Field {
  return at(config.legacy ?? NOWHERE, ...path);
}

function hostDns(config: WholeConfig, context: RuleContext): void {
  const resolver = first(config, 'ResolverConfig');
  const own = resolver === undefined ? undefined : at(resolver, 'hostDNS');
  const settings =
    own !== undefined && isTrue(at(own, 'enabled')) ? own : legacyField(config, 'machine', 'features', 'hostDNS');
  if (context.mode === 'container') {
    if (!isTrue(at(settings, 'enabled'))) context.error(settings, 'in a container, hostDNS must be enabled');
    if (!isTrue(at(settings, 'forwardKubeDNSToHost')))
      context.error(settings, 'in a container, hostDNS.forwardKubeDNSToHost must be enabled');
  }
  const encrypted =
    resolver === undefined
      ? undefined
      : items(at(resolver, 'nameservers')).find((server) => protocolOf(server) !== 'Do53');
  if (encrypted !== undefined && !isTrue(at(settings, 'enabled')))
    context.error(encrypted, `${protocolOf(encrypted)} needs hostDNS to be enabled`);
}

function discovery(config: WholeConfig, context: RuleContext): boolean {
  const hasLegacy = hasLegacyDiscovery(legacyField(config, 'cluster', 'discovery'));
  const service = first(config, 'DiscoveryServiceConfig');
  if (!hasLegacy && service === undefined) return false;
  const [id, secret] = identity(config);
  const place = hasLegacy ? legacyField(config, 'cluster', 'discovery') : (service ?? NOWHERE);
  if (id === '') context.error(place, 'discovery needs the cluster id: a DiscoveryIdentityConfig, or .cluster.id');
  if (secret === '')
    context.error(place, 'discovery needs the cluster secret: a DiscoveryIdentityConfig, or .cluster.secret');
  return true;
}

function hasLegacyDiscovery(field: Field): boolean {
  const service = at(field, 'registries', 'service');
  if (!isTrue(at(field, 'enabled')) || isTrue(at(service, 'disabled'))) return false;
  try {
    parseGoUrl(text(at(service, 'endpoint')));
    return true;
  } catch {
    return false;
  }
}

function identity(config: WholeConfig): readonly [string, string] {
  const legacy = [text(legacyField(config, 'cluster', 'id')), text(legacyField(config, 'cluster', 'secret'))] as const;
  const own = first(config, 'DiscoveryIdentityConfig');
  if (legacy[0] !== '' || legacy[1] !== '' || own === undefined) return legacy;
  return [text(at(own, 'clusterID')), text(at(own, 'clusterSecret'))];
}

function kubeSpan(config: WholeConfig, hasDiscovery: boolean, context: RuleContext): void {
  const settings = first(config, 'KubeSpanConfig') ?? legacyField(config, 'machine', 'network', 'kubespan');
  if (isTrue(at(settings, 'enabled')) && !hasDiscovery) context.error(settings, 'KubeSpan needs cluster discovery');
}

function kubernetes(config: WholeConfig, onControlPlane: boolean, context: RuleContext): void {
  const ca = first(config, 'KubeAPIServerCAConfig') ?? legacyField(config, 'cluster', 'ca');
  const hasCa = isSet(ca) || isSet(legacyField(config, 'cluster', 'acceptedCAs'));
  if (onControlPlane && hasCa && !hasEtcdEncryption(config))
    context.error(ca, 'a control plane needs a KubeEtcdEncryptionConfig, or .cluster.secretboxEncryptionSecret');
  const node = first(config, 'KubeNodeConfig');
  if (
    onControlPlane &&
    node !== undefined &&
    !isTrue(at(node, 'skipNodeRegistration')) &&
    at(node, 'labels', 'node-role.kubernetes.io/control-plane').value === undefined
  ) {
    context.warning(
      node,
      'labels of this document are taken as they stand: without node-role.kubernetes.io/control-plane (and its taint) the node does not count as a control plane in Kubernetes',
    );
  }
  const hasCluster =
    first(config, 'KubeClusterConfig') !== undefined ||
    isSet(legacyField(config, 'cluster', 'controlPlane', 'endpoint'));
  if (hasCa && !hasCluster)
    context.error(ca, 'cluster name and endpoint are missing: a KubeClusterConfig, or .cluster.controlPlane.endpoint');
}

function hasEtcdEncryption(config: WholeConfig): boolean {
  if (first(config, 'KubeEtcdEncryptionConfig') !== undefined) return true;
  return ['secretboxEncryptionSecret', 'aescbcEncryptionSecret'].some(
    (key) => text(legacyField(config, 'cluster', key)) !== '',
  );
}

const CONTROL_PLANE_KINDS = [
  'KubeAdmissionControlConfig',
  'KubeAggregatorCAConfig',
  'KubeAPIServerConfig',
  'KubeAuditPolicyConfig',
  'KubeAuthenticationConfig',
  'KubeAuthorizerConfig',
  'KubeControllerManagerConfig',
  'KubeCoreDNSConfig',
  'KubeEtcdEncryptionConfig',
  'KubeFlannelCNIConfig',
  'KubeProxyConfig',
  'KubeSchedulerConfig',
  'KubeServiceAccountConfig',
  'KubeTalosAPIAccessConfig',
];

function controlPlaneOnly(config: WholeConfig, context: RuleContext): void {
  for (const kind of CONTROL_PLANE_KINDS) {
    for (const document of config.documents.get(kind) ?? [])
      context.error(document, `${kind} is for control planes only`);
  }
}

/** Containers may depend on each other, but only on ones that are there, and never in a circle. */
function containerDependencies(config: WholeConfig, context: RuleContext): void {
  const edges = new Map<string, readonly string[]>();
  const containers = config.documents.get('ContainerConfig') ?? [];
  for (const container of containers)
    edges.set(text(at(container, 'name')), items(at(container, 'dependsOn', 'containers')).map(text));
  for (const container of containers) {
    const name = text(at(container, 'name'));
    for (const other of items(at(container, 'dependsOn', 'containers'))) {
      if (!edges.has(text(other))) context.error(other, `there is no container ${quote(text(other))}`);
    }
    if (reaches(edges, name, name))
      context.error(at(container, 'dependsOn', 'containers'), `${quote(name)} depends on itself in a circle`);
  }
}

function reaches(edges: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [...(edges.get(from) ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(edges.get(name) ?? []));
  }
  return false;
}
