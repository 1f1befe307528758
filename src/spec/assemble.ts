/** Makes the model out of a checked document: defaults, units and short forms become what `model.ts` promises. */
import { assembleNode } from './assemble-node.ts';
import type { AssembleInput } from './assembly.ts';
import { originAt, withV } from './assembly.ts';
import type { Finding } from './finding.ts';
import type { Cluster, ClusterNetwork, Cni, Endpoint, Feature } from './model.ts';
import type { DocumentInput, FeatureInput } from './schema/document.ts';
import { beside } from './secret-reference.ts';
import type { MapTree } from './tree.ts';

const DEFAULT_SECRETS = 'secrets.sops.yaml';
const KUBERNETES_API_PORT = 6443;
/** Talos' own defaults: talos-3-config.md §4. */
const DEFAULT_PODS = '10.244.0.0/16';
const DEFAULT_SERVICES = '10.96.0.0/12';
const DEFAULT_KUBEPRISM_PORT = 7445;

export function assembleCluster(input: AssembleInput): {
  readonly cluster: Cluster;
  readonly findings: readonly Finding[];
} {
  const { document, tree, file } = input;
  const findings: Finding[] = [];
  const network = networkOf(document);
  const nodes = Object.entries(document.nodes).map(([name, node]) =>
    assembleNode({ ...input, name, node, network, findings }),
  );
  const cluster: Cluster = {
    name: document.name,
    file,
    endpoint: endpointOf(document, tree, findings),
    talos: withV(document.talos),
    kubernetes: withV(document.kubernetes),
    secrets: beside(file, document.secrets ?? DEFAULT_SECRETS),
    network,
    scheduleOnControlPlanes: document.scheduling ?? false,
    certSANs: document.certSANs ?? [],
    limits: { maxUnavailable: document.limits?.maxUnavailable ?? 1 },
    features: Object.entries(document.features ?? {}).flatMap(([name, feature]) => featureOf(input, name, feature)),
    ...(document.gitops && { gitops: document.gitops }),
    nodes,
    originOf: (path) => originAt(tree, path),
  };
  return { cluster, findings };
}

function endpointOf(document: DocumentInput, tree: MapTree, findings: Finding[]): Endpoint {
  const written = typeof document.endpoint === 'string' ? { url: document.endpoint } : document.endpoint;
  const path = typeof document.endpoint === 'string' ? ['endpoint'] : ['endpoint', 'url'];
  const where = originAt(tree, path)?.where;
  const place = where === undefined ? {} : { where };
  // No `new URL` here: it hides the port 443 and lets other schemes through.
  const match = /^https:\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#@\s]+)(?::(\d{1,5}))?\/?$/.exec(written.url);
  if (match === null) {
    const message = `\`endpoint\`: expected https://HOST:${KUBERNETES_API_PORT}, found ${JSON.stringify(written.url)}`;
    findings.push({ severity: 'error', rule: 'endpoint-form', message, ...place });
  } else if (match[2] === undefined) {
    const message = `\`endpoint\` ${written.url} has no port: clients would use 443, the Kubernetes API listens on ${KUBERNETES_API_PORT}`;
    findings.push({
      severity: 'error',
      rule: 'endpoint-without-port',
      message,
      hint: `Write ${written.url.replace(/\/$/, '')}:${KUBERNETES_API_PORT}`,
      ...place,
    });
  }
  const port = Number(match?.[2] ?? KUBERNETES_API_PORT);
  const host = (match?.[1] ?? written.url).replace(/^\[(.*)\]$/, '$1');
  return {
    url: match === null ? written.url : `https://${match[1]}:${port}`,
    host,
    port,
    ...('outside' in written && written.outside !== undefined && { outside: written.outside }),
  };
}

function networkOf(document: DocumentInput): ClusterNetwork {
  const written = document.network ?? {};
  const prism = written.kubePrism;
  return {
    ...(written.subnet !== undefined && { subnet: written.subnet }),
    ...(written.gateway !== undefined && { gateway: written.gateway }),
    nameservers: written.nameservers ?? [],
    timeservers: written.timeservers ?? [],
    searchDomains: written.searchDomains ?? [],
    ...(written.vip !== undefined && { vip: written.vip }),
    pods: listOf(written.pods, DEFAULT_PODS),
    services: listOf(written.services, DEFAULT_SERVICES),
    domain: written.domain ?? 'cluster.local',
    cni: cniOf(written.cni),
    kubeProxy: written.kubeProxy ?? true,
    discovery: written.discovery ?? true,
    kubePrism:
      typeof prism === 'object'
        ? { enabled: prism.enabled ?? true, port: prism.port ?? DEFAULT_KUBEPRISM_PORT }
        : { enabled: prism ?? true, port: DEFAULT_KUBEPRISM_PORT },
    kubeSpan: written.kubeSpan ?? false,
  };
}

function cniOf(written: NonNullable<DocumentInput['network']>['cni']): Cni {
  if (written === undefined) return { kind: 'flannel' };
  return typeof written === 'string' ? { kind: written } : { kind: 'custom', urls: written.urls };
}

function listOf(written: string | readonly string[] | undefined, fallback: string): readonly string[] {
  if (written === undefined) return [fallback];
  return typeof written === 'string' ? [written] : written;
}

function featureOf(input: AssembleInput, name: string, written: FeatureInput): readonly Feature[] {
  if (written === false) return [];
  const { nodes, ...options } = written === true ? {} : written;
  const origin = originAt(input.tree, ['features', name]) ?? { layer: { kind: 'cluster' } };
  return [{ name, options, nodes: nodes ?? Object.keys(input.document.nodes), origin }];
}
