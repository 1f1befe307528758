/**
 * Writes and signs X.509 v3 certificates and signing requests. What Talos puts in each kind of certificate stands in
 * `authority.ts` and `issue.ts`; here is only the form: order of extensions and encodings are those of Go's crypto/x509.
 */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type * as SchemaModule from '@peculiar/asn1-schema';
import type * as X509Module from '@peculiar/asn1-x509';
import type { AlgorithmIdentifier, Extension, GeneralName, Name } from '@peculiar/asn1-x509';
import type { Random } from '../system.ts';
import { algorithmOf, keyForNode } from './keys.ts';
import { renderPem } from './pem.ts';

export interface Subject {
  readonly organization?: readonly string[];
  readonly commonName?: string;
}

export type KeyPurpose = 'serverAuth' | 'clientAuth';
export type KeyUse = 'digitalSignature' | 'keyEncipherment' | 'keyCertSign';

export interface CertificateContent {
  readonly subject: Subject;
  /** DER of the issuer's name; absent = the subject itself (self-signed). */
  readonly issuerName?: Uint8Array;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly uses: readonly KeyUse[];
  readonly purposes: readonly KeyPurpose[];
  readonly isAuthority?: boolean;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** The two libraries that write DER; loaded when the first certificate is made, never by `--help`. */
interface Asn1 {
  readonly x509: typeof X509Module;
  readonly schema: typeof SchemaModule;
}

/** PEM of the signed certificate. The serial number is drawn from `random`, positive and below 2^128. */
export async function signCertificate(content: CertificateContent, signer: KeyObject, random: Random): Promise<string> {
  const asn1 = await loadAsn1();
  const { x509, schema } = asn1;
  const signature = signatureAlgorithm(asn1, signer);
  const subject = nameOf(asn1, content.subject);
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(random),
    signature,
    issuer: content.issuerName === undefined ? subject : schema.AsnConvert.parse(content.issuerName, x509.Name),
    validity: new x509.Validity({ notBefore: content.notBefore, notAfter: content.notAfter }),
    subject,
    subjectPublicKeyInfo: schema.AsnConvert.parse(content.publicKey, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions(extensionsOf(asn1, content)),
  });
  const signed = sign(digestFor(signer), new Uint8Array(schema.AsnConvert.serialize(tbsCertificate)), signer);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: bufferOf(signed),
  });
  return renderPem('CERTIFICATE', new Uint8Array(schema.AsnConvert.serialize(certificate)));
}

export interface RequestContent {
  readonly subject: Subject;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** PEM of a PKCS#10 request, signed by the key that it asks a certificate for. */
export async function signRequest(content: RequestContent, keyPem: string): Promise<string> {
  const asn1 = await loadAsn1();
  const { x509, schema } = asn1;
  const csr = await import('@peculiar/asn1-csr');
  const { createPublicKey } = await import('node:crypto');
  const key = createPrivateKey(keyForNode(keyPem));
  const names = alternativeNames(asn1, content);
  const attributes = names === undefined ? [] : [requestedExtensions(asn1, names)];
  const info = new csr.CertificationRequestInfo({
    subject: nameOf(asn1, content.subject),
    subjectPKInfo: schema.AsnConvert.parse(
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      x509.SubjectPublicKeyInfo,
    ),
    attributes: new csr.Attributes(attributes),
  });
  const signed = sign(digestFor(key), new Uint8Array(schema.AsnConvert.serialize(info)), key);
  const request = new csr.CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: signatureAlgorithm(asn1, key),
    signature: bufferOf(signed),
  });
  return renderPem('CERTIFICATE REQUEST', new Uint8Array(schema.AsnConvert.serialize(request)));
}

export async function loadAsn1(): Promise<Asn1> {
  const [x509, schema] = await Promise.all([import('@peculiar/asn1-x509'), import('@peculiar/asn1-schema')]);
  return { x509, schema };
}

const OID = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  ed25519: '1.3.101.112',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
  extensionRequest: '1.2.840.113549.1.9.14',
} as const;

/** Ed25519 hashes by itself; the others use SHA-256. */
export function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function signatureAlgorithm({ x509 }: Asn1, key: KeyObject): AlgorithmIdentifier {
  switch (algorithmOf(key)) {
    case 'ed25519':
      return new x509.AlgorithmIdentifier({ algorithm: OID.ed25519 });
    case 'ecdsa-p256':
      return new x509.AlgorithmIdentifier({ algorithm: OID.ecdsaSha256 });
    case 'rsa-4096':
      return new x509.AlgorithmIdentifier({ algorithm: OID.rsaSha256, parameters: null });
  }
}

