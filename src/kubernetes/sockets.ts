/**
 * The port over TLS sockets with a client certificate. Plain `node:https`: bring-up needs seven GETs, and loading a whole Kubernetes
 * client for them costs half a second of every start (stack.md).
 */
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { IchorError } from '../errors.ts';
import type { Clock } from '../system.ts';
import { socketKey, type Dialer } from '../world.ts';
import type { KubernetesConnector, KubernetesCredentials, KubernetesTarget } from './port.ts';
import { createKubernetesConnector } from './session.ts';
import type { KubernetesReply, KubernetesTransport } from './transport.ts';

export interface SocketConnectorOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
}

export function createSocketKubernetesConnector(options: SocketConnectorOptions): KubernetesConnector {
  return createKubernetesConnector(options.clock, (target, credentials) =>
    openSockets(target, credentials, options.dialer),
  );
}

function openSockets(
  target: KubernetesTarget,
  credentials: KubernetesCredentials,
  dialer: Dialer,
): KubernetesTransport {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    ca: credentials.caPem,
    cert: credentials.certPem,
    key: credentials.keyPem,
    // The identity of the spec, not of the socket that is dialled; an address is no server name (RFC 6066).
    servername: isIP(target.host) === 0 ? target.host : '',
    checkServerIdentity: (_dialled, certificate) => checkServerIdentity(target.host, certificate),
  });
  return {
    get(path, signal) {
      const socket = dialer.dial(target.host, target.port);
      const server = socketKey(target.host, target.port);
      if (socket === undefined) throw new IchorError('unreachable', `Kubernetes API at ${server}: nothing is there`);
      return new Promise<KubernetesReply>((resolve, reject) => {
        const call = request(
          { ...socket, path, agent, signal, headers: { host: server, accept: 'application/json' } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () =>
              resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
            );
          },
        );
        // A dead kept-alive socket must not be met again: the agent drops it on error.
        call.on('error', reject);
        call.end();
      });
    },
    close: () => agent.destroy(),
  };
}
