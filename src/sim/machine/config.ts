/**
 * What a simulated machine takes out of a machine config, in the form of any of the four minors: v1alpha1 fields and the documents that replace
 * them (talos-3-config.md §4.2, talos-4-documents.md). It reads leniently; whether a config is valid is `validate.ts`' question.
 */
import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { readNetworkWishes, type NetworkWishes } from './config-network.ts';
import { at, flagAt, isTree, listAt, textAt, textMapAt, textsAt, treeAt, type Tree } from './tree.ts';

export interface PemPairFacts {
  readonly crt: string;
  /** Absent on workers. */
  readonly key?: string;
}

export interface InstallWish {
  readonly device?: string;
  /** v1alpha1 `diskSelector`. */
  readonly selector?: Tree;
  /** CEL of UnattendedInstallConfig. */
  readonly match?: string;
  readonly image?: string;
  readonly wipe: boolean;
  readonly isUnattended: boolean;
  readonly reboots: boolean;
}

export interface TaintFacts {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface ComponentImages {
  readonly kubelet: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly proxy: string;
  readonly etcd?: string;
}

export interface ConfigFacts {
  /** False for a config of documents only: not enough to leave maintenance. */
  readonly isComplete: boolean;
  readonly documents: readonly Tree[];
  readonly role: 'controlplane' | 'worker';
  readonly clusterName: string;
  readonly endpoint?: string;
  readonly clusterId?: string;
  readonly clusterSecret?: string;
  /** Tells clusters apart: machines whose configs share it form one. */
  readonly clusterKey: string;
  readonly isDiscoveryOn: boolean;
  readonly talosCa?: PemPairFacts;
  readonly acceptedCas: readonly string[];
  readonly certSans: readonly string[];
  readonly etcdCa?: PemPairFacts;
  readonly kubernetesCa?: PemPairFacts;
  readonly kubernetesCertSans: readonly string[];
  readonly install?: InstallWish;
  readonly network: NetworkWishes;
  readonly images: ComponentImages;
  readonly cni: 'flannel' | 'none' | 'custom';
  readonly hasProxy: boolean;
  readonly hasCoreDns: boolean;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly dnsDomain: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly TaintFacts[];
  readonly schedulesOnControlPlane: boolean;
  readonly extensionServices: readonly string[];
  readonly userVolumes: readonly { readonly name: string; readonly match?: string; readonly maxSize?: string }[];
}

/** Throws what the YAML library says of text that is not YAML. */
export function parseDocuments(text: string): readonly Tree[] {
  const documents: Tree[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    if (isTree(value)) documents.push(value);
  }
  return documents;
}

export function readConfig(text: string): ConfigFacts {
  const documents = parseDocuments(text);
  const legacy = documents.find(
    (document) => at(document, 'kind') === undefined && at(document, 'machine') !== undefined,
  );
  const kind = (name: string): Tree | undefined => documents.find((document) => at(document, 'kind') === name);
  const role = textAt(legacy, 'machine', 'type') === 'worker' ? 'worker' : 'controlplane';
  const clusterId = textAt(legacy, 'cluster', 'id') ?? textAt(kind('DiscoveryIdentityConfig'), 'clusterID');
  const talosCa = encodedPair(at(legacy, 'machine', 'ca'));
  const clusterName =
    textAt(legacy, 'cluster', 'clusterName') ?? textAt(kind('KubeClusterConfig'), 'clusterName') ?? '';
  return {
    isComplete: legacy !== undefined,
    documents,
    role,
    clusterName,
    ...optional(
      'endpoint',
      textAt(legacy, 'cluster', 'controlPlane', 'endpoint') ?? textAt(kind('KubeClusterConfig'), 'endpoint'),
    ),
    ...optional('clusterId', clusterId),
    ...optional(
      'clusterSecret',
      textAt(legacy, 'cluster', 'secret') ?? textAt(kind('DiscoveryIdentityConfig'), 'clusterSecret'),
    ),
    clusterKey: clusterId ?? digest(talosCa?.crt ?? clusterName),
    isDiscoveryOn: flagAt(legacy, 'cluster', 'discovery', 'enabled') ?? kind('DiscoveryServiceConfig') !== undefined,
    ...optional('talosCa', talosCa),
    acceptedCas: listAt(legacy, 'machine', 'acceptedCAs')
      .map((item) => encodedPair(item)?.crt)
      .filter((crt) => crt !== undefined),
    certSans: textsAt(legacy, 'machine', 'certSANs'),
    ...optional('etcdCa', encodedPair(at(legacy, 'cluster', 'etcd', 'ca'))),
    ...optional('kubernetesCa', kubernetesCa(legacy, kind('KubeAPIServerCAConfig'))),
    kubernetesCertSans: [
      ...textsAt(legacy, 'cluster', 'apiServer', 'certSANs'),
      ...textsAt(kind('KubeAPIServerConfig'), 'certExtraSANs'),
    ],
    ...optional('install', installWish(legacy, kind('UnattendedInstallConfig'))),
    network: readNetworkWishes(legacy, documents),
    ...kubernetesFacts(legacy, kind, role),
    extensionServices: documents
      .filter((document) => at(document, 'kind') === 'ExtensionServiceConfig')
      .map((document) => textAt(document, 'name') ?? ''),
    userVolumes: documents
      .filter((document) => at(document, 'kind') === 'UserVolumeConfig')
      .map((document) => ({
        name: textAt(document, 'name') ?? '',
        ...optional('match', textAt(document, 'provisioning', 'diskSelector', 'match')),
        ...optional('maxSize', textAt(document, 'provisioning', 'maxSize')),
      })),
  };
}

type KubernetesFacts = Pick<
  ConfigFacts,
  | 'images'
  | 'cni'
  | 'hasProxy'
  | 'hasCoreDns'
  | 'podCidrs'
  | 'serviceCidrs'
  | 'dnsDomain'
  | 'labels'
  | 'annotations'
  | 'taints'
  | 'schedulesOnControlPlane'
>;

function kubernetesFacts(
  legacy: Tree | undefined,
  kind: (name: string) => Tree | undefined,
  role: 'controlplane' | 'worker',
): KubernetesFacts {
  const isLegacy =
    at(legacy, 'machine', 'kubelet') !== undefined || at(legacy, 'cluster', 'controlPlane') !== undefined;
  const image = (name: string, document: string, path: readonly string[]): string =>
    textAt(legacy, ...path, 'image') ?? textAt(kind(document), 'image') ?? `registry.k8s.io/${name}:v0.0.0`;
  const node = kind('KubeNodeConfig');
  const schedules =
    flagAt(legacy, 'cluster', 'allowSchedulingOnControlPlanes') ??
    (node !== undefined && at(node, 'taints', CONTROL_PLANE) === undefined);
  const podCidrs = [
    ...textsAt(legacy, 'cluster', 'network', 'podSubnets'),
    ...textsAt(kind('KubeNetworkConfig'), 'podSubnets'),
  ];
  const serviceCidrs = [
    ...textsAt(legacy, 'cluster', 'network', 'serviceSubnets'),
    ...textsAt(kind('KubeNetworkConfig'), 'serviceSubnets'),
  ];
  return {
    images: {
      kubelet: image('kubelet', 'KubeletConfig', ['machine', 'kubelet']),
      apiServer: image('kube-apiserver', 'KubeAPIServerConfig', ['cluster', 'apiServer']),
      controllerManager: image('kube-controller-manager', 'KubeControllerManagerConfig', [
        'cluster',
        'controllerManager',
      ]),
      scheduler: image('kube-scheduler', 'KubeSchedulerConfig', ['cluster', 'scheduler']),
      proxy: image('kube-proxy', 'KubeProxyConfig', ['cluster', 'proxy']),
      ...optional('etcd', textAt(legacy, 'cluster', 'etcd', 'image') ?? textAt(kind('EtcdConfig'), 'image')),
    },
    cni: cniOf(legacy, kind, isLegacy),
    hasProxy: isLegacy
      ? flagAt(legacy, 'cluster', 'proxy', 'disabled') !== true
      : kind('KubeProxyConfig') !== undefined,
    hasCoreDns: isLegacy
      ? flagAt(legacy, 'cluster', 'coreDNS', 'disabled') !== true
      : flagAt(kind('KubeCoreDNSConfig'), 'enabled') !== false,
    podCidrs: podCidrs.length > 0 ? podCidrs : ['10.244.0.0/16'],
    serviceCidrs: serviceCidrs.length > 0 ? serviceCidrs : ['10.96.0.0/12'],
    dnsDomain:
      textAt(legacy, 'cluster', 'network', 'dnsDomain') ??
      textAt(kind('KubeNetworkConfig'), 'dnsDomain') ??
      'cluster.local',
    labels: {
      ...(role === 'controlplane' ? { [CONTROL_PLANE]: '' } : {}),
      ...textMapAt(legacy, 'machine', 'nodeLabels'),
      ...textMapAt(node, 'labels'),
    },
    annotations: { ...textMapAt(legacy, 'machine', 'nodeAnnotations'), ...textMapAt(node, 'annotations') },
    taints: taintsOf(
      { ...textMapAt(legacy, 'machine', 'nodeTaints'), ...textMapAt(node, 'taints') },
      role === 'controlplane' && !schedules,
    ),
    schedulesOnControlPlane: schedules,
  };
}

export const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

function cniOf(
  legacy: Tree | undefined,
  kind: (name: string) => Tree | undefined,
  isLegacy: boolean,
): 'flannel' | 'none' | 'custom' {
  const name = textAt(legacy, 'cluster', 'network', 'cni', 'name');
  if (name === 'none' || name === 'custom' || name === 'flannel') return name;
  if (isLegacy || kind('KubeFlannelCNIConfig') !== undefined) return 'flannel';
  return kind('KubeExternalManifestConfig') === undefined ? 'none' : 'custom';
}

/** `key: value:Effect` or `key: Effect`. */
function taintsOf(taints: Readonly<Record<string, string>>, keepsWorkloadsOff: boolean): readonly TaintFacts[] {
  const all = Object.entries(taints).map(([key, text]): TaintFacts => {
    const colon = text.lastIndexOf(':');
    return colon < 0 ? { key, effect: text } : { key, value: text.slice(0, colon), effect: text.slice(colon + 1) };
  });
  if (!keepsWorkloadsOff || all.some((taint) => taint.key === CONTROL_PLANE)) return all;
  return [...all, { key: CONTROL_PLANE, effect: 'NoSchedule' }];
}

function installWish(legacy: Tree | undefined, unattended: Tree | undefined): InstallWish | undefined {
  if (unattended !== undefined) {
    const image = textAt(unattended, 'installer', 'image');
    return {
      ...optional('match', textAt(unattended, 'provisioning', 'diskSelector', 'match')),
      ...optional('image', image),
      wipe: flagAt(unattended, 'provisioning', 'wipe') ?? false,
      isUnattended: true,
      reboots: flagAt(unattended, 'reboot') ?? image !== undefined,
    };
  }
  const install = at(legacy, 'machine', 'install');
  if (!isTree(install)) return undefined;
  const selector = at(install, 'diskSelector');
  return {
    ...optional('device', textAt(install, 'disk')),
    ...optional('selector', isTree(selector) ? selector : undefined),
    ...optional('image', textAt(install, 'image')),
    wipe: flagAt(install, 'wipe') ?? false,
    isUnattended: false,
    reboots: true,
  };
}

function kubernetesCa(legacy: Tree | undefined, document: Tree | undefined): PemPairFacts | undefined {
  const encoded = encodedPair(at(legacy, 'cluster', 'ca'));
  if (encoded !== undefined || document === undefined) return encoded;
  const crt = textAt(document, 'issuingCA', 'cert') ?? textsAt(document, 'acceptedCAs')[0];
  return crt === undefined ? undefined : { crt, ...optional('key', textAt(treeAt(document, 'issuingCA'), 'key')) };
}

/** `{crt, key}` of base64 over PEM. */
function encodedPair(value: unknown): PemPairFacts | undefined {
  const crt = textAt(value, 'crt');
  if (crt === undefined) return undefined;
  const key = textAt(value, 'key');
  return { crt: decode(crt), ...optional('key', key === undefined ? undefined : decode(key)) };
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** A property that is left out when there is nothing to say. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const found: { [P in K]?: V } = {};
  if (value !== undefined) found[key] = value;
  return found;
}
