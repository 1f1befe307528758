/**
 * Every way in which a call to a node's Talos API fails, as one closed set of codes, and the one translator that makes them. What
 * came over the wire is quoted only as far as it cannot hold a secret (a refused apply quotes the config).
 */
import { Code, ConnectError } from '@connectrpc/connect';
import { IchorError, messageOf, type IchorErrorCode } from '../errors.ts';
import { DeadlineExceeded } from '../system.ts';

interface TalosErrorMeaning {
  readonly ichor: IchorErrorCode;
  readonly hint: string;
}

export const TALOS_ERROR_CODES = {
  unreachable: {
    ichor: 'unreachable',
    hint: 'Check that the machine is on, at this address, and that TCP port 50000 is open from here.',
  },
  deadline: {
    ichor: 'deadline',
    hint: 'The connection stands or stood; the node did not answer in time. Try again, or look at its console.',
  },
  cancelled: { ichor: 'interrupted', hint: 'Run the same command again to go on.' },
  'in-maintenance': { ichor: 'failed', hint: 'The node runs without a config. Apply one with `ichor apply`.' },
  'certificate-required': {
    ichor: 'permission-denied',
    hint: "The node has a config: it must be called with the cluster's credentials.",
  },
  'certificate-refused': {
    ichor: 'permission-denied',
    hint: "The client certificate is not of this cluster's Talos CA, has expired, or allows more than client authentication. Make a new talosconfig from the secrets bundle.",
  },
  'certificate-expired': {
    ichor: 'failed',
    hint: "Compare this computer's clock with the node's; the node renews its certificate by itself.",
  },
  'wrong-ca': {
    ichor: 'identity-mismatch',
    hint: 'A machine of another cluster (or another service) answers at this address.',
  },
  'wrong-name': {
    ichor: 'identity-mismatch',
    hint: 'The node is of this cluster, but its certificate is not for this address: add it to certSANs or use another address.',
  },
  'fingerprint-mismatch': {
    ichor: 'identity-mismatch',
    hint: "Compare with the fingerprint on the machine's own console; nothing was sent to it.",
  },
  'permission-denied': {
    ichor: 'permission-denied',
    hint: 'The call needs a role that these credentials do not carry (os:admin for changes).',
  },
  'not-available-yet': { ichor: 'failed', hint: 'The node is not that far yet; it can be asked again.' },
  'in-progress': { ichor: 'failed', hint: 'Another change is running on the node; wait for it.' },
  'already-exists': { ichor: 'failed', hint: 'It was done before.' },
  'invalid-argument': { ichor: 'failed', hint: 'The node refuses what it was given.' },
  'not-found': { ichor: 'not-found', hint: 'The node does not have it.' },
  unimplemented: {
    ichor: 'unsupported',
    hint: 'This Talos version, role or state of the node does not know this call.',
  },
  'precondition-failed': { ichor: 'failed', hint: "The node's present state does not allow it." },
  failed: { ichor: 'failed', hint: "Look at the node's log (`ichor logs`)." },
} as const satisfies Record<string, TalosErrorMeaning>;

export type TalosErrorCode = keyof typeof TALOS_ERROR_CODES;

export interface TalosErrorOptions {
  readonly hint?: string;
  readonly cause?: unknown;
}

export class TalosApiError extends IchorError {
  readonly talosCode: TalosErrorCode;

  constructor(talosCode: TalosErrorCode, message: string, options: TalosErrorOptions = {}) {
    const meaning = TALOS_ERROR_CODES[talosCode];
    super(meaning.ichor, message, { hint: options.hint ?? meaning.hint, cause: options.cause });
    this.talosCode = talosCode;
  }
}

/** Whether it is a failed Talos call with one of these codes. */
export function isTalosError(reason: unknown, ...codes: readonly TalosErrorCode[]): reason is TalosApiError {
  return reason instanceof TalosApiError && (codes.length === 0 || codes.includes(reason.talosCode));
}

export interface CallContext {
  /** `cp-1 (10.0.4.101:50000)` */
  readonly node: string;
  /** `ApplyConfiguration` */
  readonly call: string;
  /** The signal the call ran under: tells the caller's stop and our deadline from a broken connection. */
  readonly signal?: AbortSignal;
}

