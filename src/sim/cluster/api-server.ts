/**
 * What kube-apiserver of a simulated control plane answers: version, health, Nodes, pods, workloads and leases, for reading; and Node
 * patches as cordoning does them. Both doors put it behind their own transport.
 */
import { certificateOrganizations } from './client-certificate.ts';
import { hasQuorum } from './etcd.ts';
import { updateNode } from './kubernetes.ts';
import {
  daemonSetObjects,
  deploymentObjects,
  leaseObjects,
  nodeObjects,
  podObjects,
  type ClusterMoment,
  type KubernetesObject,
} from './objects.ts';
import type { Simulation } from '../simulation.ts';
import { updateCluster } from '../machine/turn.ts';

export interface ApiRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** PEM of the client's certificate, once the transport has checked who issued it; absent: anonymous. */
  readonly clientCertificate?: string;
  readonly body?: string;
}

export interface ApiReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export function answerKubernetes(simulation: Simulation, machine: string, request: ApiRequest): ApiReply {
  const { cluster } = simulation.view(machine);
  const url = new URL(request.path, 'https://kubernetes');
  if (cluster === undefined) return status(503, 'ServiceUnavailable', 'the server is starting');
  const health = answerHealth(url, hasQuorum(cluster.etcd));
  if (health !== undefined) return health;
  const organizations =
    request.clientCertificate === undefined ? [] : certificateOrganizations(request.clientCertificate);
  if (url.pathname === '/version') return json(200, versionOf(simulation, machine));
  if (organizations.length === 0) return status(401, 'Unauthorized', 'Unauthorized');
  if (!organizations.includes('system:masters'))
    return status(403, 'Forbidden', `forbidden: User cannot ${request.method.toLowerCase()} path "${url.pathname}"`);
  if (!hasQuorum(cluster.etcd))
    return status(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
  const moment: ClusterMoment = {
    world: simulation.world(),
    cluster,
    now: simulation.clock.now(),
    latencies: simulation.latencies,
  };
  if (request.method === 'PATCH') return patchNode(simulation, machine, url, request.body ?? '');
  if (request.method !== 'GET') return status(405, 'MethodNotAllowed', 'the simulated API server does not write this');
  return answerRead(moment, url);
}

function answerHealth(url: URL, isEtcdUp: boolean): ApiReply | undefined {
  const path = url.pathname;
  if (!['/readyz', '/livez', '/healthz'].includes(path)) return undefined;
  const checks = [
    'ping',
    'log',
    ...(path === '/livez' ? [] : ['etcd', 'etcd-readiness']),
    'informer-sync',
    'poststarthook/start-apiserver-admission-initializer',
  ];
  const passes = (check: string): boolean => isEtcdUp || !check.startsWith('etcd');
  const isOk = checks.every(passes);
  if (isOk && !url.searchParams.has('verbose'))
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok' };
  const lines = checks.map((check) => (passes(check) ? `[+]${check} ok` : `[-]${check} failed: reason withheld`));
  return {
    status: isOk ? 200 : 500,
    contentType: 'text/plain; charset=utf-8',
    body: `${lines.join('\n')}\n${path.slice(1)} check ${isOk ? 'passed' : 'failed'}\n`,
  };
}

function versionOf(simulation: Simulation, machine: string): Readonly<Record<string, string>> {
  const image = simulation.view(machine).run?.config?.facts.images.apiServer ?? '';
  const gitVersion = /:(v[\d.]+)/.exec(image)?.[1] ?? 'v0.0.0';
  const [major = '', minor = ''] = gitVersion.slice(1).split('.');
  return {
    major,
    minor,
    gitVersion,
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: 'go1.26.8',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

type Collection = readonly [
  list: string,
  kind: string,
  objects: (moment: ClusterMoment) => readonly KubernetesObject[],
];

const COLLECTIONS: Readonly<Record<string, Collection>> = {
  'v1/nodes': ['NodeList', 'v1', nodeObjects],
  'v1/pods': ['PodList', 'v1', podObjects],
  'apps/v1/daemonsets': ['DaemonSetList', 'apps/v1', daemonSetObjects],
  'apps/v1/deployments': ['DeploymentList', 'apps/v1', deploymentObjects],
  'coordination.k8s.io/v1/leases': ['LeaseList', 'coordination.k8s.io/v1', leaseObjects],
  'v1/namespaces': [
    'NamespaceList',
    'v1',
    () =>
      ['default', 'kube-node-lease', 'kube-public', 'kube-system'].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
        status: { phase: 'Active' },
      })),
  ],
};

