import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemRandom, type Random } from '../system.ts';
import { AUTHORITY_LIFETIME_MS, createAuthority } from './authority.ts';
import { inspectCertificate, isIssuedBy, keyMatchesCertificate, readCertificate } from './inspect.ts';
import { firstPemBlock, renderPem } from './pem.ts';

const bundleText = readFileSync(new URL('../../test/fixtures/secrets/d-contract-1.14.yaml', import.meta.url), 'utf8');
const now = new Date('2026-03-01T10:00:00Z');

describe('authorities', () => {
  test('the Talos authority that Talos made is rebuilt byte for byte from its key, serial number and key identifier', async () => {
    const talos = pairOf('os');
    const facts = inspectCertificate(talos.crt);

    const rebuilt = await createAuthority({
      algorithm: 'ed25519',
      organization: 'talos',
      now: facts.notBefore,
      random: replay(talos.crt),
      key: talos.key,
    });

    expect(rebuilt.crt).toBe(talos.crt);
  });

  test.each([
    ['k8s', 'kubernetes'],
    ['etcd', 'etcd'],
    ['k8saggregator', undefined],
  ])('the signed part of the %s authority equals that of Talos byte for byte', async (name, organization) => {
    const talos = pairOf(name);
    const { notBefore } = inspectCertificate(talos.crt);
    const base = { algorithm: 'ecdsa-p256', now: notBefore, random: replay(talos.crt), key: talos.key } as const;

    const rebuilt = await createAuthority(organization === undefined ? base : { ...base, organization });

    expect(signedPart(rebuilt.crt)).toEqual(signedPart(talos.crt));
    expect(isIssuedBy(rebuilt.crt, talos.crt)).toBe(true);
  });

  test('a new authority lives ten years of 365 days and its key is in the form that Talos writes', async () => {
    const authority = await createAuthority({ algorithm: 'ed25519', organization: 'talos', now, random: systemRandom });

    const facts = inspectCertificate(authority.crt);
    expect(facts.notAfter.getTime() - facts.notBefore.getTime()).toBe(AUTHORITY_LIFETIME_MS);
    expect(facts).toMatchObject({ organization: ['talos'], commonName: undefined, isAuthority: true });
    expect(authority.key).toMatch(
      /^-----BEGIN ED25519 PRIVATE KEY-----\n[A-Za-z0-9+/=]{64}\n-----END ED25519 PRIVATE KEY-----\n$/,
    );
    expect(keyMatchesCertificate(authority.key, authority.crt)).toBe(true);
  });

  test.each([
    ['top bit set', Uint8Array.from({ length: 16 }, () => 0xff), 'ff'.repeat(16)],
    ['leading zeros', Uint8Array.from({ length: 16 }, (_, i) => (i < 15 ? 0 : 0x80)), '80'],
    ['all zero', new Uint8Array(16), '1'],
  ])('the serial number stays a positive DER integer: %s', async (_, bytes, expected) => {
    const random: Random = { bytes: (length) => bytes.slice(0, length) };

    const { crt } = await createAuthority({ algorithm: 'ecdsa-p256', now, random });

    expect(inspectCertificate(crt).serialNumber.replace(/^0+/, '')).toBe(expected);
  });
});

function pairOf(name: string): { readonly crt: string; readonly key: string } {
  const pair: { crt: string; key: string } = parse(bundleText).certs[name];
  return { crt: Buffer.from(pair.crt, 'base64').toString(), key: Buffer.from(pair.key, 'base64').toString() };
}

/** Gives back the random parts of a finished certificate, told apart by their length. */
function replay(certificatePem: string): Random {
  const serial = Buffer.from(readCertificate(certificatePem).serialNumber.padStart(32, '0'), 'hex');
  const der = Buffer.from(firstPemBlock(certificatePem, 'CERTIFICATE').der);
  const marker = Buffer.from('0603551d0e04160414', 'hex');
  const keyId = der.subarray(der.indexOf(marker) + marker.length).subarray(0, 20);
  return { bytes: (length) => new Uint8Array(length === 20 ? keyId : serial) };
}

/** The certificate without its outer header and signature: TBSCertificate and what it says of the algorithm. */
function signedPart(pem: string): string {
  const der = Buffer.from(firstPemBlock(pem, 'CERTIFICATE').der);
  const length = der.readUInt16BE(6);
  return renderPem('TBS', new Uint8Array(der.subarray(4, 8 + length)));
}
