/**
 * The world file: how a command finds the machines of a simulation instead of those of the real network (design §6). It maps
 * `address:port` as the spec knows it to the socket that the simulator really listens on, and carries the speed of time. Only the
 * dialled socket changes: names and addresses that certificates are checked against stay those of the spec.
 */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { IchorError, messageOf } from './errors.ts';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

export interface World {
  readonly v: 1;
  /** How many times faster than the wall clock the world lives; every wait and deadline is divided by it. */
  readonly speed: number;
  /** Process id of the simulator, for messages. */
  readonly pid: number;
  /** `10.0.4.101:50000` (IPv6 in brackets) → the loopback socket behind it at this moment. */
  readonly sockets: Readonly<Record<string, SocketAddress>>;
}

/** Where a connection for `host:port` really goes; undefined when nothing can be there. */
export interface Dialer {
  dial(host: string, port: number): SocketAddress | undefined;
}

/** The real network: every address is itself. */
export const directDialer: Dialer = { dial: (host, port) => ({ host, port }) };

export function socketKey(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

export function parseWorld(text: string, file: string): World {
  const refuse = (why: string): never => {
    throw new IchorError('invalid-input', `${file} is not a world file of this version of Ichor: ${why}`, {
      hint: 'Start `ichor sim` again and pass the world file that it names.',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (reason) {
    return refuse(messageOf(reason));
  }
  if (!isWorld(value)) return refuse('expected {"v": 1, "speed": …, "pid": …, "sockets": {…}}');
  return value;
}

/** Reads the file again whenever it has changed: addresses move while a cluster comes up. */
export function createWorldDialer(file: string): Dialer {
  let stamp = -1;
  let world: World | undefined;
  return {
    dial(host, port) {
      const now = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      // The simulation has ended, and its machines with it.
      if (now === undefined) return undefined;
      if (world === undefined || now !== stamp) {
        world = parseWorld(readFileSync(file, 'utf8'), file);
        stamp = now;
      }
      return world.sockets[socketKey(host, port)];
    },
  };
}

function isWorld(value: unknown): value is World {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    value.v === 1 &&
    'speed' in value &&
    typeof value.speed === 'number' &&
    value.speed > 0 &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'sockets' in value &&
    typeof value.sockets === 'object' &&
    value.sockets !== null
  );
}
