/** kube-apiserver of a simulated control plane over HTTPS. */
import { createServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { keyForNode } from '../../pki/keys.ts';
import { answerKubernetes } from '../cluster/api-server.ts';
import type { Simulation } from '../simulation.ts';
import type { ServerIdentity } from './certificates.ts';
import type { Generation } from './sockets.ts';

export interface KubernetesServerOptions {
  readonly simulation: Simulation;
  readonly machine: string;
  readonly identity: ServerIdentity;
}

export function createKubernetesServer({ simulation, machine, identity }: KubernetesServerOptions): Generation {
  const open = new Set<Socket>();
  const server = createServer(
    {
      cert: identity.pair.crt,
      key: keyForNode(identity.pair.key),
      requestCert: true,
      rejectUnauthorized: false,
      ca: [...(identity.clientAuthorities ?? [])],
    },
    (request, response) => {
      if (simulation.view(machine).machine.isSilent) return;
      readBody(request)
        .then((body) => {
          const clientCertificate = certificateOf(request.socket);
          const reply = answerKubernetes(simulation, machine, {
            method: request.method ?? 'GET',
            path: request.url ?? '/',
            body,
            ...(clientCertificate === undefined ? {} : { clientCertificate }),
          });
          response.writeHead(reply.status, { 'content-type': reply.contentType });
          response.end(reply.body);
        })
        .catch(() => response.destroy());
    },
  );
  server.on('tlsClientError', () => undefined);
  server.on('error', () => undefined);
  return {
    take: (socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      server.emit('connection', socket);
    },
    retire: () => server.closeIdleConnections(),
    destroy: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

/** Only a certificate that the cluster's authority issued says who one is. */
function certificateOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.toString();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
