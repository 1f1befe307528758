/**
 * Certificate signing requests (PKCS#10): made by a machine, checked and signed as trustd does it for workers.
 */
import { createPublicKey, verify } from 'node:crypto';
import { IchorError } from '../errors.ts';
import type { Random } from '../system.ts';
import { digestFor, loadAsn1, signRequest, type RequestContent } from './certificate.ts';
import { issueForPublicKey } from './issue.ts';
import { firstPemBlock, type PemPair } from './pem.ts';

export interface CertificateRequest {
  readonly organization: readonly string[];
  readonly commonName: string | undefined;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

export async function createCertificateRequest(keyPem: string, content: RequestContent): Promise<string> {
  return signRequest(content, keyPem);
}

/** Reads a request and proves that its sender holds the key. */
export async function parseCertificateRequest(pem: string): Promise<CertificateRequest> {
  const { x509, schema } = await loadAsn1();
  const csr = await import('@peculiar/asn1-csr');
  const { der } = firstPemBlock(pem, 'CERTIFICATE REQUEST');
  const request = schema.AsnConvert.parse(der, csr.CertificationRequest);
  const info = request.certificationRequestInfo;
  const publicKey = new Uint8Array(schema.AsnConvert.serialize(info.subjectPKInfo));
  const key = createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' });
  const signed = new Uint8Array(request.certificationRequestInfoRaw ?? schema.AsnConvert.serialize(info));
  if (!verify(digestFor(key), signed, key, new Uint8Array(request.signature))) {
    throw new IchorError('invalid-input', 'the certificate request is not signed by the key that it names');
  }
  const wanted = info.attributes.find((attribute) => attribute.type === '1.2.840.113549.1.9.14')?.values[0];
  const extensions = wanted === undefined ? [] : schema.AsnConvert.parse(wanted, x509.Extensions);
  const names = [...extensions].find((extension) => extension.extnID === x509.id_ce_subjectAltName);
  const general =
    names === undefined ? [] : [...schema.AsnConvert.parse(names.extnValue.buffer, x509.SubjectAlternativeName)];
  const attributes = [...info.subject].flatMap((set) => [...set]);
  return {
    organization: attributes
      .filter((attribute) => attribute.type === '2.5.4.10')
      .map((attribute) => attribute.value.toString()),
    commonName: attributes.find((attribute) => attribute.type === '2.5.4.3')?.value.toString(),
    dnsNames: general.flatMap((name) => name.dNSName ?? []),
    ipAddresses: general.flatMap((name) => name.iPAddress ?? []),
    publicKey,
  };
}

export interface SignRequestOptions {
  readonly now: Date;
  readonly random: Random;
  readonly ttlMs?: number;
}

/** As trustd: serverAuth only, the names that were asked for, and never an organization (a role) of the sender's choosing. */
export async function signCertificateRequest(
  authority: PemPair,
  requestPem: string,
  options: SignRequestOptions,
): Promise<string> {
  const request = await parseCertificateRequest(requestPem);
  return issueForPublicKey(authority, request.publicKey, {
    ...options,
    subject: request.commonName === undefined ? {} : { commonName: request.commonName },
    dnsNames: request.dnsNames,
    ipAddresses: request.ipAddresses,
  });
}
