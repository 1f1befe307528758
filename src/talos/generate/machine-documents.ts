/**
 * The documents about the machine itself that stand behind the one without kind: discovery, installation, resolver, volumes,
 * registries, hostname, KubeSpan.
 */
import {
  forwardsKubeDns,
  hasDiscoveryDocuments,
  hasHostDnsDocument,
  hasKubeSpanDocument,
  hasNetworkDocuments,
  hasSysctlDocument,
  hasUnattendedInstall,
  isolatesWorkloads,
  trimsFilesystems,
} from '../contract.ts';
import type { PlainObject } from '../documents-text.ts';
import { when } from './input.ts';
import type { Generation } from './input.ts';

/** In the order in which Talos writes them. */
export function machineDocuments(generation: Generation): readonly PlainObject[] {
  return [
    ...discoveryDocuments(generation),
    ...installDocuments(generation),
    ...resolverDocuments(generation),
    ...hostDocuments(generation),
    ...registryDocuments(generation),
    ...networkDocuments(generation),
  ];
}

export function document(kind: string, fields: PlainObject): PlainObject {
  return { apiVersion: 'v1alpha1', kind, ...fields };
}

function discoveryDocuments({ bundle, contract, discovery }: Generation): readonly PlainObject[] {
  if (!hasDiscoveryDocuments(contract)) return [];
  const identity = document('DiscoveryIdentityConfig', {
    clusterID: bundle.cluster.id,
    clusterSecret: bundle.cluster.secret,
  });
  if (!discovery) return [identity];
  return [document('DiscoveryServiceConfig', { name: 'default', endpoint: 'https://discovery.talos.dev/' }), identity];
}

/** The document needs a disk to name, and is left out without one. */
function installDocuments({ contract, options }: Generation): readonly PlainObject[] {
  const disk = options.installDisk ?? '';
  if (!hasUnattendedInstall(contract) || disk === '' || options.skipUnattendedInstall === true) return [];
  return [
    document('UnattendedInstallConfig', {
      installer: { image: options.installImage ?? '' },
      provisioning: { diskSelector: { match: `disk.dev_path == ${quoted(disk)}` }, wipe: false },
    }),
  ];
}

function resolverDocuments({ contract, options }: Generation): readonly PlainObject[] {
  if (!hasHostDnsDocument(contract)) return [];
  const forwards = options.forwardKubeDNSToHost === true || forwardsKubeDns(contract);
  return [
    document('ResolverConfig', { hostDNS: { enabled: true, ...when(forwards, { forwardKubeDNSToHost: true }) } }),
  ];
}

function hostDocuments({ contract, options }: Generation): readonly PlainObject[] {
  const documents: PlainObject[] = [];
  const sysctls = options.sysctls ?? {};
  if (hasSysctlDocument(contract) && Object.keys(sysctls).length > 0)
    documents.push(document('SysctlConfig', { params: sysctls }));
  if (trimsFilesystems(contract)) {
    documents.push(document('VolumeConfig', { name: 'EPHEMERAL', mount: { secure: true } }));
    documents.push(document('FilesystemTrimConfig', { interval: '168h0m0s' }));
  }
  if (isolatesWorkloads(contract)) documents.push(document('SecurityProfileConfig', { workloadIsolation: true }));
  return documents;
}

function registryDocuments({ contract, options }: Generation): readonly PlainObject[] {
  if (!hasNetworkDocuments(contract)) return [];
  const mirrors = Object.entries(options.registryMirrors ?? {}).toSorted(byName);
  const hosts = new Set([...Object.keys(options.registryCACerts ?? {}), ...(options.registryInsecure ?? [])]);
  return [
    ...mirrors.map(([name, endpoints]) =>
      document('RegistryMirrorConfig', { name, endpoints: endpoints.map((url) => ({ url })) }),
    ),
    ...[...hosts].toSorted(compareBytes).map((name) =>
      document('RegistryTLSConfig', {
        name,
        ca: options.registryCACerts?.[name],
        ...when(options.registryInsecure?.includes(name) === true, { insecureSkipVerify: true }),
      }),
    ),
  ];
}

function networkDocuments({ contract, options }: Generation): readonly PlainObject[] {
  const documents: PlainObject[] = [];
  if (hasNetworkDocuments(contract)) documents.push(document('HostnameConfig', { auto: 'stable' }));
  if (hasKubeSpanDocument(contract) && options.kubeSpan !== undefined)
    documents.push(document('KubeSpanConfig', { enabled: options.kubeSpan }));
  return documents;
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return compareBytes(left, right);
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Go's `%q`, as the selector's text is written. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  return `"${escaped}"`;
}
