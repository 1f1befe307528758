/**
 * The in-process door: a network of simulated machines whose Talos and Kubernetes APIs are called without sockets, on whatever clock the
 * simulation has. What dialling would have met (nothing there, a wrong certificate) comes back as the error that Node's sockets give.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { createRouterTransport, type Transport } from '@connectrpc/connect';
import { judgeClientCertificate, type Caller } from '../api/caller.ts';
import { StoreShelf, StreamCount, type Served } from '../api/call.ts';
import { talosRoutes } from '../api/routes.ts';
import { answerKubernetes } from '../cluster/api-server.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import { seededHex } from '../seeded.ts';
import type { Simulation } from '../simulation.ts';
import { loopbackIsInCertificate } from '../versions.ts';
import { apiServerAt, machineAt, TALOS_PORT } from './reach.ts';

export type InProcessCaller =
  | { readonly kind: 'maintenance' }
  | { readonly kind: 'certificate'; readonly caPem: string; readonly certPem: string; readonly keyPem: string };

export interface KubernetesRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly credentials: { readonly caPem: string; readonly certPem: string; readonly keyPem: string };
}

export interface InProcessNetwork {
  /** A transport to the Talos API at this address now, or the error that dialling meets. */
  connect(host: string, port: number, caller: InProcessCaller): Transport | Error;
  /** Base64 of SHA-256 of the public key shown there; a stand-in where no real key exists in-process. */
  fingerprint(host: string, port: number): string | undefined;
  /** Kubernetes. A silent server never settles. */
  get(request: KubernetesRequest): Promise<{ readonly status: number; readonly body: string }>;
}

export function createInProcessNetwork(simulation: Simulation): InProcessNetwork {
  const stores = new StoreShelf();
  const streams = new StreamCount();
  const transports = new Map<string, Transport>();
  const transportFor = (machine: string, caller: Caller): Transport => {
    const key = JSON.stringify([machine, caller]);
    const found = transports.get(key);
    if (found !== undefined) return found;
    const served: Served = { simulation, machine, stores, streams, peer: { caller, break: () => undefined } };
    const made = createRouterTransport(talosRoutes(served));
    transports.set(key, made);
    return made;
  };
  return {
    connect(host, port, caller) {
      const view = port === TALOS_PORT ? machineAt(simulation, host) : undefined;
      if (view === undefined) return networkError('EHOSTUNREACH', `connect EHOSTUNREACH ${host}:${port}`);
      // A silent machine takes the connection and lets the handshake hang: every call does, until it is given up.
      if (view.machine.isSilent) return transportFor(view.name, { kind: 'anonymous' });
      if (view.run.api.kind === 'down') return networkError('ECONNREFUSED', `connect ECONNREFUSED ${host}:${port}`);
      const judged = judge(simulation, view, host, caller);
      return judged instanceof Error ? judged : transportFor(view.name, judged);
    },
    fingerprint(host, port) {
      const view = port === TALOS_PORT ? machineAt(simulation, host) : undefined;
      if (view === undefined) return undefined;
      return createHash('sha256')
        .update(seededHex(simulation.world().seed, `${view.name}/${view.run.bootId}/${view.run.api.kind}`, 32))
        .digest('base64');
    },
    async get({ host, port, path, credentials, method = 'GET', body }) {
      const view = apiServerAt(simulation, host, port);
      if (view === undefined) {
        const isThere = machineAt(simulation, host) !== undefined;
        throw isThere
          ? networkError('ECONNREFUSED', `connect ECONNREFUSED ${host}:${port}`)
          : networkError('EHOSTUNREACH', `connect EHOSTUNREACH ${host}:${port}`);
      }
      if (view.machine.isSilent) return new Promise(() => undefined);
      const ca = view.run.config?.facts.kubernetesCa;
      if (ca === undefined || !isIssuer(credentials.caPem, ca.crt))
        throw networkError('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate');
      const isKnown = new X509Certificate(credentials.certPem).checkIssued(new X509Certificate(ca.crt));
      return answerKubernetes(simulation, view.name, {
        method,
        path,
        ...(isKnown ? { clientCertificate: credentials.certPem } : {}),
        ...(body === undefined ? {} : { body }),
      });
    },
  };
}

/** Both sides of the handshake: does the client trust the machine, and the machine the client. */
function judge(simulation: Simulation, view: RunningView, host: string, caller: InProcessCaller): Caller | Error {
  if (caller.kind === 'maintenance') {
    if (view.run.api.kind === 'maintenance') return { kind: 'anonymous' };
    return networkError('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tlsv13 alert certificate required');
  }
  const facts = view.run.config?.facts;
  const authority = facts?.talosCa?.crt;
  if (
    view.run.api.kind === 'maintenance' ||
    authority === undefined ||
    view.machine.hasWrongCertificate ||
    !isIssuer(caller.caPem, authority)
  ) {
    return networkError('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate');
  }
  if (!certificateNames(view).includes(host))
    return networkError(
      'ERR_TLS_CERT_ALTNAME_INVALID',
      `Hostname/IP does not match certificate's altnames: ${host} is not in the cert's list`,
    );
  const skew = view.machine.clockSkewMs;
  if (skew > 0) return networkError('CERT_NOT_YET_VALID', 'certificate is not yet valid');
  if (skew < -DAY_MS) return networkError('CERT_HAS_EXPIRED', 'certificate has expired');
  const verdict = judgeClientCertificate(
    caller.certPem,
    [authority, ...(facts?.acceptedCas ?? [])],
    simulation.clock.now() + skew,
  );
  if (verdict.kind === 'accepted') return { kind: 'certificate', roles: verdict.roles };
  return networkError(ALERTS[verdict.alert], `tls alert: ${verdict.alert}`);
}

const DAY_MS = 86_400_000;

const ALERTS = {
  'certificate required': 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'unknown certificate authority': 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'expired certificate': 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'bad certificate': 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
} as const;

function certificateNames(view: RunningView): readonly string[] {
  const facts = view.run.config?.facts;
  const vip = view.run.hadVip ? [facts?.network.vip?.ip ?? ''] : [];
  const own = view.network.addresses.filter((address) => address.source !== 'vip').map((address) => address.ip);
  return [
    ...own,
    ...vip,
    ...(loopbackIsInCertificate(view.run.version) ? ['127.0.0.1'] : []),
    ...(facts?.certSans ?? []),
    view.network.hostname,
  ];
}

function isIssuer(trusted: string, authority: string): boolean {
  const wanted = new X509Certificate(authority).fingerprint256;
  const blocks = trusted.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.some((block) => new X509Certificate(block).fingerprint256 === wanted);
}

function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
