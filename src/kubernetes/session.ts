/** The port's calls over any transport: paths, deadlines, shapes and errors, the same for sockets and for the simulator's door. */
import { withDeadline, type Clock } from '../system.ts';
import { socketKey } from '../world.ts';
import { errorOfReply, kubernetesErrorFrom, type KubernetesCall } from './errors.ts';
import { daemonSetOf, deploymentOf, nodeOf, parseList, parseVersion, podOf } from './objects.ts';
import type {
  KubernetesCallOptions,
  KubernetesConnector,
  KubernetesSession,
  KubernetesTarget,
  ObjectQuery,
} from './port.ts';
import type { KubernetesTransport, OpenTransport } from './transport.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

export function createKubernetesConnector(clock: Clock, open: OpenTransport): KubernetesConnector {
  return { connect: (target, credentials) => createSession(clock, target, open(target, credentials)) };
}

function createSession(clock: Clock, target: KubernetesTarget, transport: KubernetesTransport): KubernetesSession {
  const server = socketKey(target.host, target.port);

  async function get<T>(path: string, parse: (body: string) => T, options: KubernetesCallOptions = {}): Promise<T> {
    const deadline = withDeadline(clock, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal);
    const call: KubernetesCall = { server, call: `GET ${path}`, signal: deadline.signal };
    try {
      const reply = await transport.get(path, deadline.signal);
      if (reply.status !== 200) throw errorOfReply(reply, call);
      return parse(reply.body);
    } catch (reason) {
      throw kubernetesErrorFrom(reason, call);
    } finally {
      deadline.dispose();
    }
  }

  return {
    target,
    version: (options) => get('/version', parseVersion, options),
    ready: (options) => get('/readyz', () => undefined, options),
    nodes: (options) => get('/api/v1/nodes', (body) => parseList(body, nodeOf), options),
    pods: (query, options) =>
      get(`/api/v1/namespaces/${query.namespace}/pods${selectorOf(query)}`, (body) => parseList(body, podOf), options),
    deployments: (query, options) =>
      get(
        `/apis/apps/v1/namespaces/${query.namespace}/deployments${selectorOf(query)}`,
        (body) => parseList(body, deploymentOf),
        options,
      ),
    daemonSets: (query, options) =>
      get(
        `/apis/apps/v1/namespaces/${query.namespace}/daemonsets${selectorOf(query)}`,
        (body) => parseList(body, daemonSetOf),
        options,
      ),
    close: () => transport.close(),
  };
}

function selectorOf(query: ObjectQuery): string {
  return query.labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(query.labelSelector)}`;
}
