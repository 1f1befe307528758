/**
 * The `machine` section of the document without kind.
 */
import {
  checksApidKeyUsage,
  disablesManifestsDirectory,
  excludesControlPlanesFromLoadBalancers,
  forwardsKubeDns,
  hasDefaultSeccompProfile,
  hasDiskQuota,
  hasHostDns,
  hasHostDnsDocument,
  hasKubernetesDocuments,
  hasKubePrism,
  hasKubeSpanDocument,
  hasNetworkDocuments,
  hasStableHostname,
  hasSysctlDocument,
  hasUnattendedInstall,
  hidesRbac,
  mirrorsOldKubernetesRegistry,
  usesUkiCommandLine,
  writesKubeSpanOff,
} from '../contract.ts';
import type { PlainObject } from '../documents-text.ts';
import { when } from './input.ts';
import type { Generation } from './input.ts';
import { NO_LOAD_BALANCER_LABEL } from './policies.ts';

export function legacyMachine(generation: Generation): PlainObject {
  const { bundle, contract, type } = generation;
  const isControlPlane = type === 'controlplane';
  const hasLegacyKubernetes = !hasKubernetesDocuments(contract);
  return {
    type,
    token: bundle.trustdinfo.token,
    ca: { crt: bundle.certs.os.crt, key: isControlPlane ? bundle.certs.os.key : '' },
    certSANs: generation.certSANs,
    ...when(hasLegacyKubernetes, { kubelet: kubelet(generation) }),
    ...network(generation),
    ...when(!hasUnattendedInstall(contract), { install: install(generation) }),
    ...when(!hasSysctlDocument(contract), { sysctls: generation.options.sysctls ?? {} }),
    ...when(!hasNetworkDocuments(contract), { registries: registries(generation) }),
    features: features(generation),
    ...when(isControlPlane && hasLegacyKubernetes && excludesControlPlanesFromLoadBalancers(contract), {
      nodeLabels: { [NO_LOAD_BALANCER_LABEL]: '' },
    }),
  };
}

function kubelet({ contract, kubernetes }: Generation): PlainObject {
  return {
    image: `ghcr.io/siderolabs/kubelet:v${kubernetes}`,
    ...when(hasDefaultSeccompProfile(contract), { defaultRuntimeSeccompProfileEnabled: true }),
    ...when(disablesManifestsDirectory(contract), { disableManifestsDirectory: true }),
  };
}

/** KubeSpan stands here before it became a document; without it, `network: {}` is written all the same. */
function network({ contract, minor, options }: Generation): PlainObject {
  if (hasKubeSpanDocument(contract)) return {};
  const isWritten = options.kubeSpan === true || (options.kubeSpan === false && writesKubeSpanOff(minor));
  return { network: isWritten ? { kubespan: { enabled: options.kubeSpan } } : {} };
}

function install({ contract, options }: Generation): PlainObject {
  return {
    disk: options.installDisk ?? '',
    extraKernelArgs: options.installExtraKernelArgs ?? [],
    image: options.installImage ?? '',
    wipe: false,
    ...when(usesUkiCommandLine(contract), { grubUseUKICmdline: true }),
  };
}

function features({ contract, options }: Generation): PlainObject {
  const forwards = options.forwardKubeDNSToHost === true || forwardsKubeDns(contract);
  const port = options.kubePrismPort ?? (hasKubePrism(contract) ? 7445 : 0);
  return {
    ...when(!hidesRbac(contract), { rbac: true }),
    ...when(hasStableHostname(contract) && !hasNetworkDocuments(contract), { stableHostname: true }),
    ...when(!hidesRbac(contract) && checksApidKeyUsage(contract), { apidCheckExtKeyUsage: true }),
    ...when(hasDiskQuota(contract), { diskQuotaSupport: true }),
    ...when(!hasKubernetesDocuments(contract) && port > 0, { kubePrism: { enabled: true, port } }),
    ...when(hasHostDns(contract) && !hasHostDnsDocument(contract), {
      hostDNS: { enabled: true, ...when(forwards, { forwardKubeDNSToHost: true }) },
    }),
  };
}

function registries({ contract, options }: Generation): PlainObject {
  const mirrors: Record<string, PlainObject> = {};
  if (mirrorsOldKubernetesRegistry(contract))
    mirrors['k8s.gcr.io'] = { endpoints: ['https://registry.k8s.io', 'https://k8s.gcr.io'] };
  for (const [host, endpoints] of Object.entries(options.registryMirrors ?? {})) mirrors[host] = { endpoints };
  const hosts = new Set([...Object.keys(options.registryCACerts ?? {}), ...(options.registryInsecure ?? [])]);
  const config: Record<string, PlainObject> = {};
  for (const host of hosts) config[host] = { tls: registryTls(host, options) };
  return { mirrors, config };
}

function registryTls(host: string, options: Generation['options']): PlainObject {
  const certificate = options.registryCACerts?.[host];
  return {
    ...when(certificate !== undefined, { ca: Buffer.from(certificate ?? '').toString('base64') }),
    ...when(options.registryInsecure?.includes(host) === true, { insecureSkipVerify: true }),
  };
}
