/**
 * The TLS connection under a session: dials the socket that the world gives for an address, verifies who answers, and only then lets
 * HTTP/2 requests through. Stands in for connect-node's session manager, which cannot check a pinned key before it sends (and a
 * config carries the cluster's keys), nor tell a refused client certificate from a broken connection.
 */
import { once } from 'node:events';
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { isIP } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { fingerprintOfDer } from '../pki/inspect.ts';
import { keyForNode } from '../pki/keys.ts';
import { messageOf } from '../errors.ts';
import { socketKey, type Dialer, type SocketAddress } from '../world.ts';
import { codeOfNodeError, TalosApiError } from './errors.ts';

export interface PeerCheck {
  /** Address or name that the certificate is checked against. */
  readonly host: string;
  readonly port: number;
  /** For messages. */
  readonly node: string;
  readonly identity: ConnectionIdentity;
}

export type ConnectionIdentity =
  /** Nobody's certificate can be verified; a pinned key may be. */
  | { readonly kind: 'maintenance'; readonly fingerprint?: string }
  | { readonly kind: 'secure'; readonly caPem: string; readonly certPem: string; readonly keyPem: string };

/** The maintenance service's certificate has this subject on every version (FINDINGS §1.4). */
const MAINTENANCE_NAME = 'maintenance-service.talos.dev';

/** What gRPC-Go clients of Talos use; a snapshot comes in messages of 1 KiB. */
const STREAM_WINDOW_BYTES = 65_535 * 32;
const CONNECTION_WINDOW_BYTES = 65_535 * 16;

export class NodeConnection {
  /** What connect-node compares request URLs with. */
  readonly authority: string;
  readonly #peer: PeerCheck;
  readonly #dialer: Dialer;
  #session: Promise<ClientHttp2Session> | undefined;
  /** The present one, and those that the node is draining (GOAWAY). */
  readonly #sockets = new Set<TLSSocket>();
  #fingerprint: string | undefined;
  #closed = false;

  constructor(peer: PeerCheck, dialer: Dialer) {
    this.#peer = peer;
    this.#dialer = dialer;
    this.authority = `https://${socketKey(peer.host, peer.port)}`;
  }

  peerFingerprint(): string | undefined {
    return this.#fingerprint;
  }

  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    const session = await this.#open();
    const stream = session.request({ ...headers, ':method': method, ':path': path });
    keepAliveFor(session, stream);
    return stream;
  }

  /** Whether there is a connection, or one is being made. */
  isOpen(): boolean {
    return this.#session !== undefined;
  }

  /** connect-node reports reads for its ping logic, which is not used: nodes count pings (stack.md trap 4). */
  notifyResponseByteRead(): void {}

  drop(): void {
    this.#session = undefined;
    for (const socket of this.#sockets)
      socket.destroy(new TalosApiError('unreachable', `${this.#peer.node}: the connection was given up`));
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  #open(): Promise<ClientHttp2Session> {
    if (this.#closed) throw new TalosApiError('cancelled', `${this.#peer.node}: the session is closed`);
    if (this.#session === undefined) {
      const forget = (): void => {
        if (this.#session === made) this.#session = undefined;
      };
      const made: Promise<ClientHttp2Session> = this.#connect(forget);
      this.#session = made;
      made.catch(forget);
    }
    return this.#session;
  }

  /** `forget` makes the next call dial again. */
  async #connect(forget: () => void): Promise<ClientHttp2Session> {
    const socket = dial(this.#peer, this.#dialer);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    try {
      await verified(socket, this.#peer, (fingerprint) => {
        this.#fingerprint = fingerprint;
      });
    } catch (reason) {
      socket.destroy();
      throw reason;
    }
    const session = connectHttp2(this.authority, {
      createConnection: () => socket,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 64,
    });
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    // After GOAWAY open streams go on, new calls dial again.
    session.once('goaway', forget);
    session.once('close', forget);
    session.on('error', forget);
    session.unref();
    return session;
  }
}

const openStreams = new WeakMap<ClientHttp2Session, number>();

