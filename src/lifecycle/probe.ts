/** Whether anything listens on a TCP port: what the scan of a subnet asks. */
import { connect } from 'node:net';
import type { Clock } from '../system.ts';
import type { Dialer } from '../world.ts';

export interface PortProbe {
  /** Never rejects; false as well when stopped. */
  isOpen(host: string, port: number, signal: AbortSignal): Promise<boolean>;
}

const PROBE_TIMEOUT_MS = 1_000;

export function createTcpProbe(dialer: Dialer, clock: Clock): PortProbe {
  return {
    isOpen(host, port, signal) {
      const address = dialer.dial(host, port);
      if (address === undefined || signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const socket = connect(address);
        const end = (isOpen: boolean): void => {
          cancel();
          signal.removeEventListener('abort', stop);
          socket.destroy();
          resolve(isOpen);
        };
        const stop = (): void => end(false);
        const cancel = clock.setTimer(PROBE_TIMEOUT_MS, stop);
        signal.addEventListener('abort', stop, { once: true });
        socket.once('connect', () => end(true));
        socket.once('error', stop);
      });
    },
  };
}
