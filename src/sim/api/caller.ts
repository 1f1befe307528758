/** Who calls: nobody in particular (maintenance), or the roles of a client certificate. */
import { X509Certificate } from 'node:crypto';
import { knowsRole, type TalosVersion } from '../versions.ts';

export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'certificate'; readonly roles: readonly string[] };

/** Talos' extended key usage check: exactly client authentication. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export type CertificateVerdict =
  | { readonly kind: 'accepted'; readonly roles: readonly string[] }
  /** The text of the TLS alert that the peer is sent. */
  | {
      readonly kind: 'refused';
      readonly alert:
        | 'certificate required'
        | 'unknown certificate authority'
        | 'expired certificate'
        | 'bad certificate';
    };

/** What a configured node makes of a client certificate (FINDINGS 3.3). */
export function judgeClientCertificate(
  pem: string | undefined,
  authorities: readonly string[],
  nowMs: number,
): CertificateVerdict {
  if (pem === undefined) return { kind: 'refused', alert: 'certificate required' };
  const certificate = new X509Certificate(pem);
  const isKnown = authorities.some((authority) => {
    const issuer = new X509Certificate(authority);
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  });
  if (!isKnown) return { kind: 'refused', alert: 'unknown certificate authority' };
  if (nowMs > Date.parse(certificate.validTo) || nowMs < Date.parse(certificate.validFrom) - 1_000)
    return { kind: 'refused', alert: 'expired certificate' };
  if (!hasOnlyClientAuth(certificate)) return { kind: 'refused', alert: 'bad certificate' };
  return { kind: 'accepted', roles: rolesOf(certificate) };
}

/** In Node `keyUsage` holds the extended key usage. */
export function hasOnlyClientAuth(certificate: X509Certificate): boolean {
  const usage: readonly string[] | undefined = certificate.keyUsage;
  return usage?.length === 1 && usage[0] === CLIENT_AUTH;
}

export function rolesOf(certificate: X509Certificate): readonly string[] {
  // Node has no subject at all where there is nothing in it.
  const subject: string | undefined = certificate.subject;
  return (subject ?? '')
    .split('\n')
    .flatMap((line) => line.split(' + '))
    .map((attribute) => attribute.trim())
    .filter((attribute) => attribute.startsWith('O='))
    .map((attribute) => attribute.slice(2));
}

/** Roles that mean something to this version. */
export function effectiveRoles(caller: Caller, version: TalosVersion): readonly string[] {
  return caller.kind === 'anonymous' ? [] : caller.roles.filter((role) => knowsRole(version, role));
}
