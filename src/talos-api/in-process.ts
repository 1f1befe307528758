/**
 * The port over the simulator's in-process door: Connect's router transport instead of sockets, so that property tests run whole
 * clusters on a virtual clock. The simulator hands in an `InProcessNetwork`; it knows nothing of this room (the shapes are structural).
 *
 * A network is asked before every call, so that a machine that reboots, changes its credentials or goes silent takes effect at once:
 * it gives a transport of `createRouterTransport`, or the error that dialling would have met. Errors are translated like those of
 * sockets: a `ConnectError`, or any error with Node's code (`ECONNREFUSED`, `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`,
 * `UNABLE_TO_VERIFY_LEAF_SIGNATURE` …). A silent machine gives a transport whose calls do not settle before they are aborted.
 */
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { Clock } from '../system.ts';
import type { NodeChannel } from './channel.ts';
import { codeOfNodeError, TalosApiError } from './errors.ts';
import type { TalosConnector, TalosTarget } from './port.ts';
import { createSession, describeTarget } from './session.ts';

export type InProcessCaller =
  | { readonly kind: 'maintenance' }
  | { readonly kind: 'certificate'; readonly caPem: string; readonly certPem: string; readonly keyPem: string };

export interface InProcessNetwork {
  connect(host: string, port: number, caller: InProcessCaller): Transport | Error;
  /** Base64 of SHA-256 of the public key that the machine at this address shows at present. */
  fingerprint?(host: string, port: number): string | undefined;
}

export interface InProcessOptions {
  readonly clock: Clock;
  readonly network: InProcessNetwork;
}

export function createInProcessConnector(options: InProcessOptions): TalosConnector {
  const { clock, network } = options;
  return {
    maintenance(target, { fingerprint } = {}) {
      const channel = createRouterChannel(network, target, { kind: 'maintenance' }, (seen) => {
        if (fingerprint === undefined || seen === fingerprint) return undefined;
        return new TalosApiError(
          'fingerprint-mismatch',
          `${describeTarget(target)} shows the key ${seen ?? '(none)'}, wanted is ${fingerprint}`,
        );
      });
      return createSession({ clock, channel, target });
    },
    secure(target, credentials, { via } = {}) {
      const channel = createRouterChannel(
        network,
        via ?? target,
        { kind: 'certificate', ...credentials },
        () => undefined,
      );
      return createSession(via === undefined ? { clock, channel, target } : { clock, channel, target, via });
    },
  };
}

function createRouterChannel(
  network: InProcessNetwork,
  dialled: TalosTarget,
  caller: InProcessCaller,
  check: (fingerprint: string | undefined) => Error | undefined,
): NodeChannel {
  let seen: string | undefined;
  let epoch = new AbortController();
  let isOpen = false;
  let closed = false;
  // Sockets read it off the certificate that was shown; here the network is asked without one.
  const isMaintenanceMet = (met: Error): boolean =>
    caller.kind === 'certificate' &&
    'code' in met &&
    codeOfNodeError(String(met.code)) === 'wrong-ca' &&
    !(network.connect(dialled.host, dialled.port, { kind: 'maintenance' }) instanceof Error);
  const inMaintenance = (): Error =>
    new TalosApiError(
      'in-maintenance',
      `${describeTarget(dialled)} is in maintenance mode: it has no config of this cluster`,
    );
  const connect = (): Transport => {
    if (closed) throw new ConnectError('the session is closed', Code.FailedPrecondition);
    const met = network.connect(dialled.host, dialled.port, caller);
    isOpen = !(met instanceof Error);
    if (met instanceof Error) throw isMaintenanceMet(met) ? inMaintenance() : met;
    seen = network.fingerprint?.(dialled.host, dialled.port);
    const problem = check(seen);
    if (problem !== undefined) throw problem;
    return met;
  };
  const transport: Transport = {
    async unary(method, signal, ...rest) {
      return connect().unary(method, joined(signal, epoch.signal), ...rest);
    },
    async stream(method, signal, ...rest) {
      return connect().stream(method, joined(signal, epoch.signal), ...rest);
    },
  };
  const drop = (): void => {
    epoch.abort(new ConnectError('the connection was given up', Code.Unavailable));
    epoch = new AbortController();
  };
  return {
    transport,
    peerFingerprint: () => seen,
    isOpen: () => isOpen,
    drop,
    close() {
      closed = true;
      drop();
    },
  };
}

function joined(signal: AbortSignal | undefined, epoch: AbortSignal): AbortSignal {
  return signal === undefined ? epoch : AbortSignal.any([signal, epoch]);
}
