/** One generation of a machine's Talos API: HTTP/2 over TLS with one certificate and one way of treating clients. */
import type { IncomingMessage } from 'node:http';
import { createSecureServer, Http2ServerRequest, type Http2Session } from 'node:http2';
import { TLSSocket } from 'node:tls';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { keyForNode } from '../../pki/keys.ts';
import { hasOnlyClientAuth, rolesOf, type Caller } from '../api/caller.ts';
import { PEER_KEY, type Served } from '../api/call.ts';
import { talosRoutes } from '../api/routes.ts';
import { requiresTls13, type TalosVersion } from '../versions.ts';
import type { ServerIdentity } from './certificates.ts';
import type { Generation } from './sockets.ts';

export interface TalosServerOptions {
  readonly served: Served;
  readonly identity: ServerIdentity;
  readonly version: TalosVersion;
}

/** Talos' limit in both directions. */
const MESSAGE_LIMIT = 32 * 2 ** 20;

export function createTalosServer({ served, identity, version }: TalosServerOptions): Generation {
  const handler = connectNodeAdapter({
    routes: talosRoutes(served),
    connect: false,
    grpcWeb: false,
    readMaxBytes: MESSAGE_LIMIT,
    writeMaxBytes: MESSAGE_LIMIT,
    contextValues: (request) =>
      createContextValues().set(PEER_KEY, { caller: callerOf(request.socket), break: () => breakConnection(request) }),
  });
  const asksClients = identity.clientAuthorities !== undefined;
  const server = createSecureServer(
    {
      cert: identity.pair.crt,
      key: keyForNode(identity.pair.key),
      minVersion: requiresTls13(version) ? 'TLSv1.3' : 'TLSv1.2',
      requestCert: asksClients,
      rejectUnauthorized: asksClients,
      ...(identity.clientAuthorities === undefined ? {} : { ca: [...identity.clientAuthorities] }),
    },
    (request, response) => handler(request, response),
  );
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  if (asksClients) {
    server.prependListener('secureConnection', (socket) => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined || !hasOnlyClientAuth(certificate)) socket.destroy();
    });
  }
  // Refused handshakes are the client's business; the server goes on.
  server.on('tlsClientError', () => undefined);
  server.on('error', () => undefined);
  return {
    take: (socket) => {
      server.emit('connection', socket);
    },
    retire: () => {
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** Ends the whole connection: the socket of an HTTP/2 request only stands for its stream. */
function breakConnection(request: IncomingMessage | Http2ServerRequest): void {
  if (request instanceof Http2ServerRequest) request.stream.session?.destroy();
  else request.socket.destroy();
}

function callerOf(socket: Http2ServerRequest['socket']): Caller {
  if (!(socket instanceof TLSSocket)) return { kind: 'anonymous' };
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? { kind: 'anonymous' } : { kind: 'certificate', roles: rolesOf(certificate) };
}
