/** Everything that can go wrong with a call to a Kubernetes API, translated once into Ichor's codes. */
import { IchorError, messageOf, type IchorErrorCode } from '../errors.ts';
import { DeadlineExceeded } from '../system.ts';
import type { KubernetesReply } from './transport.ts';

export interface KubernetesCall {
  /** `10.0.4.101:6443` */
  readonly server: string;
  /** `GET /version` */
  readonly call: string;
  readonly signal: AbortSignal;
}

export function kubernetesErrorFrom(reason: unknown, call: KubernetesCall): IchorError {
  if (reason instanceof IchorError) return reason;
  const { code, why, hint } = classify(reason, call.signal);
  return new IchorError(code, `Kubernetes API at ${call.server}: ${call.call} failed: ${why}`, {
    cause: reason,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** For every answer that is no success. The API server's own words are in a Status object's `message`. */
export function errorOfReply(reply: KubernetesReply, call: KubernetesCall): IchorError {
  const { code, hint } = ofStatus(reply.status);
  return new IchorError(
    code,
    `Kubernetes API at ${call.server}: ${call.call} answered ${reply.status}: ${statusMessage(reply.body)}`,
    hint === undefined ? {} : { hint },
  );
}

interface Verdict {
  readonly code: IchorErrorCode;
  readonly why: string;
  readonly hint?: string;
}

function classify(reason: unknown, signal: AbortSignal): Verdict {
  if (signal.aborted) {
    if (signal.reason instanceof DeadlineExceeded) return { code: 'deadline', why: signal.reason.message };
    return { code: 'interrupted', why: 'stopped by the caller' };
  }
  const code = reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : '';
  return { ...ofNodeCode(code), why: messageOf(reason) };
}

function ofNodeCode(code: string): Omit<Verdict, 'why'> {
  switch (code) {
    // Our verdict about the server: another cluster's API answers, or the clocks are apart.
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        code: 'identity-mismatch',
        hint: "Another cluster answers at this address, or the address is missing in the API server's certificate (`certSANs`).",
      };
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return { code: 'failed', hint: "Compare this computer's clock with the nodes'." };
    default:
      return { code: 'unreachable' };
  }
}

function ofStatus(status: number): { readonly code: IchorErrorCode; readonly hint?: string } {
  // The API server takes any client certificate into the handshake and answers 401 to a foreign one.
  if (status === 401 || status === 403)
    return {
      code: 'permission-denied',
      hint: 'The client certificate is not accepted as an administrator: was the cluster made with another secrets bundle?',
    };
  if (status === 404) return { code: 'not-found' };
  // 429 and 5xx: the server is there but not (yet) able, as while etcd has no leader.
  return { code: status === 429 || status >= 500 ? 'unreachable' : 'failed' };
}

function statusMessage(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string')
      return value.message;
  } catch {
    // Plain text, as `/readyz` and proxies answer.
  }
  const failing = body.split('\n').filter((line) => line.startsWith('[-]'));
  return (failing.length > 0 ? failing.join('; ') : body).slice(0, 300).trim() || '(no text)';
}
