import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { inspectCertificate, isIssuedBy, keyMatchesCertificate } from '../pki/inspect.ts';
import { systemRandom } from '../system.ts';
import { checkBundle } from './bundle-check.ts';
import { bundleContract, decodePem, generateBundle, generateToken, parseBundle, renderBundle } from './bundle.ts';
import { goScalar } from './go-scalar.ts';

const FIXTURES = ['a-contract-1.11', 'b-contract-1.14', 'c-contract-1.2', 'd-contract-1.14'] as const;
const now = new Date('2026-03-01T10:00:00Z');
const quick = { now, random: systemRandom, serviceAccountKey: 'ecdsa-p256' } as const;

describe('bundle files', () => {
  test.each(FIXTURES)('%s, made by Talos, is read and written back byte for byte', (name) => {
    const text = fixture(name);

    expect(renderBundle(parseBundle(text))).toBe(text);
  });

  test.each(FIXTURES)('%s has nothing to find fault with', (name) => {
    expect(checkBundle(parseBundle(fixture(name)), { now })).toEqual([]);
  });

  test("keys that are not the bundle's own are refused with their place", () => {
    const text = fixture('d-contract-1.14').replace('trustdinfo:', 'argocd:\n    password: hunter2\ntrustdinfo:');

    expect(() => parseBundle(text, 'talsecret.yaml')).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        where: { file: 'talsecret.yaml', line: 7, column: 1 },
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });

  test('a missing value is named', () => {
    const text = fixture('d-contract-1.14').replace(/ {4}token: .*\n/, '    token: ""\n');

    expect(() => parseBundle(text)).toThrow('trustdinfo.token is missing or empty');
  });

  test('strings that would be read as another type are quoted', () => {
    const token = fc.stringMatching(/^[0-9a-z]{6}\.[0-9a-z]{16}$/);
    const number = fc.stringMatching(/^[0-9]{6}\.[0-9]{12}e[0-9]{1,3}$/);
    const base64 = fc.uint8Array({ minLength: 32, maxLength: 32 });

    fc.assert(
      fc.property(
        fc.oneof(token, number, fc.constantFrom('true', 'no', '12:30', '2026-01-01', '0x1f', '', ' a', '---')),
        (text) => {
          expect(parse(`a: ${goScalar(text)}`, { version: '1.1' })).toEqual({ a: text });
          expect(parse(`a: ${goScalar(text)}`, { version: '1.2' })).toEqual({ a: text });
        },
      ),
    );
    fc.assert(
      fc.property(base64, fc.constantFrom('base64', 'base64url'), (bytes, alphabet) => {
        const text = Buffer.from(bytes).toString(alphabet).padEnd(44, '=');
        expect(parse(`a: ${goScalar(text)}`)).toEqual({ a: text });
      }),
    );
  });
});

