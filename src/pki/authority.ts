/**
 * Certificate authorities as Talos makes them: self-signed, ten years, random key identifier.
 * Source: talos-3-config.md §3.1 (siderolabs/crypto x509.NewSelfSignedCertificateAuthority).
 */
import type { Random } from '../system.ts';
import { signCertificate } from './certificate.ts';
import { generateKey, publicKeyDer, readPrivateKey, type KeyAlgorithm } from './keys.ts';
import type { PemPair } from './pem.ts';

const HOUR_MS = 3_600_000;
/** Talos' `x509.DefaultCertificateValidityDuration` for its authorities: 10 × 365 days. */
export const AUTHORITY_LIFETIME_MS: number = 87_600 * HOUR_MS;

export interface AuthorityOptions {
  readonly algorithm: KeyAlgorithm;
  /** Absent = empty subject, as Talos writes its aggregator authority. */
  readonly organization?: string;
  readonly now: Date;
  readonly random: Random;
  readonly lifetimeMs?: number;
  /** PEM of a key to keep (a renewed authority is trusted wherever the old one's key is); absent = a new key. */
  readonly key?: string;
}

export async function createAuthority(options: AuthorityOptions): Promise<PemPair> {
  const key = options.key ?? (await generateKey(options.algorithm));
  const signer = readPrivateKey(key);
  const crt = await signCertificate(
    {
      subject: options.organization === undefined ? {} : { organization: [options.organization] },
      publicKey: publicKeyDer(signer),
      notBefore: options.now,
      notAfter: new Date(options.now.getTime() + (options.lifetimeMs ?? AUTHORITY_LIFETIME_MS)),
      uses: ['digitalSignature', 'keyCertSign'],
      purposes: ['serverAuth', 'clientAuth'],
      isAuthority: true,
      subjectKeyId: options.random.bytes(20),
    },
    signer,
    options.random,
  );
  return { crt, key };
}
