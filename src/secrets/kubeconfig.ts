/**
 * The administrator's kubeconfig: made from the bundle without a node, written as talosctl writes it, and merged into a person's
 * own file. Source: talos-3-config.md §3.3.
 */
import { delimiter, join } from 'node:path';
import { isMap, isSeq, type YAMLMap } from 'yaml';
import { issueKubernetesClientCertificate } from '../pki/issue.ts';
import type { Random } from '../system.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { decodePair, decodePem, encodePem } from './bundle.ts';
import { goScalar } from './go-scalar.ts';
import { openForMerge, renderMerged } from './merged-yaml.ts';
import {
  isSameAuthority,
  placeFor,
  requireHome,
  type AuthorityState,
  type Merged,
  type MergeOptions,
} from './talosconfig.ts';

export interface KubeconfigEntry {
  readonly clusterName: string;
  readonly server: string;
  /** PEM in base64: all authorities that the cluster's API server may show a certificate of. */
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

export interface KubeconfigOptions {
  readonly clusterName: string;
  /** `https://…:6443`, the cluster's endpoint. */
  readonly endpoint: string;
  readonly now: Date;
  readonly random: Random;
  /** Default one year. */
  readonly ttlMs?: number;
  /** PEM of authorities that are trusted beside the bundle's, for example while one is rotated. */
  readonly acceptedAuthorities?: readonly string[];
}

export async function createKubeconfig(bundle: SecretsBundle, options: KubeconfigOptions): Promise<KubeconfigEntry> {
  const admin = await issueKubernetesClientCertificate(decodePair(bundle.certs.k8s), options);
  const authorities = [...(options.acceptedAuthorities ?? []), decodePem(bundle.certs.k8s.crt)];
  return {
    clusterName: options.clusterName,
    server: options.endpoint,
    ca: encodePem(authorities.join('')),
    crt: encodePem(admin.crt),
    key: encodePem(admin.key),
  };
}

/** The bytes of `talosctl kubeconfig` (client-go's writer: sorted keys) into a file that was not there. */
export function renderKubeconfig(entry: KubeconfigEntry): string {
  const { clusterName, server, ca, crt, key } = entry;
  const user = goScalar(`admin@${clusterName}`);
  const cluster = goScalar(clusterName);
  const lines = [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${goScalar(ca)}`,
    `    server: ${goScalar(server)}`,
    `  name: ${cluster}`,
    'contexts:',
    '- context:',
    `    cluster: ${cluster}`,
    '    namespace: default',
    `    user: ${user}`,
    `  name: ${user}`,
    `current-context: ${user}`,
    'kind: Config',
    'users:',
    `- name: ${user}`,
    '  user:',
    `    client-certificate-data: ${goScalar(crt)}`,
    `    client-key-data: ${goScalar(key)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Cluster, user and context of the same cluster are renewed in place, with what else stands in them; others are not touched. */
export function mergeKubeconfig(
  existing: string | undefined,
  entry: KubeconfigEntry,
  options: Omit<MergeOptions, 'name'>,
): Merged {
  if (existing === undefined || existing.trim() === '') {
    return { text: renderKubeconfig(entry), name: `admin@${entry.clusterName}`, change: 'added' };
  }
  const document = openForMerge(existing, options.file);
  const lists = {
    clusters: listOf(document, 'clusters'),
    contexts: listOf(document, 'contexts'),
    users: listOf(document, 'users'),
  };
  const stateOf = (name: string): AuthorityState => {
    const present = named(lists.clusters, name)?.getIn(['cluster', 'certificate-authority-data']);
    if (
      named(lists.clusters, name) === undefined &&
      named(lists.users, `admin@${name}`) === undefined &&
      named(lists.contexts, `admin@${name}`) === undefined
    )
      return 'absent';
    return typeof present === 'string' && isSameAuthority(decodePem(present), decodePem(entry.ca)) ? 'same' : 'other';
  };
  const { name, change } = placeFor({ ...options, name: entry.clusterName }, stateOf);
  const user = `admin@${name}`;
  const put = (list: Items, key: string, title: string, fields: Readonly<Record<string, string>>): void => {
    const present = change === 'renewed' ? named(list, title) : undefined;
    if (present === undefined) {
      list.items = list.items.filter((item) => item !== named(list, title));
      list.items.push(
        document.createNode(key === 'user' ? { name: title, [key]: fields } : { [key]: fields, name: title }),
      );
      return;
    }
    for (const [field, value] of Object.entries(fields)) {
      if (field !== 'namespace' || !present.hasIn([key, field])) present.setIn([key, field], value);
    }
  };
  put(lists.clusters, 'cluster', name, { 'certificate-authority-data': entry.ca, server: entry.server });
  put(lists.contexts, 'context', user, { cluster: name, namespace: 'default', user });
  put(lists.users, 'user', user, { 'client-certificate-data': entry.crt, 'client-key-data': entry.key });
  if (!document.has('apiVersion')) document.set('apiVersion', 'v1');
  if (!document.has('kind')) document.set('kind', 'Config');
  const current = document.get('current-context');
  if (options.activate || typeof current !== 'string' || current === '') document.set('current-context', user);
  return { text: renderMerged(document, existing, 2), name: user, change };
}

/** Where kubectl writes: the flag, the first path of KUBECONFIG, the home directory. */
export function kubeconfigPath(env: Readonly<Record<string, string | undefined>>, flag?: string): string {
  if (flag !== undefined) return flag;
  const first = (env['KUBECONFIG'] ?? '').split(delimiter).find((path) => path !== '');
  return first ?? join(requireHome(env), '.kube', 'config');
}

interface Items {
  items: unknown[];
}

function listOf(document: ReturnType<typeof openForMerge>, key: string): Items {
  const present: unknown = document.get(key, true);
  if (isSeq(present)) return present;
  const list = document.createNode([]);
  document.set(key, list);
  return list;
}

function named(list: Items, name: string): YAMLMap | undefined {
  return list.items.filter((item) => isMap(item)).find((item) => item.get('name') === name);
}