describe('a new bundle', () => {
  test("has authorities of Talos' kinds whose keys belong to them, and passes its own check", async () => {
    const bundle = await generateBundle({ talos: 'v1.13.9', ...quick });

    expect(checkBundle(bundle, { now })).toEqual([]);
    const facts = (name: 'etcd' | 'k8s' | 'k8saggregator' | 'os') =>
      inspectCertificate(decodePem(bundle.certs[name].crt));
    expect(facts('etcd').organization).toEqual(['etcd']);
    expect(facts('k8s').organization).toEqual(['kubernetes']);
    expect(facts('k8saggregator')).toMatchObject({ organization: [], commonName: undefined, isAuthority: true });
    expect(facts('os').organization).toEqual(['talos']);
    expect(decodePem(bundle.certs.os.key)).toContain('BEGIN ED25519 PRIVATE KEY');
    expect(isIssuedBy(decodePem(bundle.certs.etcd.crt), decodePem(bundle.certs.etcd.crt))).toBe(true);
    expect(keyMatchesCertificate(decodePem(bundle.certs.etcd.key), decodePem(bundle.certs.k8s.crt))).toBe(false);
    expect(parseBundle(renderBundle(bundle))).toEqual(bundle);
  });

  test.each([
    ['v1.2', 'aescbcencryptionsecret', 'ecdsa-p256'],
    ['v1.3', 'secretboxencryptionsecret', 'ecdsa-p256'],
    ['1.6.7', 'secretboxencryptionsecret', 'ecdsa-p256'],
    ['v1.7', 'secretboxencryptionsecret', 'rsa-4096'],
    ['v1.14.1', 'secretboxencryptionsecret', 'rsa-4096'],
    ['v1.15.0-alpha.0', 'secretboxencryptionsecret', 'rsa-4096'],
  ] as const)('has the secrets of its contract: %s', (talos, encryptionSecret, serviceAccountKey) => {
    expect(bundleContract(talos)).toEqual({ encryptionSecret, serviceAccountKey });
  });

  test('follows its contract', async () => {
    const old = await generateBundle({ talos: 'v1.2', now, random: systemRandom });

    expect(Object.keys(old.secrets)).toEqual(['bootstraptoken', 'aescbcencryptionsecret']);
    expect(decodePem(old.certs.k8sserviceaccount.key)).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
    expect(checkBundle(old, { now })).toEqual([]);
  });

  test('draws tokens evenly: bytes that would favour some letters are thrown away', () => {
    const bytes = Uint8Array.from([255, 254, 253, 252, 251, 36, 35, 0]);
    const random = {
      bytes: (length: number) => Uint8Array.from({ length }, (_, index) => bytes[index % bytes.length] ?? 0),
    };

    expect(generateToken(random)).toBe('z0z0z0.z0z0z0z0z0z0z0z0');
  });

  test('is refused for what is no Talos version', async () => {
    await expect(generateBundle({ talos: '13', ...quick })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('the check', () => {
  test('finds a key that belongs to another certificate, and says where it stands', () => {
    const text = fixture('d-contract-1.14');
    const other = parseBundle(fixture('a-contract-1.11'));
    const mixed = text.replace(parseBundle(text).certs.os.key, other.certs.os.key);

    expect(checkBundle(parseBundle(mixed), { now, source: { text: mixed, file: 's.yaml' } })).toEqual([
      expect.objectContaining({
        rule: 'bundle-key',
        severity: 'error',
        where: { file: 's.yaml', line: 23, column: 9 },
      }),
    ]);
  });

  test('tells what has ended, what has not begun and what ends soon', () => {
    const bundle = parseBundle(fixture('d-contract-1.14'));
    const rulesAt = (date: string) => checkBundle(bundle, { now: new Date(date) }).map((finding) => finding.rule);

    expect(new Set(rulesAt('2036-01-01'))).toEqual(new Set(['bundle-expired']));
    expect(new Set(rulesAt('2025-12-31'))).toEqual(new Set(['bundle-not-yet-valid']));
    expect(new Set(rulesAt('2035-11-01'))).toEqual(new Set(['bundle-expires']));
  });

  test('refuses both or none of the encryption secrets, and secrets of the wrong size', () => {
    const bundle = parseBundle(fixture('d-contract-1.14'));
    const { bootstraptoken } = bundle.secrets;
    const rules = (changed: Partial<typeof bundle>) =>
      checkBundle({ ...bundle, ...changed }, { now }).map((finding) => finding.rule);

    expect(rules({ secrets: { bootstraptoken } })).toEqual(['bundle-encryption-secret']);
    expect(rules({ secrets: { ...bundle.secrets, aescbcencryptionsecret: bundle.cluster.secret } })).toEqual([
      'bundle-encryption-secret',
    ]);
    expect(rules({ cluster: { id: 'x', secret: 'c2hvcnQ=' } })).toEqual(['bundle-cluster-secret']);
    expect(rules({ trustdinfo: { token: 'Not.A.Token' } })).toEqual(['bundle-token']);
  });
});

function fixture(name: string): string {
  return readFileSync(new URL(`../../test/fixtures/secrets/${name}.yaml`, import.meta.url), 'utf8');
}
