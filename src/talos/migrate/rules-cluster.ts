/**
 * What 1.14 moved out of `cluster`: everything about Kubernetes, and discovery.
 */
import type { PlainValue } from '../documents-text.ts';
import { deletion, listOf, moved, noted, pemOf, recordOf, target, textOf, textsOf, turned } from './rule.ts';
import type { FoundField, MigrationRule, RuleOutcome, Target } from './rule.ts';
import { plainOf } from './rules-machine.ts';

const CONTROL_PLANE_TAINT = 'node-role.kubernetes.io/control-plane';

export const CLUSTER_RULES: readonly MigrationRule[] = [
  moved('1.14', 'cluster.id', 'DiscoveryIdentityConfig', 'clusterID'),
  moved('1.14', 'cluster.secret', 'DiscoveryIdentityConfig', 'clusterSecret'),
  { since: '1.14', path: ['cluster', 'discovery'], apply: discovery },
  moved('1.14', 'cluster.clusterName', 'KubeClusterConfig', 'clusterName'),
  turned('1.14', 'cluster.serviceAccount', ({ plain, root }) => [serviceAccount(plain, root)]),
  turned('1.14', 'cluster.controlPlane.endpoint', ({ node }) => [target('KubeClusterConfig', { endpoint: node })]),
  moved('1.14', 'cluster.controlPlane.localAPIServerPort', 'KubeAPIServerConfig', 'apiPort'),
  turned('1.14', 'cluster.network.cni', ({ plain }) => cni(recordOf(plain))),
  moved('1.14', 'cluster.network.dnsDomain', 'KubeNetworkConfig', 'dnsDomain'),
  moved('1.14', 'cluster.network.podSubnets', 'KubeNetworkConfig', 'podSubnets'),
  moved('1.14', 'cluster.network.serviceSubnets', 'KubeNetworkConfig', 'serviceSubnets'),
  turned('1.14', 'cluster.ca', ({ plain }) => [clusterAuthority(recordOf(plain))]),
  turned('1.14', 'cluster.aggregatorCA', ({ plain }) => [
    target('KubeAggregatorCAConfig', {
      'issuingCA.cert': pemOf(recordOf(plain)['crt']),
      'issuingCA.key': pemOf(recordOf(plain)['key']),
    }),
  ]),
  turned('1.14', 'cluster.secretboxEncryptionSecret', ({ plain }) => [encryption('secretbox', 'key2', textOf(plain))]),
  turned('1.14', 'cluster.aescbcEncryptionSecret', ({ plain }) => [encryption('aescbc', 'key1', textOf(plain))]),
  ...component('cluster.apiServer', 'KubeAPIServerConfig'),
  moved('1.14', 'cluster.apiServer.certSANs', 'KubeAPIServerConfig', 'certExtraSANs'),
  {
    since: '1.14',
    path: ['cluster', 'apiServer', 'disablePodSecurityPolicy'],
    apply: () => ({ targets: [], notices: ['is dropped: pod security policies are gone from Kubernetes'] }),
  },
  turned('1.14', 'cluster.apiServer.admissionControl', ({ plain }) =>
    listOf(plain).map((plugin) =>
      target(
        'KubeAdmissionControlConfig',
        { configuration: plainOf(recordOf(plugin)['configuration']) },
        nameOf(plugin),
      ),
    ),
  ),
  moved('1.14', 'cluster.apiServer.auditPolicy', 'KubeAuditPolicyConfig', 'configuration'),
  turned('1.14', 'cluster.apiServer.authorizationConfig', ({ plain }) => listOf(plain).map(authorizer)),
  ...component('cluster.controllerManager', 'KubeControllerManagerConfig'),
  ...component('cluster.scheduler', 'KubeSchedulerConfig'),
  moved('1.14', 'cluster.scheduler.config', 'KubeSchedulerConfig', 'config'),
  turned('1.14', 'cluster.proxy.disabled', ({ plain }) => [target('KubeProxyConfig', { enabled: plain !== true })]),
  moved('1.14', 'cluster.proxy.image', 'KubeProxyConfig', 'image'),
  moved('1.14', 'cluster.proxy.mode', 'KubeProxyConfig', 'mode'),
  moved('1.14', 'cluster.proxy.extraArgs', 'KubeProxyConfig', 'extraArgs'),
  turned('1.14', 'cluster.coreDNS.disabled', ({ plain }) => [target('KubeCoreDNSConfig', { enabled: plain !== true })]),
  moved('1.14', 'cluster.coreDNS.image', 'KubeCoreDNSConfig', 'image'),
  { since: '1.14', path: ['cluster', 'allowSchedulingOnControlPlanes'], apply: scheduling },
  { since: '1.14', path: ['cluster', 'allowSchedulingOnMasters'], apply: scheduling },
  turned('1.14', 'cluster.extraManifests', ({ plain }) =>
    textsOf(plain).map((url, index) => target('KubeExternalManifestConfig', { url }, manifestName(url, index))),
  ),
  noted(
    '1.14',
    'cluster.extraManifestHeaders',
    'stays: in 1.14 each KubeExternalManifestConfig has its own headers; put them where they are needed',
  ),
  turned('1.14', 'cluster.inlineManifests', ({ plain }) =>
    listOf(plain).map((manifest) =>
      target('KubeInlineManifestConfig', { manifest: textOf(recordOf(manifest)['contents']) }, nameOf(manifest)),
    ),
  ),
];

