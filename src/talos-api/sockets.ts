/** The port over TLS sockets: real nodes, and the simulator's outer door. */
import { createGrpcTransport } from '@connectrpc/connect-node';
import { createSystemClock, type Clock } from '../system.ts';
import { directDialer, type Dialer } from '../world.ts';
import type { NodeChannel } from './channel.ts';
import { NodeConnection, type ConnectionIdentity } from './connection.ts';
import type { TalosConnector, TalosTarget } from './port.ts';
import { createSession, describeTarget } from './session.ts';

export interface SocketOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /**
   * No deadline is shorter than this by the wall clock: a simulated world may be sped up, the TLS handshakes of its sockets are not.
   * 0 on the real network, a second elsewhere.
   */
  readonly leastWallMs?: number;
}

/** Talos' own limit, both ways (talos-1-api.md §1.1). */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

export function createTalosConnector(options: SocketOptions): TalosConnector {
  const { dialer, leastWallMs = dialer === directDialer ? 0 : 1_000 } = options;
  const clock = withLeastWall(options.clock, leastWallMs);
  return {
    maintenance(target, { fingerprint } = {}) {
      const identity: ConnectionIdentity =
        fingerprint === undefined ? { kind: 'maintenance' } : { kind: 'maintenance', fingerprint };
      return createSession({ clock, target, channel: createSocketChannel(target, identity, dialer) });
    },
    secure(target, credentials, { via } = {}) {
      const channel = createSocketChannel(via ?? target, { kind: 'secure', ...credentials }, dialer);
      return createSession(via === undefined ? { clock, target, channel } : { clock, target, channel, via });
    },
  };
}

/** A clock whose timers also wait for `leastMs` of wall time. */
function withLeastWall(clock: Clock, leastMs: number): Clock {
  if (leastMs <= 0) return clock;
  const wall = createSystemClock();
  return {
    now: () => clock.now(),
    setTimer(ms, callback) {
      let waiting = 2;
      const oneIsOver = (): void => {
        waiting -= 1;
        if (waiting === 0) callback();
      };
      const cancels = [clock.setTimer(ms, oneIsOver), wall.setTimer(leastMs, oneIsOver)];
      return () => {
        for (const cancel of cancels) cancel();
      };
    },
  };
}

function createSocketChannel(dialled: TalosTarget, identity: ConnectionIdentity, dialer: Dialer): NodeChannel {
  const connection = new NodeConnection(
    { host: dialled.host, port: dialled.port, node: describeTarget(dialled), identity },
    dialer,
  );
  const transport = createGrpcTransport({
    baseUrl: connection.authority,
    sessionManager: connection,
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
    // Talos compresses nothing unless asked; an answer is small or compressed already.
    acceptCompression: [],
  });
  return {
    transport,
    peerFingerprint: () => connection.peerFingerprint(),
    isOpen: () => connection.isOpen(),
    drop: () => connection.drop(),
    close: () => connection.close(),
  };
}
