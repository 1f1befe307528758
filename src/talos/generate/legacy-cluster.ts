/**
 * The `cluster` section of the document without kind.
 */
import {
  allowsSchedulingOnControlPlanes,
  disablesKubernetesDiscovery,
  hasAuditPolicy,
  hasDiscoveryDocuments,
  hasKubernetesDocuments,
  hasPodSecurityAdmission,
  hasSecretboxEncryption,
  hidesPodSecurityPolicy,
  namesClusterOnWorkers,
  takesCniNames,
} from '../contract.ts';
import type { PlainObject } from '../documents-text.ts';
import { when } from './input.ts';
import type { Generation } from './input.ts';
import { AUDIT_POLICY, POD_SECURITY } from './policies.ts';

export function legacyCluster(generation: Generation): PlainObject {
  return generation.type === 'controlplane' ? controlPlane(generation) : worker(generation);
}

function worker(generation: Generation): PlainObject {
  const { bundle, clusterName, contract } = generation;
  if (hasKubernetesDocuments(contract)) return { token: bundle.secrets.bootstraptoken };
  return {
    id: bundle.cluster.id,
    secret: bundle.cluster.secret,
    controlPlane: { endpoint: generation.endpoint },
    ...when(namesClusterOnWorkers(contract), { clusterName }),
    network: network(generation),
    token: bundle.secrets.bootstraptoken,
    ca: { crt: bundle.certs.k8s.crt, key: '' },
    discovery: discovery(generation),
  };
}

function controlPlane(generation: Generation): PlainObject {
  const { bundle, contract, options } = generation;
  if (options.skipKubernetes === true) return {};
  if (hasKubernetesDocuments(contract))
    return { token: bundle.secrets.bootstraptoken, etcd: { ca: { ...bundle.certs.etcd } } };
  return {
    ...when(!hasDiscoveryDocuments(contract), { id: bundle.cluster.id, secret: bundle.cluster.secret }),
    controlPlane: { endpoint: generation.endpoint, localAPIServerPort: options.localAPIServerPort ?? 0 },
    clusterName: generation.clusterName,
    network: network(generation),
    token: bundle.secrets.bootstraptoken,
    ...encryption(generation),
    ca: { ...bundle.certs.k8s },
    aggregatorCA: { ...bundle.certs.k8saggregator },
    serviceAccount: { ...bundle.certs.k8sserviceaccount },
    apiServer: apiServer(generation),
    controllerManager: { image: image('kube-controller-manager', generation) },
    proxy: { image: image('kube-proxy', generation) },
    scheduler: { image: image('kube-scheduler', generation) },
    discovery: discovery(generation),
    etcd: { ca: { ...bundle.certs.etcd } },
    ...scheduling(generation),
  };
}

function encryption({ bundle, contract }: Generation): PlainObject {
  return hasSecretboxEncryption(contract)
    ? { secretboxEncryptionSecret: bundle.secrets.secretboxencryptionsecret ?? '' }
    : { aescbcEncryptionSecret: bundle.secrets.aescbcencryptionsecret ?? '' };
}

function apiServer(generation: Generation): PlainObject {
  const { contract } = generation;
  return {
    image: image('kube-apiserver', generation),
    certSANs: generation.apiServerSANs,
    ...when(!hidesPodSecurityPolicy(contract), { disablePodSecurityPolicy: true }),
    ...when(hasPodSecurityAdmission(contract), {
      admissionControl: [{ name: 'PodSecurity', configuration: POD_SECURITY }],
    }),
    ...when(hasAuditPolicy(contract), { auditPolicy: AUDIT_POLICY }),
  };
}

function network({ dnsDomain, minor, options, podSubnets, serviceSubnets }: Generation): PlainObject {
  const { cni } = options;
  const isWritten = cni !== undefined && (takesCniNames(minor) || (cni.urls ?? []).length > 0);
  return {
    ...when(isWritten, {
      cni: { name: cni?.name, urls: takesCniNames(minor) ? (cni?.urls ?? []) : (cni?.urls ?? []).slice(0, 1) },
    }),
    dnsDomain,
    podSubnets,
    serviceSubnets,
  };
}

function discovery({ contract, discovery: enabled }: Generation): PlainObject {
  return {
    enabled,
    ...when(disablesKubernetesDiscovery(contract), { registries: { kubernetes: { disabled: true } } }),
  };
}

function scheduling({ contract, options }: Generation): PlainObject {
  if (options.allowSchedulingOnControlPlanes !== true) return {};
  return allowsSchedulingOnControlPlanes(contract)
    ? { allowSchedulingOnControlPlanes: true }
    : { allowSchedulingOnMasters: true };
}

function image(name: string, { kubernetes }: Generation): string {
  return `registry.k8s.io/${name}:v${kubernetes}`;
}