/** The one translator of this edge. */
export function talosErrorFrom(reason: unknown, context: CallContext): TalosApiError {
  if (reason instanceof TalosApiError) return reason;
  const { code, why } = classify(reason, context.signal);
  return new TalosApiError(code, `${context.node}: ${context.call} failed: ${why}`, { cause: reason });
}

interface Verdict {
  readonly code: TalosErrorCode;
  readonly why: string;
}

function classify(reason: unknown, signal: AbortSignal | undefined): Verdict {
  // A server killed in mid-stream arrives as Canceled like our own abort: only our own signal tells them apart (stack.md trap 5).
  if (signal?.aborted) {
    if (signal.reason instanceof DeadlineExceeded) return { code: 'deadline', why: signal.reason.message };
    if (signal.reason instanceof TalosApiError) return { code: signal.reason.talosCode, why: signal.reason.message };
    return { code: 'cancelled', why: 'stopped by the caller' };
  }
  const inner = causes(reason);
  const own = inner.find((cause) => cause instanceof TalosApiError);
  if (own instanceof TalosApiError) return { code: own.talosCode, why: own.message };
  for (const cause of inner) {
    const verdict = fromNodeError(cause);
    if (verdict !== undefined) return verdict;
  }
  const grpc = inner.find((cause) => cause instanceof ConnectError);
  if (grpc instanceof ConnectError)
    return { code: fromStatus(grpc.code, grpc.rawMessage), why: quotable(grpc.rawMessage) };
  return { code: 'failed', why: quotable(messageOf(reason)) };
}

/** OpenSSL's and Node's codes, each with the event that made it when tried against a Go TLS server (test/contract/talos-api.ts). */
const NODE_ERRORS: Readonly<Record<string, TalosErrorCode>> = {
  // Nothing listens: machine booting, apid between maintenance and mTLS.
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  // The peer went away: process killed, power cut with an RST, reboot.
  ECONNRESET: 'unreachable',
  ECONNABORTED: 'unreachable',
  EPIPE: 'unreachable',
  ERR_STREAM_DESTROYED: 'unreachable',
  ERR_STREAM_PREMATURE_CLOSE: 'unreachable',
  ERR_HTTP2_INVALID_SESSION: 'unreachable',
  ERR_HTTP2_INVALID_STREAM: 'unreachable',
  ERR_HTTP2_GOAWAY_SESSION: 'unreachable',
  ERR_HTTP2_SESSION_ERROR: 'unreachable',
  ERR_HTTP2_STREAM_ERROR: 'unreachable',
  ERR_HTTP2_STREAM_CANCEL: 'unreachable',
  ERR_HTTP2_PING_CANCEL: 'unreachable',
  // Something else than TLS answers on the port.
  ERR_SSL_WRONG_VERSION_NUMBER: 'unreachable',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'unreachable',
  // Alerts of the node about our certificate (06-auth): none shown; foreign CA or self-signed; expired; wrong key usage.
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'certificate-required',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'certificate-refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'certificate-refused',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'certificate-refused',
  ERR_SSL_SSL_ALERT_CERTIFICATE_EXPIRED: 'certificate-refused',
  ERR_SSL_SSL_ALERT_BAD_CERTIFICATE: 'certificate-refused',
  // Our verdicts about the node's certificate.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'wrong-ca',
  UNABLE_TO_GET_ISSUER_CERT: 'wrong-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'wrong-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'wrong-ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'wrong-ca',
  CERT_SIGNATURE_FAILURE: 'wrong-ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-name',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
};

function fromNodeError(reason: unknown): Verdict | undefined {
  if (!(reason instanceof Error) || !('code' in reason) || typeof reason.code !== 'string') return undefined;
  const code = codeOfNodeError(reason.code);
  return code === undefined ? undefined : { code, why: messageOf(reason) };
}

/** The meaning of a Node or OpenSSL error code, where it has one. */
export function codeOfNodeError(code: string): TalosErrorCode | undefined {
  return NODE_ERRORS[code];
}