function component(path: string, kind: string): readonly MigrationRule[] {
  return [
    moved('1.14', `${path}.image`, kind, 'image'),
    moved('1.14', `${path}.extraArgs`, kind, 'extraArgs'),
    moved('1.14', `${path}.env`, kind, 'env'),
    moved('1.14', `${path}.resources`, kind, 'resources'),
    noted('1.14', `${path}.extraVolumes`, `stays: 1.14 has no place for it, and refuses ${path} beside a ${kind}`),
  ];
}

function discovery({ plain }: FoundField): RuleOutcome {
  const { enabled, registries } = recordOf(plain);
  const service = recordOf(recordOf(registries)['service']);
  const notices =
    recordOf(recordOf(registries)['kubernetes'])['disabled'] === false
      ? ['the Kubernetes registry is dropped: 1.14 has none']
      : [];
  if (enabled === false || service['disabled'] === true)
    return { targets: [deletion('DiscoveryServiceConfig', 'default')], notices };
  const endpoint = textOf(service['endpoint']);
  const isWritten = endpoint !== '' || enabled === true;
  return {
    targets: isWritten
      ? [
          target(
            'DiscoveryServiceConfig',
            { endpoint: endpoint === '' ? 'https://discovery.talos.dev/' : endpoint },
            'default',
          ),
        ]
      : [],
    notices,
  };
}

/** The issuer is the endpoint, as it was before. */
function serviceAccount(plain: unknown, root: unknown): Target {
  const endpoint = textOf(recordOf(recordOf(recordOf(root)['cluster'])['controlPlane'])['endpoint']);
  const key = { 'issuer.privateKey': pemOf(recordOf(plain)['key']) };
  return target('KubeServiceAccountConfig', endpoint === '' ? key : { ...key, 'issuer.issuerURL': endpoint });
}

function clusterAuthority({ crt, key }: Readonly<Record<string, unknown>>): Target {
  if (textOf(key) === '') return target('KubeAPIServerCAConfig', { acceptedCAs: [pemOf(crt)] });
  return target('KubeAPIServerCAConfig', { 'issuingCA.cert': pemOf(crt), 'issuingCA.key': pemOf(key) });
}

/** The key names are those under which the API server wrote its secrets before. */
function encryption(provider: string, name: string, secret: string): Target {
  const providers: PlainValue = [{ [provider]: { keys: [{ name, secret }] } }];
  return target('KubeEtcdEncryptionConfig', { 'config.resources': [{ providers, resources: ['secrets'] }] });
}

/** The built-in network is there when its document is. */
function cni({ flannel, name, urls }: Readonly<Record<string, unknown>>): readonly Target[] {
  if (name === 'none') return [deletion('KubeFlannelCNIConfig')];
  if (name === 'custom') {
    const manifests = textsOf(urls).map((url, index) =>
      target('KubeExternalManifestConfig', { url }, index === 0 ? 'custom-cni' : `custom-cni-${index + 1}`),
    );
    return [deletion('KubeFlannelCNIConfig'), ...manifests];
  }
  const { extraArgs, kubeNetworkPoliciesEnabled } = recordOf(flannel);
  return [
    target('KubeFlannelCNIConfig', {
      ...(extraArgs === undefined ? {} : { extraArgs: textsOf(extraArgs) }),
      ...(typeof kubeNetworkPoliciesEnabled === 'boolean' ? { kubeNetworkPoliciesEnabled } : {}),
    }),
  ];
}

function authorizer(plain: unknown): Target {
  const { name, type, webhook } = recordOf(plain);
  return target(
    'KubeAuthorizerConfig',
    { type: textOf(type), ...(webhook === undefined ? {} : { webhook: plainOf(webhook) }) },
    textOf(name),
  );
}

/** The generated document taints control planes; a patch takes that away. */
function scheduling({ plain }: FoundField): RuleOutcome {
  const taint: PlainValue = plain === true ? { $patch: 'delete' } : 'NoSchedule';
  return { targets: [{ kind: 'KubeNodeConfig', fields: [{ path: ['taints', CONTROL_PLANE_TAINT], value: taint }] }] };
}

function manifestName(url: string, index: number): string {
  const last = url.split(/[?#]/)[0]?.split('/').at(-1) ?? '';
  const name = last
    .replace(/\.ya?ml$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return name === '' ? `manifest-${index + 1}` : `${name}${index === 0 ? '' : `-${index + 1}`}`;
}

function nameOf(value: unknown): string {
  return textOf(recordOf(value)['name']);
}
