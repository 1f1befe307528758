import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { createInProcessKubernetesConnector } from '../../src/kubernetes/in-process.ts';
import type { KubernetesCredentials, KubernetesSession } from '../../src/kubernetes/port.ts';
import { createSocketKubernetesConnector } from '../../src/kubernetes/sockets.ts';
import type { KubernetesReply } from '../../src/kubernetes/transport.ts';
import { createAuthority } from '../../src/pki/authority.ts';
import { issueKubernetesClientCertificate, issueServerCertificate } from '../../src/pki/issue.ts';
import type { PemPair } from '../../src/pki/pem.ts';
import { createSystemClock, systemRandom } from '../../src/system.ts';
import type { Dialer } from '../../src/world.ts';
import { describeKubernetes } from './kubernetes.ts';

const clock = createSystemClock();
const issue = { now: new Date(), random: systemRandom };
const authority = await createAuthority({ ...issue, algorithm: 'ecdsa-p256', organization: 'kubernetes' });
const client = await issueKubernetesClientCertificate(authority, issue);
const credentials: KubernetesCredentials = { caPem: authority.crt, certPem: client.crt, keyPem: client.key };
const target = { host: '10.0.4.101', port: 6443 };
const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describeKubernetes('in process', {
  session: async (replies) =>
    createInProcessKubernetesConnector(clock, { get: ({ path }) => answer(replies, path) }).connect(
      target,
      credentials,
    ),
});

describeKubernetes('sockets', { session: (replies) => socketSession(replies) });

describe('sockets', () => {
  const replies = new Map([['/version', { status: 200, body: '{"gitVersion":"v1.36.3"}' }]]);

  test('the certificate is checked against the address of the spec, not of the socket', async () => {
    const session = await socketSession(replies, { ips: ['127.0.0.1'] });

    await expect(session.version()).rejects.toMatchObject({ code: 'identity-mismatch' });
    session.close();
  });

  test("another cluster's API is told from a broken one", async () => {
    const other = await createAuthority({ ...issue, algorithm: 'ecdsa-p256', organization: 'kubernetes' });
    const session = await socketSession(replies, { signer: other });

    await expect(session.version()).rejects.toMatchObject({ code: 'identity-mismatch' });
    session.close();
  });

  test('a client certificate of another authority is refused with its reason', async () => {
    const other = await createAuthority({ ...issue, algorithm: 'ecdsa-p256', organization: 'kubernetes' });
    const stranger = await issueKubernetesClientCertificate(other, issue);
    const session = await socketSession(replies, {
      credentials: { caPem: authority.crt, certPem: stranger.crt, keyPem: stranger.key },
    });

    await expect(session.version()).rejects.toMatchObject({ code: 'permission-denied' });
    session.close();
  });

  test('nothing there, and nothing listening, are unreachable', async () => {
    const nowhere = createSocketKubernetesConnector({ clock, dialer: { dial: () => undefined } }).connect(
      target,
      credentials,
    );
    const closed = createSocketKubernetesConnector({
      clock,
      dialer: { dial: () => ({ host: '127.0.0.1', port: 1 }) },
    }).connect(target, credentials);

    await expect(nowhere.version()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(closed.version()).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a server that died between two calls is met anew', async () => {
    let dialled = 0;
    const first = await listen(replies);
    const second = await listen(replies);
    const dialer: Dialer = { dial: () => ({ host: '127.0.0.1', port: portOf((dialled += 1) === 1 ? first : second) }) };
    const session = createSocketKubernetesConnector({ clock, dialer }).connect(target, credentials);
    await session.version();
    first.closeAllConnections();

    expect(await session.version()).toBe('v1.36.3');
    session.close();
  });
});

interface SocketOptions {
  readonly ips?: readonly string[];
  readonly signer?: PemPair;
  readonly credentials?: KubernetesCredentials;
}

async function socketSession(
  replies: ReadonlyMap<string, KubernetesReply>,
  options: SocketOptions = {},
): Promise<KubernetesSession> {
  const server = await listen(replies, options);
  const dialer: Dialer = { dial: () => ({ host: '127.0.0.1', port: portOf(server) }) };
  return createSocketKubernetesConnector({ clock, dialer }).connect(target, options.credentials ?? credentials);
}

async function listen(replies: ReadonlyMap<string, KubernetesReply>, options: SocketOptions = {}): Promise<Server> {
  const pair = await issueServerCertificate(options.signer ?? authority, {
    ...issue,
    dnsNames: ['kubernetes'],
    ipAddresses: options.ips ?? [target.host],
  });
  const server = createServer(
    { key: pair.key, cert: pair.crt, ca: authority.crt, requestCert: true, rejectUnauthorized: false },
    (request: IncomingMessage, response) => {
      // As kube-apiserver: a foreign certificate is no matter of TLS.
      const isKnown = request.socket instanceof TLSSocket && request.socket.authorized;
      void (
        isKnown
          ? answer(replies, request.url ?? '')
          : Promise.resolve({ status: 401, body: '{"message":"Unauthorized"}' })
      ).then(({ status, body }) => response.writeHead(status).end(body));
    },
  );
  server.on('tlsClientError', (_: Error, socket: TLSSocket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}

function answer(replies: ReadonlyMap<string, KubernetesReply>, path: string): Promise<KubernetesReply> {
  const reply = replies.get(path);
  return reply === undefined ? new Promise(() => undefined) : Promise.resolve(reply);
}