/** A connection keeps the process alive while a call is open on it, and no longer. */
function keepAliveFor(session: ClientHttp2Session, stream: ClientHttp2Stream): void {
  const count = (change: number): number => {
    const now = (openStreams.get(session) ?? 0) + change;
    openStreams.set(session, now);
    return now;
  };
  if (count(1) === 1) session.ref();
  stream.once('close', () => {
    if (count(-1) === 0 && !session.destroyed) session.unref();
  });
}

function dial(peer: PeerCheck, dialer: Dialer): TLSSocket {
  const { host, port, node, identity } = peer;
  const address = whereToDial(peer, dialer);
  if (address === undefined)
    throw new TalosApiError('unreachable', `${node}: there is no machine at ${socketKey(host, port)}`);
  const credentials =
    identity.kind === 'secure' ? { ca: identity.caPem, cert: identity.certPem, key: keyForNode(identity.keyPem) } : {};
  const socket = connectTls({
    ...address,
    ...credentials,
    // The verdict is read below, where a refusal can be told apart from others; nothing is sent before it.
    rejectUnauthorized: false,
    // The identity of the spec, not of the socket that is dialled.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_dialled, certificate) => checkServerIdentity(host, certificate),
    // Not required by a configured node, but by the maintenance server of ≤1.12.
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
  });
  socket.setNoDelay(true);
  return socket;
}

/** A world file that is gone means that the simulation has ended: its machines are no longer there. */
function whereToDial({ host, port, node }: PeerCheck, dialer: Dialer): SocketAddress | undefined {
  try {
    return dialer.dial(host, port);
  } catch (cause) {
    throw new TalosApiError(
      'unreachable',
      `${node}: where to dial ${socketKey(host, port)} is not known: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * Resolves when the node is known to be the one that was meant and has accepted us: under TLS 1.3 a refusal of the client certificate
 * comes only after our side of the handshake, so the server's first words (its HTTP/2 settings) are waited for. Nothing is written
 * before, so that the alert is never lost to a broken pipe.
 */
async function verified(socket: TLSSocket, peer: PeerCheck, seen: (fingerprint: string) => void): Promise<void> {
  const failure = new AbortController();
  const fail = (reason: Error): void => failure.abort(reason);
  socket.on('error', fail);
  const onClose = (): void =>
    fail(new TalosApiError('unreachable', `${peer.node}: the connection was closed during the TLS handshake`));
  socket.on('close', onClose);
  socket.on('end', onClose);
  try {
    await once(socket, 'secureConnect', { signal: failure.signal });
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw new TalosApiError('unreachable', `${peer.node} showed no certificate`);
    const fingerprint = fingerprintOfDer(new Uint8Array(certificate.raw));
    seen(fingerprint);
    checkIdentity({ socket, peer, fingerprint, subject: certificate.subject ?? '' });
    await once(socket, 'readable', { signal: failure.signal });
    if (socket.readableLength === 0)
      throw new TalosApiError('unreachable', `${peer.node} closed the connection after the TLS handshake`);
  } catch (reason) {
    throw failure.signal.aborted ? failure.signal.reason : reason;
  } finally {
    // The error listener stays: an error between here and HTTP/2's own listener must not go unhandled.
    socket.off('close', onClose);
    socket.off('end', onClose);
  }
}

interface Met {
  readonly socket: TLSSocket;
  readonly peer: PeerCheck;
  readonly fingerprint: string;
  readonly subject: string;
}

function checkIdentity({ socket, peer, fingerprint, subject }: Met): void {
  const { identity, node } = peer;
  if (identity.kind === 'maintenance') {
    if (identity.fingerprint === undefined || identity.fingerprint === fingerprint) return;
    throw new TalosApiError(
      'fingerprint-mismatch',
      `${node} shows the key ${fingerprint}, wanted is ${identity.fingerprint}`,
    );
  }
  if (socket.authorized) return;
  // Node sets a code here, whatever the type declarations say; its text where it has none.
  const code = String(socket.authorizationError);
  if (subject.split('\n').includes(`CN=${MAINTENANCE_NAME}`)) {
    throw new TalosApiError('in-maintenance', `${node} is in maintenance mode: it has no config of this cluster`);
  }
  throw new TalosApiError(codeOfNodeError(code) ?? 'wrong-ca', `${node} shows a certificate that was refused: ${code}`);
}
