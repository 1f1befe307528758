/** Rules of the document without kind: `cluster` (Talos' `v1alpha1_validation.go`). */
import { messageOf } from '../../../errors.ts';
import { formatGoUrl, parseGoUrl } from '../../values/go-url.ts';
import { endpointProblem, isSubnetFilter, quote } from '../checks.ts';
import type { Reason } from '../checks.ts';
import { at, entries, isSet, isTrue, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { since } from '../rule.ts';
import type { RuleContext } from '../rule.ts';
import { podResources } from './kubernetes-parts.ts';
import { isControlPlane } from './legacy-parts.ts';

export function clusterSection(document: Field, context: RuleContext): void {
  const cluster = at(document, 'cluster');
  if (!isSet(cluster)) {
    context.error(cluster, 'the section cluster is required');
    return;
  }
  if (!endpoint(cluster, context)) return;
  const onControlPlane = isControlPlane(text(at(document, 'machine', 'type')));
  const domain = at(cluster, 'network', 'dnsDomain');
  if (text(domain) !== '' && !isDnsName(text(domain)))
    context.error(domain, `${quote(text(domain))} is not a DNS name`);
  cloudProvider(at(cluster, 'externalCloudProvider'), context);
  etcd(at(cluster, 'etcd'), onControlPlane, context);
  const key = at(cluster, 'ca', 'key');
  if (!onControlPlane && text(key) !== '')
    context.error(key, 'the key of the Kubernetes CA does not belong on a worker');
  inlineManifests(items(at(cluster, 'inlineManifests')), context);
  discovery(cluster, context);
  apiServer(at(cluster, 'apiServer'), context);
  for (const component of ['apiServer', 'controllerManager', 'scheduler'])
    podResources(at(cluster, component, 'resources'), context);
}

/** False when nothing more is said of the cluster. */
function endpoint(cluster: Field, context: RuleContext): boolean {
  const controlPlane = at(cluster, 'controlPlane');
  const field = at(controlPlane, 'endpoint');
  const parsed = url(field);
  if (parsed !== undefined) {
    const problem = endpointProblem(formatGoUrl(parsed));
    if (problem !== undefined) context.error(field, problem);
    return true;
  }
  if (isSet(controlPlane) || !since(context, '1.14')) {
    context.error(field, '.cluster.controlPlane.endpoint is required');
    return false;
  }
  if (isSet(at(cluster, 'serviceAccount')))
    context.error(
      at(cluster, 'serviceAccount'),
      '.cluster.serviceAccount needs .cluster.controlPlane.endpoint beside it: move both into documents, or neither',
    );
  return true;
}

function isDnsName(name: string): boolean {
  if (name.replaceAll('.', '').length > 255) return false;
  return /^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?$/.test(name);
}

function cloudProvider(field: Field, context: RuleContext): void {
  const manifests = items(at(field, 'manifests'));
  if (!isTrue(at(field, 'enabled')) && manifests.length > 0) {
    context.error(at(field, 'manifests'), 'manifests are given, but externalCloudProvider is not enabled');
    return;
  }
  for (const manifest of manifests) {
    const problem = endpointProblem(text(manifest));
    if (problem !== undefined) context.error(manifest, problem);
  }
}

function etcd(field: Field, onControlPlane: boolean, context: RuleContext): void {
  if (!isSet(field)) return;
  if (!onControlPlane) {
    context.error(field, '.cluster.etcd is for control planes only');
    return;
  }
  if (!isSet(at(field, 'ca'))) context.error(at(field, 'ca'), '.cluster.etcd.ca is required');
  const [subnet, advertised] = [at(field, 'subnet'), at(field, 'advertisedSubnets')];
  if (text(subnet) !== '' && items(advertised).length > 0)
    context.error(subnet, 'subnet and advertisedSubnets exclude each other');
  for (const filter of [
    ...items(advertised),
    ...items(at(field, 'listenSubnets')),
    ...(text(subnet) === '' ? [] : [subnet]),
  ]) {
    if (!isSubnetFilter(text(filter))) context.error(filter, `${quote(text(filter))} is not a subnet or address`);
  }
}

function inlineManifests(manifests: readonly Field[], context: RuleContext): void {
  const seen = new Set<string>();
  for (const manifest of manifests) {
    const name = text(at(manifest, 'name'));
    if (name.trim() === '') context.error(at(manifest, 'name'), 'a name is required');
    if (seen.has(name)) context.error(at(manifest, 'name'), `the name ${quote(name)} is there twice`);
    seen.add(name);
  }
}

function discovery(cluster: Field, context: RuleContext): void {
  const field = at(cluster, 'discovery');
  const service = at(field, 'registries', 'service');
  if (!isTrue(at(field, 'enabled')) || isTrue(at(service, 'disabled'))) return;
  const problem = serviceProblem(text(at(service, 'endpoint')));
  if (problem !== undefined) context.error(at(service, 'endpoint'), problem);
  for (const key of ['id', 'secret']) {
    if (text(at(cluster, key)) === '') context.error(at(cluster, key), `the discovery service needs .cluster.${key}`);
  }
}

/** Go's `url.ParseRequestURI`: absolute, or a path. */
function serviceProblem(address: string): Reason {
  if (address === '') return undefined;
  try {
    const parsed = parseGoUrl(address.replaceAll('#', '%23'));
    if (parsed.scheme === '' && !address.startsWith('/') && address !== '*') return `${quote(address)} is not a URL`;
    const path = parsed.scheme === '' && address.startsWith('//') ? address : parsed.path;
    return path === '' || path === '/' ? undefined : 'the endpoint of the discovery service takes no path';
  } catch (reason) {
    return messageOf(reason);
  }
}

const AUTHORIZERS = ['Node', 'RBAC', 'Webhook'];

function apiServer(field: Field, context: RuleContext): void {
  const authorizers = at(field, 'authorizationConfig');
  if (!isSet(authorizers)) return;
  for (const [name, argument] of entries(at(field, 'extraArgs'))) {
    if (name === 'authorization-mode' || name.startsWith('authorization-webhook-'))
      context.error(argument, `${name} and authorizationConfig exclude each other`);
  }
  for (const authorizer of items(authorizers)) {
    const type = at(authorizer, 'type');
    if (!AUTHORIZERS.includes(text(type)))
      context.error(type, `the type is one of ${AUTHORIZERS.join(', ')}, not ${quote(text(type))}`);
    if (text(at(authorizer, 'name')) === '') context.error(at(authorizer, 'name'), 'a name is required');
  }
}

/** Of control planes only; from 1.14 on only where `cluster.network` is there. */
export function cniSection(document: Field, context: RuleContext): void {
  const network = at(document, 'cluster', 'network');
  const cni = at(network, 'cni');
  if (!isSet(cni)) return;
  const name = text(at(cni, 'name'));
  const urls = at(cni, 'urls');
  if (!['flannel', 'custom', 'none'].includes(name)) {
    context.error(at(cni, 'name'), `the CNI is flannel, custom or none, not ${quote(name)}`);
    return;
  }
  if (name !== 'custom' && items(urls).length > 0) context.error(urls, `urls are for the CNI custom, not for ${name}`);
  if (name === 'custom') customCni(urls, context);
  if (name === 'flannel') return;
  if (items(at(cni, 'flannel', 'extraArgs')).length > 0)
    context.error(at(cni, 'flannel', 'extraArgs'), `arguments of flannel are without meaning for the CNI ${name}`);
  if (since(context, '1.13') && isTrue(at(cni, 'flannel', 'kubeNetworkPoliciesEnabled'))) {
    context.error(
      at(cni, 'flannel', 'kubeNetworkPoliciesEnabled'),
      `settings of flannel are without meaning for the CNI ${name}`,
    );
  }
}

function customCni(urls: Field, context: RuleContext): void {
  if (items(urls).length === 0) context.warning(urls, 'the CNI custom should have urls');
  for (const manifest of items(urls)) {
    const problem = endpointProblem(text(manifest));
    if (problem !== undefined) context.error(manifest, problem);
  }
}
