/**
 * A TCP proxy on loopback whose connections can be made to die without a word, as after a power cut: nothing more is passed on, no
 * FIN, no RST. New connections work.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { SocketAddress } from '../../src/world.ts';

export interface FlakyProxy {
  readonly address: SocketAddress;
  /** All connections made so far go silent for ever. */
  silence(): void;
  /** How many connections were made. */
  connections(): number;
  close(): void;
}

export async function startFlakyProxy(to: SocketAddress): Promise<FlakyProxy> {
  const pairs: (readonly [Socket, Socket])[] = [];
  const server = createServer((inner) => {
    const outer = connect(to.port, to.host);
    for (const [from, into] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (chunk: Buffer) => into.write(chunk));
      from.on('end', () => into.end());
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
    }
    pairs.push([inner, outer]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return {
    address: { host: '127.0.0.1', port: address.port },
    silence() {
      for (const [inner, outer] of pairs) {
        for (const socket of [inner, outer]) {
          socket.removeAllListeners('data');
          socket.removeAllListeners('end');
          socket.removeAllListeners('close');
          socket.on('data', () => {});
        }
      }
    },
    connections: () => pairs.length,
    close() {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
    },
  };
}
