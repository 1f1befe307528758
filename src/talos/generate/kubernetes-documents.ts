/**
 * The documents about Kubernetes that 1.14 took out of the document without kind.
 */
import { excludesControlPlanesFromLoadBalancers, hasKubernetesDocuments } from '../contract.ts';
import type { PlainObject } from '../documents-text.ts';
import type { Generation } from './input.ts';
import { when } from './input.ts';
import { document } from './machine-documents.ts';
import { AUDIT_POLICY, CONTROL_PLANE_LABEL, NO_LOAD_BALANCER_LABEL, POD_SECURITY } from './policies.ts';

export function kubernetesDocuments(generation: Generation): readonly PlainObject[] {
  if (!hasKubernetesDocuments(generation.contract) || generation.options.skipKubernetes === true) return [];
  const everywhere = nodeDocuments(generation);
  if (generation.type === 'worker') return everywhere;
  return [...everywhere, ...policyDocuments(generation), ...componentDocuments(generation)];
}

function nodeDocuments(generation: Generation): readonly PlainObject[] {
  const port = generation.options.kubePrismPort ?? 7445;
  return [
    document('KubeClusterConfig', { clusterName: generation.clusterName, endpoint: generation.endpoint }),
    document('KubeNodeConfig', nodeFields(generation)),
    document('KubeletConfig', {
      image: `ghcr.io/siderolabs/kubelet:v${generation.kubernetes}`,
      config: {},
      defaultRuntimeSeccompProfileEnabled: true,
    }),
    document('KubeNetworkConfig', {
      dnsDomain: generation.dnsDomain,
      podSubnets: generation.podSubnets,
      serviceSubnets: generation.serviceSubnets,
    }),
    document('KubeAPIServerCAConfig', clusterAuthority(generation)),
    ...(port > 0 ? [document('KubePrismConfig', { port })] : []),
  ];
}

function nodeFields({ contract, options, type }: Generation): PlainObject {
  if (type === 'worker') return { nodeIP: {} };
  return {
    nodeIP: {},
    labels: {
      [CONTROL_PLANE_LABEL]: '',
      ...when(excludesControlPlanesFromLoadBalancers(contract), { [NO_LOAD_BALANCER_LABEL]: '' }),
    },
    ...when(options.allowSchedulingOnControlPlanes !== true, { taints: { [CONTROL_PLANE_LABEL]: 'NoSchedule' } }),
  };
}

/** These documents hold plain PEM texts where the one without kind holds base64. */
function clusterAuthority({ bundle, type }: Generation): PlainObject {
  const { crt, key } = bundle.certs.k8s;
  return type === 'worker' ? { acceptedCAs: [pem(crt)] } : { issuingCA: { cert: pem(crt), key: pem(key) } };
}

function policyDocuments({ bundle }: Generation): readonly PlainObject[] {
  const { crt, key } = bundle.certs.k8saggregator;
  return [
    document('KubeAggregatorCAConfig', { issuingCA: { cert: pem(crt), key: pem(key) } }),
    document('KubeAdmissionControlConfig', { name: 'PodSecurity', configuration: POD_SECURITY }),
    document('KubeAuditPolicyConfig', { configuration: AUDIT_POLICY }),
    document('KubeAuthenticationConfig', {
      configuration: {
        anonymous: { conditions: [{ path: '/livez' }, { path: '/readyz' }, { path: '/healthz' }], enabled: true },
        jwt: [],
      },
    }),
    document('KubeAuthorizerConfig', { name: 'node', type: 'Node' }),
    document('KubeAuthorizerConfig', { name: 'rbac', type: 'RBAC' }),
  ];
}

function componentDocuments(generation: Generation): readonly PlainObject[] {
  const { options } = generation;
  const cniUrl = options.cni?.urls?.[0];
  return [
    document('KubeEtcdEncryptionConfig', {
      config: { resources: [{ providers: encryptionProviders(generation), resources: ['secrets'] }] },
    }),
    document('KubeServiceAccountConfig', {
      issuer: { privateKey: pem(generation.bundle.certs.k8sserviceaccount.key), issuerURL: generation.endpoint },
    }),
    document('KubeAPIServerConfig', {
      image: image('kube-apiserver', generation),
      certExtraSANs: generation.apiServerSANs,
      ...when((options.localAPIServerPort ?? 0) !== 0, { apiPort: options.localAPIServerPort }),
    }),
    document('KubeControllerManagerConfig', { image: image('kube-controller-manager', generation) }),
    document('KubeSchedulerConfig', { image: image('kube-scheduler', generation), config: {} }),
    document('KubeProxyConfig', { image: image('kube-proxy', generation), config: {} }),
    ...(cniUrl === undefined ? [document('KubeFlannelCNIConfig', { backendType: 'vxlan', backendPort: 4789 })] : []),
    document('KubeCoreDNSConfig', { enabled: true }),
    ...(cniUrl === undefined ? [] : [document('KubeExternalManifestConfig', { name: 'custom-cni', url: cniUrl })]),
  ];
}

/** Talos 1.14 writes an AES-CBC secret under `secretbox`, too (talos-3-config.md §4.2 no. 21): as it does. */
function encryptionProviders({ bundle }: Generation): readonly PlainObject[] {
  const { aescbcencryptionsecret, secretboxencryptionsecret } = bundle.secrets;
  const provider = (name: string, secret: string): PlainObject => ({ secretbox: { keys: [{ name, secret }] } });
  return [
    ...(secretboxencryptionsecret === undefined ? [] : [provider('key2', secretboxencryptionsecret)]),
    ...(aescbcencryptionsecret === undefined ? [] : [provider('key1', aescbcencryptionsecret)]),
  ];
}

function pem(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

function image(name: string, { kubernetes }: Generation): string {
  return `registry.k8s.io/${name}:v${kubernetes}`;
}
