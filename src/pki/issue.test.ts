import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, connect, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemRandom } from '../system.ts';
import { createAuthority } from './authority.ts';
import { fingerprintOfDer, inspectCertificate, isIssuedBy, keyMatchesCertificate, readCertificate } from './inspect.ts';
import { issueKubernetesClientCertificate, issueServerCertificate, issueTalosClientCertificate } from './issue.ts';
import { generateKey, keyForNode } from './keys.ts';
import type { PemPair } from './pem.ts';
import { createCertificateRequest, parseCertificateRequest, signCertificateRequest } from './request.ts';

const bundleText = readFileSync(new URL('../../test/fixtures/secrets/d-contract-1.14.yaml', import.meta.url), 'utf8');
const now = new Date('2026-03-01T10:00:00Z');
const options = { now, random: systemRandom };
let talos: PemPair;
let kubernetes: PemPair;

beforeAll(async () => {
  talos = await createAuthority({ algorithm: 'ed25519', organization: 'talos', ...options });
  kubernetes = await createAuthority({ algorithm: 'ecdsa-p256', organization: 'kubernetes', ...options });
});

describe('Talos client certificates', () => {
  test('carry the roles as organizations and clientAuth as their only purpose', async () => {
    const client = await issueTalosClientCertificate(talos, {
      ...options,
      roles: ['os:reader', 'os:admin', 'os:reader'],
    });

    const certificate = new X509Certificate(client.crt);
    expect(inspectCertificate(client.crt)).toMatchObject({
      organization: ['os:admin', 'os:reader'],
      commonName: undefined,
      dnsNames: [],
      isAuthority: false,
    });
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(isIssuedBy(client.crt, talos.crt)).toBe(true);
    expect(keyMatchesCertificate(client.key, client.crt)).toBe(true);
    expect(client.key).toContain('BEGIN ED25519 PRIVATE KEY');
  });

  test('live a year unless told otherwise', async () => {
    const year = await issueTalosClientCertificate(talos, { ...options, roles: ['os:admin'] });
    const day = await issueTalosClientCertificate(talos, { ...options, roles: ['os:admin'], ttlMs: 86_400_000 });

    expect(inspectCertificate(year.crt)).toMatchObject({ notBefore: now, notAfter: new Date('2027-03-01T10:00:00Z') });
    expect(inspectCertificate(day.crt).notAfter).toEqual(new Date('2026-03-02T10:00:00Z'));
  });

  test('without a role are refused', async () => {
    await expect(issueTalosClientCertificate(talos, { ...options, roles: [] })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});

describe('the Kubernetes administrator', () => {
  test('is admin of system:masters, valid from ten seconds ago', async () => {
    const admin = await issueKubernetesClientCertificate(kubernetes, options);

    expect(inspectCertificate(admin.crt)).toMatchObject({
      organization: ['system:masters'],
      commonName: 'admin',
      notBefore: new Date('2026-03-01T09:59:50Z'),
      notAfter: new Date('2027-03-01T10:00:00Z'),
    });
    expect(admin.key).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
    expect(isIssuedBy(admin.crt, kubernetes.crt)).toBe(true);
  });

  test('takes a key of the kind of its authority', async () => {
    const admin = await issueKubernetesClientCertificate(talos, options);

    expect(admin.key).toMatch(/^-----BEGIN ED25519 PRIVATE KEY-----/);
  });
});

describe('server certificates', () => {
  test('are accepted in a mutual TLS handshake under the name they were made for', async () => {
    const live = { now: new Date(Date.now() - 60_000), random: systemRandom };
    const authority = await createAuthority({ algorithm: 'ed25519', organization: 'talos', ...live });
    const server = await issueServerCertificate(authority, {
      ...live,
      dnsNames: ['cp-1'],
      ipAddresses: ['10.0.4.101', 'fd00::1'],
    });
    const client = await issueTalosClientCertificate(authority, { ...live, roles: ['os:admin'] });

    const seen = await handshake(authority, server, client);

    expect(seen).toEqual({ clientOrganization: 'os:admin', fingerprint: inspectCertificate(server.crt).fingerprint });
    expect(inspectCertificate(server.crt)).toMatchObject({
      dnsNames: ['cp-1'],
      ipAddresses: ['10.0.4.101', 'FD00:0:0:0:0:0:0:1'],
    });
  });
});

describe('signing requests', () => {
  test('are signed for the asked names, without the roles that the sender wrote in', async () => {
    const key = await generateKey('ed25519');
    const request = await createCertificateRequest(key, {
      subject: { organization: ['os:admin'], commonName: 'worker-1' },
      dnsNames: ['worker-1'],
      ipAddresses: ['10.0.4.120'],
    });

    const crt = await signCertificateRequest(talos, request, options);

    expect(inspectCertificate(crt)).toMatchObject({
      organization: [],
      commonName: 'worker-1',
      dnsNames: ['worker-1'],
      ipAddresses: ['10.0.4.120'],
    });
    expect(keyMatchesCertificate(key, crt)).toBe(true);
    expect(readCertificate(crt).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  test('are signed by an RSA authority too, as older Kubernetes clusters have', async () => {
    const key = Buffer.from(parse(bundleText).certs.k8sserviceaccount.key, 'base64').toString();
    const rsa = await createAuthority({ algorithm: 'rsa-4096', organization: 'kubernetes', key, ...options });
    const request = await createCertificateRequest(await generateKey('ecdsa-p256'), { subject: { commonName: 'x' } });

    const crt = await signCertificateRequest(rsa, request, options);

    expect(isIssuedBy(crt, rsa.crt)).toBe(true);
    expect(isIssuedBy(crt, talos.crt)).toBe(false);
  });

  test('with a broken signature are refused', async () => {
    const key = await generateKey('ecdsa-p256');
    const request = await createCertificateRequest(key, { subject: { commonName: 'worker-1' } });
    const other = await createCertificateRequest(key, { subject: { commonName: 'worker-2' } });
    const forged = swapSignature(request, other);

    await expect(parseCertificateRequest(forged)).rejects.toThrow('not signed by the key');
    await expect(parseCertificateRequest(request)).resolves.toMatchObject({ commonName: 'worker-1' });
  });
});

function swapSignature(requestPem: string, otherPem: string): string {
  const body = (pem: string): Buffer => Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
  const name = Buffer.from('worker-1');
  const forged = body(otherPem);
  const at = forged.indexOf(Buffer.from('worker-2'));
  name.copy(forged, at);
  expect(body(requestPem).includes(name)).toBe(true);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function handshake(
  authority: PemPair,
  server: PemPair,
  client: PemPair,
): Promise<{ clientOrganization: string; fingerprint: string }> {
  return new Promise((resolve, reject) => {
    const listener = createServer({
      cert: server.crt,
      key: keyForNode(server.key),
      ca: authority.crt,
      requestCert: true,
      minVersion: 'TLSv1.3',
    });
    const accepted = new Promise<TLSSocket>((done) => listener.once('secureConnection', done));
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const socket = connect({
        host: '127.0.0.1',
        port,
        servername: 'cp-1',
        ca: authority.crt,
        cert: client.crt,
        key: keyForNode(client.key),
      });
      socket.once('error', reject);
      socket.once('secureConnect', async () => {
        const peer = await accepted;
        resolve({
          clientOrganization: String(peer.getPeerCertificate().subject.O),
          fingerprint: fingerprintOfDer(new Uint8Array(socket.getPeerCertificate().raw)),
        });
        socket.destroy();
        peer.destroy();
        listener.close();
      });
    });
  });
}
