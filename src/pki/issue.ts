/**
 * Leaf certificates signed by one of the cluster's authorities: Talos API clients and servers, the Kubernetes administrator.
 * Source: talos-3-config.md §3.2, §3.3.
 */
import { IchorError } from '../errors.ts';
import type { Random } from '../system.ts';
import {
  loadAsn1,
  signCertificate,
  type CertificateContent,
  type KeyPurpose,
  type KeyUse,
  type Subject,
} from './certificate.ts';
import { readCertificate } from './inspect.ts';
import { algorithmOf, generateKey, publicKeyDer, readPrivateKey } from './keys.ts';
import type { PemPair } from './pem.ts';

const HOUR_MS = 3_600_000;
/** Talos' own default for client certificates and for its kubeconfig: one year. */
export const CLIENT_LIFETIME_MS: number = 8_760 * HOUR_MS;
/** A machine's own API certificate lives a day and is renewed by the machine. */
export const SERVER_LIFETIME_MS: number = 24 * HOUR_MS;

interface IssueOptions {
  readonly now: Date;
  readonly random: Random;
  readonly ttlMs?: number;
}

export interface TalosClientOptions extends IssueOptions {
  /** `os:admin`, `os:operator`, `os:reader`, `os:etcd:backup`, `os:impersonator`. */
  readonly roles: readonly string[];
}

/** Subject is the roles and nothing else; the only purpose is client authentication (Talos checks for exactly that). */
export async function issueTalosClientCertificate(authority: PemPair, options: TalosClientOptions): Promise<PemPair> {
  if (options.roles.length === 0) {
    throw new IchorError('invalid-input', 'a Talos client certificate without a role is of no use', {
      hint: 'Give at least one role, for example os:reader.',
    });
  }
  return issue(authority, {
    subject: { organization: [...new Set(options.roles)].sort() },
    uses: ['digitalSignature'],
    purposes: ['clientAuth'],
    ...lifetime(options, CLIENT_LIFETIME_MS, 0),
    random: options.random,
  });
}

export interface KubernetesClientOptions extends IssueOptions {
  /** Default `admin` in `system:masters`, as Talos' admin kubeconfig has it. */
  readonly commonName?: string;
  readonly organization?: readonly string[];
}

/** Valid from ten seconds ago, as Talos does it against small clock differences. */
export async function issueKubernetesClientCertificate(
  authority: PemPair,
  options: KubernetesClientOptions,
): Promise<PemPair> {
  return issue(authority, {
    subject: { organization: options.organization ?? ['system:masters'], commonName: options.commonName ?? 'admin' },
    uses: ['digitalSignature', 'keyEncipherment'],
    purposes: ['clientAuth'],
    ...lifetime(options, CLIENT_LIFETIME_MS, 10_000),
    random: options.random,
  });
}

export interface ServerOptions extends IssueOptions {
  readonly subject?: Subject;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Default `serverAuth` alone. */
  readonly purposes?: readonly KeyPurpose[];
}

export async function issueServerCertificate(authority: PemPair, options: ServerOptions): Promise<PemPair> {
  const { key: keyPem, publicKey } = await newKeyLike(authority);
  const crt = await issueForPublicKey(authority, publicKey, options);
  return { crt, key: keyPem };
}

/** For a key that someone else holds: what trustd does with a signing request. */
export async function issueForPublicKey(
  authority: PemPair,
  publicKey: Uint8Array,
  options: ServerOptions,
): Promise<string> {
  return signLeaf(authority, publicKey, {
    subject: options.subject ?? {},
    uses: ['digitalSignature'],
    purposes: options.purposes ?? ['serverAuth'],
    ...lifetime(options, SERVER_LIFETIME_MS, 0),
    dnsNames: options.dnsNames,
    ipAddresses: options.ipAddresses,
    random: options.random,
  });
}

interface Leaf extends Pick<CertificateContent, 'notBefore' | 'notAfter' | 'dnsNames' | 'ipAddresses'> {
  readonly subject: Subject;
  readonly uses: readonly KeyUse[];
  readonly purposes: readonly KeyPurpose[];
  readonly random: Random;
}

async function issue(authority: PemPair, leaf: Leaf): Promise<PemPair> {
  const { key, publicKey } = await newKeyLike(authority);
  return { crt: await signLeaf(authority, publicKey, leaf), key };
}

/** Leaf keys are of the authority's own kind (siderolabs/crypto x509.NewKeyPair). */
async function newKeyLike(authority: PemPair): Promise<{ readonly key: string; readonly publicKey: Uint8Array }> {
  const key = await generateKey(algorithmOf(readPrivateKey(authority.key)));
  return { key, publicKey: publicKeyDer(readPrivateKey(key)) };
}

async function signLeaf(authority: PemPair, publicKey: Uint8Array, leaf: Leaf): Promise<string> {
  const { random, ...content } = leaf;
  const { issuerName, keyId } = await readIssuer(authority.crt);
  return signCertificate(
    { ...content, publicKey, issuerName, ...(keyId === undefined ? {} : { authorityKeyId: keyId }) },
    readPrivateKey(authority.key),
    random,
  );
}

interface Issuer {
  readonly issuerName: Uint8Array;
  readonly keyId: Uint8Array | undefined;
}

async function readIssuer(authorityPem: string): Promise<Issuer> {
  const { x509, schema } = await loadAsn1();
  const certificate = schema.AsnConvert.parse(readCertificate(authorityPem).raw, x509.Certificate);
  const { subject, extensions } = certificate.tbsCertificate;
  const found = extensions?.find((extension) => extension.extnID === x509.id_ce_subjectKeyIdentifier);
  const keyId =
    found === undefined ? undefined : schema.AsnConvert.parse(found.extnValue.buffer, x509.SubjectKeyIdentifier);
  return {
    issuerName: new Uint8Array(schema.AsnConvert.serialize(subject)),
    keyId: keyId === undefined ? undefined : new Uint8Array(keyId.buffer),
  };
}

function lifetime(
  options: IssueOptions,
  defaultMs: number,
  backdateMs: number,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = options.now.getTime();
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + (options.ttlMs ?? defaultMs)) };
}
