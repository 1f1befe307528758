/**
 * Private keys in the PEM forms that Talos and Kubernetes write: `ED25519 PRIVATE KEY` (PKCS#8 under a label of Talos' own),
 * `EC PRIVATE KEY` (SEC 1) and `RSA PRIVATE KEY` (PKCS#1). Source: talos-3-config.md §3.1, siderolabs/crypto x509.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { IchorError } from '../errors.ts';
import { firstPemBlock, parsePem, renderPem } from './pem.ts';

export type KeyAlgorithm = 'ed25519' | 'ecdsa-p256' | 'rsa-4096';

const generate = promisify(generateKeyPair);

export async function generateKey(algorithm: KeyAlgorithm): Promise<string> {
  switch (algorithm) {
    case 'ed25519': {
      const { privateKey } = await generate('ed25519');
      return renderPem('ED25519 PRIVATE KEY', privateKey.export({ type: 'pkcs8', format: 'der' }));
    }
    case 'ecdsa-p256': {
      const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
      return renderPem('EC PRIVATE KEY', privateKey.export({ type: 'sec1', format: 'der' }));
    }
    case 'rsa-4096': {
      const { privateKey } = await generate('rsa', { modulusLength: 4096 });
      return renderPem('RSA PRIVATE KEY', privateKey.export({ type: 'pkcs1', format: 'der' }));
    }
  }
}

/** Reads any of the forms above and PKCS#8. The error never quotes the text. */
export function readPrivateKey(pem: string): KeyObject {
  const block = firstPemBlock(pem, 'PRIVATE KEY');
  try {
    return createPrivateKey(keyForNode(renderPem(block.label, block.der)));
  } catch (cause) {
    throw new IchorError(
      'invalid-input',
      `the private key (${block.label}) cannot be read: its content is not a key of that form`,
      {
        hint: 'Encrypted PEM keys and SSH keys are not accepted; Talos writes ED25519, EC, RSA or PKCS#8 keys.',
        cause,
      },
    );
  }
}

/** The same key under a label that OpenSSL knows: Node's TLS refuses `ED25519 PRIVATE KEY`, whose body is PKCS#8. */
export function keyForNode(pem: string): string {
  return pem.replaceAll('ED25519 PRIVATE KEY-----', 'PRIVATE KEY-----');
}

export function algorithmOf(key: KeyObject): KeyAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return 'ed25519';
    case 'ec':
      if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ecdsa-p256';
      break;
    case 'rsa':
      return 'rsa-4096';
  }
  throw new IchorError('invalid-input', `keys of type ${key.asymmetricKeyType ?? 'unknown'} are not used by Talos`, {
    hint: 'Use Ed25519, ECDSA P-256 or RSA.',
  });
}

/** DER of the SubjectPublicKeyInfo that belongs to a private key. */
export function publicKeyDer(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

/** PEM of the public half, as `kube-apiserver --service-account-key-file` reads it. */
export function publicKeyPem(privateKeyPem: string): string {
  return renderPem('PUBLIC KEY', publicKeyDer(readPrivateKey(privateKeyPem)));
}

export function isPrivateKeyPem(text: string): boolean {
  return parsePem(text).some((block) => block.label.endsWith('PRIVATE KEY'));
}
