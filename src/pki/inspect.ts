/**
 * Reads certificates: names, times, issuer, fingerprints, and whether a key belongs to one. Verdicts about a whole bundle are
 * `secrets/`'s business.
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { IchorError } from '../errors.ts';
import { publicKeyDer, readPrivateKey } from './keys.ts';
import { firstPemBlock, parsePem, renderPem } from './pem.ts';

export interface CertificateFacts {
  readonly organization: readonly string[];
  readonly commonName: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Lower-case hex without leading zeros. */
  readonly serialNumber: string;
  /** SHA-256 of the public key, base64: what `talosctl --cert-fingerprint` compares. */
  readonly fingerprint: string;
}

/** Facts of the first certificate in the text. */
export function inspectCertificate(pem: string): CertificateFacts {
  const certificate = readCertificate(pem);
  const names = splitAlternativeNames(certificate.subjectAltName ?? '');
  return {
    organization: attributesOf(certificate.subject, 'O'),
    commonName: attributesOf(certificate.subject, 'CN')[0],
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isAuthority: certificate.ca,
    dnsNames: names.filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4)),
    ipAddresses: names.filter((name) => name.startsWith('IP Address:')).map((name) => name.slice(11)),
    serialNumber: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    fingerprint: publicKeyFingerprint(new Uint8Array(certificate.publicKey.export({ type: 'spki', format: 'der' }))),
  };
}

export function readCertificate(pem: string): X509Certificate {
  const block = firstPemBlock(pem, 'CERTIFICATE');
  try {
    return new X509Certificate(renderPem(block.label, block.der));
  } catch (cause) {
    throw new IchorError('invalid-input', 'the certificate cannot be read: its content is not X.509', { cause });
  }
}

/** Every certificate of a PEM text on its own, for example of a kubeconfig's authority data. */
export function splitCertificates(pem: string): readonly string[] {
  return parsePem(pem)
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => renderPem(block.label, block.der));
}

export function publicKeyFingerprint(spkiDer: Uint8Array): string {
  return createHash('sha256').update(spkiDer).digest('base64');
}

/** Fingerprint of the certificate that a TLS peer showed (DER, as `socket.getPeerCertificate().raw` gives it). */
export function fingerprintOfDer(certificateDer: Uint8Array): string {
  const key = createPublicKey(new X509Certificate(certificateDer).publicKey.export({ type: 'spki', format: 'pem' }));
  return publicKeyFingerprint(new Uint8Array(key.export({ type: 'spki', format: 'der' })));
}

export function keyMatchesCertificate(keyPem: string, certificatePem: string): boolean {
  const wanted = new Uint8Array(readCertificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' }));
  return Buffer.compare(publicKeyDer(readPrivateKey(keyPem)), wanted) === 0;
}

/** Whether the signature is the authority's; says nothing about times. */
export function isIssuedBy(certificatePem: string, authorityPem: string): boolean {
  const authority = readCertificate(authorityPem);
  return readCertificate(certificatePem).verify(authority.publicKey);
}

/** Node writes one attribute a line, joined by ` + ` within a set of several. */
function attributesOf(subject: string | undefined, type: string): string[] {
  const attributes = (subject ?? '').split(/\n| \+ (?=[A-Z]+=)/);
  return attributes.filter((line) => line.startsWith(`${type}=`)).map((line) => line.slice(type.length + 1));
}

function splitAlternativeNames(text: string): string[] {
  return text === '' ? [] : text.split(', ');
}