function fromStatus(status: Code, text: string): TalosErrorCode {
  switch (status) {
    case Code.Unavailable:
      return fromUnavailable(text);
    case Code.FailedPrecondition:
      return fromFailedPrecondition(text);
    case Code.Unknown:
      return fromUnknown(text);
    case Code.DeadlineExceeded:
      return 'deadline';
    case Code.AlreadyExists:
      return 'already-exists';
    case Code.InvalidArgument:
    case Code.OutOfRange:
      return 'invalid-argument';
    case Code.NotFound:
      return 'not-found';
    case Code.PermissionDenied:
      // Not a matter of rights: this version does not know the COSI type or namespace.
      return /^(resource type|namespace) ".*" is not supported$/.test(text) ? 'unimplemented' : 'permission-denied';
    case Code.Unauthenticated:
      return 'permission-denied';
    case Code.Unimplemented:
      return 'unimplemented';
    case Code.Canceled: // Our signal was not aborted: `http/2 stream closed with error code CANCEL`, the server was killed.
    case Code.Aborted: // connect-node's code for ECONNRESET and a destroyed stream.
      return 'unreachable';
    case Code.ResourceExhausted:
      // `ENHANCE_YOUR_CALM`, too many pings: the connection is gone, the state unknown (F1-30). Else: META is full.
      return text.includes('ENHANCE_YOUR_CALM') ? 'unreachable' : 'failed';
    case Code.Internal:
    case Code.DataLoss:
      return text.startsWith('http/2 stream closed') ? 'unreachable' : 'failed';
  }
}

/** 14: seen both for a dead peer and for a part of the node that does not run yet. */
function fromUnavailable(text: string): TalosErrorCode {
  // A Go client's words for the refusals of 06-auth, as an apid reports them that forwards to another node.
  if (text.includes('tls: certificate required')) return 'certificate-required';
  if (/tls: (unknown certificate authority|expired certificate|bad certificate)/.test(text))
    return 'certificate-refused';
  if (text.includes('x509: certificate is valid for')) return 'wrong-name';
  if (text.includes('x509: certificate signed by unknown authority')) return 'wrong-ca';
  // `… dial unix /system/run/machined/machine.sock`, `ListPodSandbox … from runtime service failed`: apid answers, what is behind it not.
  if (text.includes('dial unix ') || text.includes('from runtime service failed')) return 'not-available-yet';
  return 'unreachable';
}

/** 9: `bootstrap is not available yet`, `time is not in sync yet`, `etcd service is not ready for recovery yet`; and lasting ones. */
function fromFailedPrecondition(text: string): TalosErrorCode {
  if (/already in progress|configuration was already applied/.test(text)) return 'in-progress';
  if (/\byet\b/.test(text)) return 'not-available-yet';
  if (/not supported in container mode|can only be performed on a control plane/.test(text)) return 'unimplemented';
  return 'precondition-failed';
}

/** 2: machined's plain Go errors. */
function fromUnknown(text: string): TalosErrorCode {
  if (text.includes('rpc not supported for learner')) return 'not-available-yet';
  if (/^service ".*" not defined$|^log ".*" was not registered$/.test(text)) return 'not-found';
  if (/doesn't support .* operation via API/.test(text)) return 'unimplemented';
  if (/^failed to parse config:|path must be a regular file|^failed to parse image reference/.test(text))
    return 'invalid-argument';
  return 'failed';
}

const UNKNOWN_KEYS = 'unknown keys found during decoding:';

/** A refused apply quotes parts of the config: keys may be shown, values may be secrets. */
export function quotable(text: string): string {
  const diff = text.search(/\n(diff:|Config diff:)/);
  const shown = diff < 0 ? text : `${text.slice(0, diff)} (the differences are left out: they may hold secrets)`;
  // go-yaml: "cannot unmarshal !!str `the value` into int".
  const unquoted = shown.replace(/(cannot unmarshal \S+) `[^`]*`/g, '$1');
  const keys = unquoted.indexOf(UNKNOWN_KEYS);
  if (keys < 0) return unquoted.trim();
  const start = keys + UNKNOWN_KEYS.length;
  const named = unquoted.slice(start).split('\n').flatMap(keyOfLine);
  return [unquoted.slice(0, start), ...named].join('\n');
}

/** A line of YAML without its value; lines that are only value (items, block text) are left out. */
function keyOfLine(line: string): readonly string[] {
  const [, key, value] = /^(\s*(?:- )*[\w$./-]+:)(?:\s+(\S.*))?$/.exec(line) ?? [];
  if (key === undefined) return [];
  return [value === undefined ? key : `${key} …`];
}

function causes(reason: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let next = reason; next instanceof Error && !chain.includes(next); next = next.cause) chain.push(next);
  return chain;
}