function answerRead(moment: ClusterMoment, url: URL): ApiReply {
  const discovery = DISCOVERY[url.pathname];
  if (discovery !== undefined) return json(200, discovery);
  const match = /^\/(?:api|apis\/([^/]+))\/(v\d+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(
    url.pathname,
  );
  const [, group, version = '', namespace, resource = '', name] = match ?? [];
  const collection = COLLECTIONS[`${group === undefined ? '' : `${group}/`}${version}/${resource}`];
  if (collection === undefined) return status(404, 'NotFound', 'the server could not find the requested resource');
  const [kind, apiVersion, objects] = collection;
  const selector = parseSelector(url.searchParams.get('labelSelector') ?? '');
  const all = objects(moment).filter(
    (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && selector(object.metadata.labels ?? {}),
  );
  if (name === undefined)
    return json(200, {
      kind,
      apiVersion,
      metadata: { resourceVersion: String(moment.cluster.kubernetes.resourceVersion) },
      items: all,
    });
  const found = all.find((object) => object.metadata.name === name);
  return found === undefined ? status(404, 'NotFound', `${resource} "${name}" not found`) : json(200, found);
}

/** Enough of discovery for kubectl to find the kinds above. */
const DISCOVERY: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: ['apps', 'coordination.k8s.io'].map((name) => ({
      name,
      versions: [{ groupVersion: `${name}/v1`, version: 'v1' }],
      preferredVersion: { groupVersion: `${name}/v1`, version: 'v1' },
    })),
  },
  '/api/v1': resources('v1', [
    ['nodes', 'Node', false, 'no'],
    ['pods', 'Pod', true, 'po'],
    ['namespaces', 'Namespace', false, 'ns'],
  ]),
  '/apis/apps/v1': resources('apps/v1', [
    ['daemonsets', 'DaemonSet', true, 'ds'],
    ['deployments', 'Deployment', true, 'deploy'],
  ]),
  '/apis/coordination.k8s.io/v1': resources('coordination.k8s.io/v1', [['leases', 'Lease', true, 'lease']]),
};

function resources(groupVersion: string, kinds: readonly (readonly [string, string, boolean, string])[]): unknown {
  return {
    kind: 'APIResourceList',
    groupVersion,
    resources: kinds.map(([name, kind, namespaced, short]) => ({
      name,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['get', 'list'],
      shortNames: [short],
    })),
  };
}

/** Equality, `in`, `notin`, existence, joined by commas. */
export function parseSelector(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const terms =
    text
      .match(/[^,()]+(?:\([^)]*\))?/g)
      ?.map((term) => term.trim())
      .filter((term) => term !== '') ?? [];
  const tests = terms.map((term): ((labels: Readonly<Record<string, string>>) => boolean) => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
    if (set !== null) {
      const [, key = '', operator, values = ''] = set;
      const wanted = values.split(',').map((value) => value.trim());
      return (labels) => (operator === 'in') === (labels[key] !== undefined && wanted.includes(labels[key]));
    }
    const equal = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
    if (equal !== null) {
      const [, key = '', operator, value = ''] = equal;
      return (labels) => (operator === '!=') !== (labels[key] === value);
    }
    return term.startsWith('!')
      ? (labels) => labels[term.slice(1)] === undefined
      : (labels) => labels[term] !== undefined;
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Cordon and uncordon. */
function patchNode(simulation: Simulation, machine: string, url: URL, body: string): ApiReply {
  const name = /^\/api\/v1\/nodes\/([^/]+)$/.exec(url.pathname)?.[1];
  const { cluster } = simulation.view(machine);
  if (name === undefined || cluster?.kubernetes.nodes[name] === undefined)
    return status(404, 'NotFound', `nodes "${name ?? ''}" not found`);
  const patch: unknown = JSON.parse(body);
  const spec = typeof patch === 'object' && patch !== null && 'spec' in patch ? patch.spec : undefined;
  const unschedulable =
    typeof spec === 'object' && spec !== null && 'unschedulable' in spec && spec.unschedulable === true;
  simulation.act(machine, (turn) =>
    updateCluster(turn, { ...cluster, kubernetes: updateNode(cluster.kubernetes, name, { unschedulable }) }),
  );
  const now = simulation.view(machine).cluster ?? cluster;
  const object = nodeObjects({
    world: simulation.world(),
    cluster: now,
    now: simulation.clock.now(),
    latencies: simulation.latencies,
  }).find((node) => node.metadata.name === name);
  return json(200, object);
}

function json(code: number, value: unknown): ApiReply {
  return { status: code, contentType: 'application/json', body: JSON.stringify(value) };
}

function status(code: number, reason: string, message: string): ApiReply {
  return json(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}