/** Go puts all organizations in one relative name; DER wants the members of a set in order of their encoding. */
function nameOf({ x509 }: Asn1, subject: Subject): Name {
  const sets: InstanceType<Asn1['x509']['RelativeDistinguishedName']>[] = [];
  const attribute = (type: string, value: string) =>
    new x509.AttributeTypeAndValue({
      type,
      value: new x509.AttributeValue(isPrintable(value) ? { printableString: value } : { utf8String: value }),
    });
  const organizations = [...(subject.organization ?? [])].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  if (organizations.length > 0)
    sets.push(new x509.RelativeDistinguishedName(organizations.map((value) => attribute(OID.organization, value))));
  if (subject.commonName !== undefined)
    sets.push(new x509.RelativeDistinguishedName([attribute(OID.commonName, subject.commonName)]));
  return new x509.Name(sets);
}

/** The characters of ASN.1's PrintableString, in which Go writes a name when it can. */
function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
}

function extensionsOf(asn1: Asn1, content: CertificateContent): Extension[] {
  const { x509, schema } = asn1;
  const extensions: Extension[] = [];
  const add = (extnID: string, critical: boolean, value: object): void => {
    extensions.push(
      new x509.Extension({ extnID, critical, extnValue: new schema.OctetString(schema.AsnConvert.serialize(value)) }),
    );
  };
  if (content.uses.length > 0) {
    let flags = 0;
    for (const use of content.uses) flags |= x509.KeyUsageFlags[use];
    add(x509.id_ce_keyUsage, true, new x509.KeyUsage(flags));
  }
  if (content.purposes.length > 0) {
    const oids = content.purposes.map((purpose) =>
      purpose === 'serverAuth' ? x509.id_kp_serverAuth : x509.id_kp_clientAuth,
    );
    add(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage(oids));
  }
  if (content.isAuthority) add(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: true }));
  if (content.subjectKeyId !== undefined) {
    add(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(bufferOf(content.subjectKeyId)));
  }
  if (content.authorityKeyId !== undefined) {
    const keyIdentifier = new x509.KeyIdentifier(bufferOf(content.authorityKeyId));
    add(x509.id_ce_authorityKeyIdentifier, false, new x509.AuthorityKeyIdentifier({ keyIdentifier }));
  }
  const names = alternativeNames(asn1, content);
  if (names !== undefined)
    add(x509.id_ce_subjectAltName, isEmpty(content.subject), new x509.SubjectAlternativeName(names));
  return extensions;
}

/** RFC 5280 §4.2.1.6: with an empty subject the alternative names are critical. */
function isEmpty(subject: Subject): boolean {
  return (subject.organization ?? []).length === 0 && subject.commonName === undefined;
}

function alternativeNames({ x509 }: Asn1, content: RequestContent): GeneralName[] | undefined {
  const names = (content.dnsNames ?? []).map((dNSName) => new x509.GeneralName({ dNSName }));
  for (const iPAddress of content.ipAddresses ?? []) names.push(new x509.GeneralName({ iPAddress }));
  return names.length === 0 ? undefined : names;
}

function requestedExtensions({ x509, schema }: Asn1, names: GeneralName[]): InstanceType<Asn1['x509']['Attribute']> {
  const extnValue = new schema.OctetString(schema.AsnConvert.serialize(new x509.SubjectAlternativeName(names)));
  const extensions = new x509.Extensions([new x509.Extension({ extnID: x509.id_ce_subjectAltName, extnValue })]);
  return new x509.Attribute({ type: OID.extensionRequest, values: [schema.AsnConvert.serialize(extensions)] });
}

/** A positive DER integer of at most 16 bytes: a leading zero byte where the top bit is set, none where it is not needed. */
function serialNumber(random: Random): ArrayBuffer {
  const bytes = random.bytes(16);
  const start = bytes.findIndex((byte) => byte !== 0);
  if (start < 0) return bufferOf(Uint8Array.of(1));
  const significant = bytes.slice(start);
  const isNegative = (significant[0] ?? 0) > 127;
  return bufferOf(isNegative ? Uint8Array.of(0, ...significant) : significant);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
