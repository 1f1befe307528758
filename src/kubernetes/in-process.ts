/**
 * The port over a function instead of sockets: the simulator's in-process door is handed in, so that whole clusters run on a virtual
 * clock. The shapes are structural; the simulator knows nothing of this room.
 */
import type { Clock } from '../system.ts';
import type { KubernetesConnector, KubernetesCredentials } from './port.ts';
import { createKubernetesConnector } from './session.ts';
import type { KubernetesReply } from './transport.ts';

export interface InProcessKubernetes {
  /**
   * Answers a GET as the API server at host:port would for this client certificate. An error that a socket would have met is
   * thrown, with Node's code (`ECONNREFUSED`, …); a silent server never settles, and the call ends with its signal.
   */
  get(request: {
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly credentials: KubernetesCredentials;
  }): Promise<KubernetesReply>;
}

export function createInProcessKubernetesConnector(clock: Clock, network: InProcessKubernetes): KubernetesConnector {
  return createKubernetesConnector(clock, (target, credentials) => ({
    get: (path, signal) =>
      untilAborted(network.get({ host: target.host, port: target.port, path, credentials }), signal),
    close: () => undefined,
  }));
}

function untilAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    answer
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
      .catch(() => undefined);
    if (signal.aborted) stop();
  });
}
