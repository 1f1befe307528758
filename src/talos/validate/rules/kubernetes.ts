/** Rules of the Kubernetes documents (Talos' `config/types/k8s`, 1.14). */
import { formatGoUrl } from '../../values/go-url.ts';
import { dnsSubdomainProblem, endpointProblem, isSubnetFilter, pemProblem, quote } from '../checks.ts';
import { at, entries, integer, isSet, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { nodeAnnotations, nodeLabels, nodeTaints, podResources } from './kubernetes-parts.ts';
import { all } from '../rule.ts';
import type { DocumentRule, DocumentRules, RuleContext } from '../rule.ts';
import { kubeNetwork } from './kubernetes-network.ts';
import { named } from './links.ts';
import { isCertificate, isPrivateKey, pairProblems } from './registries.ts';

export const kubernetesRules: DocumentRules = {
  KubeAPIServerConfig: all(image, apiServerArguments, resources),
  KubeControllerManagerConfig: unlessDisabled(all(image, resources)),
  KubeSchedulerConfig: unlessDisabled(all(image, resources)),
  KubeProxyConfig: unlessDisabled(all(image, proxyMode, resources)),
  KubeletConfig: all(image, (document, context) => protectedFields(at(document, 'config'), context)),
  KubeAPIServerCAConfig: all(issuingCa(false), acceptedCas),
  KubeAggregatorCAConfig: all(issuingCa(true), acceptedCas),
  KubeAdmissionControlConfig: named,
  KubeAuthorizerConfig: authorizer,
  KubeClusterConfig: cluster,
  KubeEtcdEncryptionConfig: (document, context) => notEmpty(at(document, 'config'), context),
  KubeExternalManifestConfig: all(manifestName, manifestUrl),
  KubeInlineManifestConfig: manifestName,
  KubeStaticPodConfig: all(manifestName, (document, context) => notEmpty(at(document, 'pod'), context)),
  KubeFlannelCNIConfig: all(flannel, resources),
  KubePrismConfig: kubePrism,
  KubeNetworkConfig: kubeNetwork,
  KubeNodeConfig: node,
  KubeServiceAccountConfig: serviceAccount,
  KubeTalosAPIAccessConfig: apiAccess,
};

function unlessDisabled(rule: DocumentRule): DocumentRule {
  return (document, context) => {
    if (at(document, 'enabled').value !== false) rule(document, context);
  };
}

function image(document: Field, context: RuleContext): void {
  if (text(at(document, 'image')) === '') context.error(at(document, 'image'), 'an image is required');
}

function resources(document: Field, context: RuleContext): void {
  podResources(at(document, 'resources'), context);
}

const DENIED_ARGUMENTS = [
  ['anonymous-auth', 'KubeAuthenticationConfig'],
  ['oidc-', 'KubeAuthenticationConfig'],
  ['authentication-config', 'KubeAuthenticationConfig'],
  ['authorization-config', 'KubeAuthorizerConfig'],
  ['authorization-mode', 'KubeAuthorizerConfig'],
  ['authorization-webhook-', 'KubeAuthorizerConfig'],
] as const;

function apiServerArguments(document: Field, context: RuleContext): void {
  for (const [name, field] of entries(at(document, 'extraArgs'))) {
    const denied = DENIED_ARGUMENTS.find(([prefix]) => name.startsWith(prefix));
    if (denied !== undefined)
      context.error(field, `the argument ${name} is not taken: write a ${denied[1]} document instead`);
  }
}

function proxyMode(document: Field, context: RuleContext): void {
  const mode = at(document, 'mode');
  if (text(mode) === 'iptables' || text(mode) === 'ipvs')
    context.warning(mode, `the mode ${text(mode)} is on its way out: use nftables where it works`);
  else if (text(mode) !== '' && text(mode) !== 'nftables')
    context.error(mode, `the mode is nftables, iptables or ipvs, not ${quote(text(mode))}`);
  if (entries(at(document, 'extraArgs')).length > 0)
    context.warning(
      at(document, 'extraArgs'),
      'arguments of kube-proxy may be without effect beside its configuration: use config',
    );
}

/** Fields of the kubelet's configuration that Talos sets itself. */
export const PROTECTED_KUBELET_FIELDS = [
  'apiVersion',
  'authentication',
  'authorization',
  'cgroupRoot',
  'kind',
  'kubeletCgroups',
  'port',
  'protectKernelDefaults',
  'resolvConf',
  'rotateCertificates',
  'systemCgroups',
  'staticPodPath',
  'seccompDefault',
];

export function protectedFields(config: Field, context: RuleContext): void {
  for (const [name, field] of entries(config)) {
    if (PROTECTED_KUBELET_FIELDS.includes(name)) context.error(field, `Talos sets ${name} of the kubelet itself`);
  }
}

function issuingCa(isRequired: boolean): DocumentRule {
  return (document, context) => {
    const ca = at(document, 'issuingCA');
    if (!isSet(ca)) {
      if (isRequired) context.error(ca, 'an issuing CA is required');
      return;
    }
    const problems = pairProblems(ca);
    for (const { field, reason } of problems) context.error(field, reason);
    if (problems.length > 0) return;
    if (!isCertificate(text(at(ca, 'cert')))) context.error(at(ca, 'cert'), 'the certificate cannot be read');
    if (!isPrivateKey(text(at(ca, 'key')))) context.error(at(ca, 'key'), 'the key cannot be read');
  };
}

function acceptedCas(document: Field, context: RuleContext): void {
  for (const ca of items(at(document, 'acceptedCAs'))) {
    const problem = pemProblem(text(ca), 'CERTIFICATE');
    if (problem !== undefined) context.error(ca, problem);
  }
}

const AUTHORIZERS = ['Node', 'RBAC', 'Webhook'];

function authorizer(document: Field, context: RuleContext): void {
  named(document, context);
  const type = at(document, 'type');
  if (!AUTHORIZERS.includes(text(type)))
    context.error(type, `the type is one of ${AUTHORIZERS.join(', ')}, not ${quote(text(type))}`);
  const webhook = at(document, 'webhook');
  const hasWebhook = entries(webhook).length > 0;
  if (text(type) === 'Webhook' && !hasWebhook) context.error(webhook, 'an authorizer of type Webhook needs webhook');
  if (text(type) !== 'Webhook' && hasWebhook)
    context.warning(webhook, 'webhook is for authorizers of type Webhook only');
}

function cluster(document: Field, context: RuleContext): void {
  if (text(at(document, 'clusterName')) === '') context.error(at(document, 'clusterName'), 'clusterName is required');
  const endpoint = at(document, 'endpoint');
  const parsed = url(endpoint);
  const problem = parsed === undefined ? 'an endpoint is required' : endpointProblem(formatGoUrl(parsed));
  if (problem !== undefined) context.error(endpoint, problem);
}

function notEmpty(field: Field, context: RuleContext): void {
  if (entries(field).length === 0) context.error(field, 'it is required');
}

function manifestName(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const problem = text(name) === '' ? 'a name is required' : dnsSubdomainProblem(text(name));
  if (problem !== undefined) context.error(name, problem);
}

function manifestUrl(document: Field, context: RuleContext): void {
  const field = at(document, 'url');
  const parsed = url(field);
  if (parsed === undefined) context.error(field, 'a URL is required');
  else if (parsed.scheme !== 'http' && parsed.scheme !== 'https')
    context.error(field, 'the URL must begin with http:// or https://');
}

function flannel(document: Field, context: RuleContext): void {
  if (text(at(document, 'backendType')) === '') context.error(at(document, 'backendType'), 'backendType is required');
}

function kubePrism(document: Field, context: RuleContext): void {
  const port = at(document, 'port');
  if (integer(port) < 1 || integer(port) > 65535) context.error(port, 'the port must be between 1 and 65535');
}

function node(document: Field, context: RuleContext): void {
  for (const subnet of items(at(document, 'nodeIP', 'validSubnets'))) {
    if (!isSubnetFilter(text(subnet))) context.error(subnet, `${quote(text(subnet))} is not a subnet or address`);
  }
  nodeLabels(at(document, 'labels'), context);
  nodeAnnotations(at(document, 'annotations'), context);
  nodeTaints(at(document, 'taints'), context);
}

function serviceAccount(document: Field, context: RuleContext): void {
  const key = at(document, 'issuer', 'privateKey');
  if (text(key) === '') context.error(key, 'issuer.privateKey is required');
  else if (!isPrivateKey(text(key))) context.error(key, 'the private key cannot be read');
  const issuer = at(document, 'issuer', 'issuerURL');
  if (url(issuer) === undefined) context.error(issuer, 'issuer.issuerURL is required');
}

export const TALOS_ROLES = ['os:admin', 'os:operator', 'os:reader', 'os:etcd:backup', 'os:impersonator'];
/** From 1.13 on. */
export const LATER_ROLES = ['os:image:verifier', 'os:meta:writer'];

function apiAccess(document: Field, context: RuleContext): void {
  const roles = items(at(document, 'allowedRoles'));
  if (roles.length === 0)
    context.warning(at(document, 'allowedRoles'), 'no role is allowed, so that access is blocked');
  for (const role of roles) {
    if (![...TALOS_ROLES, ...LATER_ROLES].includes(text(role)))
      context.error(role, `${quote(text(role))} is not a role of Talos`);
  }
}
