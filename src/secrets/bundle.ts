/**
 * The secrets bundle as a file: read with positions, written as `talosctl gen secrets` writes it, and made new.
 * The shape itself is `talos/secrets-bundle.ts`; encryption and files are `bundle-file.ts`. Source: talos-3-config.md §3.1.
 */
import { IchorError } from '../errors.ts';
import { createAuthority } from '../pki/authority.ts';
import { generateKey } from '../pki/keys.ts';
import type { PemPair } from '../pki/pem.ts';
import type { Random } from '../system.ts';
import type { BundleCertificate, SecretsBundle } from '../talos/secrets-bundle.ts';
import { goScalar } from './go-scalar.ts';
import { isRecord, positionOf, readYaml, type YamlSource } from './yaml-source.ts';

export interface GenerateBundleOptions {
  /** The version contract (`v1.13` or `v1.13.9`): which encryption secret and which kind of service-account key. */
  readonly talos: string;
  readonly now: Date;
  readonly random: Random;
  /** Taken instead of a new one, as `talosctl gen secrets --kubernetes-bootstrap-token`. */
  readonly bootstrapToken?: string;
  /** Authorities that exist already, for example of a Kubernetes cluster that moves to Talos. */
  readonly certs?: Partial<SecretsBundle['certs']>;
  /** RSA takes a second to make; a throwaway bundle may do with the older kind. Default: what the contract says. */
  readonly serviceAccountKey?: 'rsa-4096' | 'ecdsa-p256';
}

export async function generateBundle(options: GenerateBundleOptions): Promise<SecretsBundle> {
  const { random, now } = options;
  const contract = bundleContract(options.talos);
  const given = options.certs ?? {};
  const elliptic = async (organization?: string): Promise<BundleCertificate> =>
    encodePair(
      await createAuthority({
        algorithm: 'ecdsa-p256',
        now,
        random,
        ...(organization === undefined ? {} : { organization }),
      }),
    );
  const serviceAccount = async () => ({
    key: encodePem(await generateKey(options.serviceAccountKey ?? contract.serviceAccountKey)),
  });
  const os = async () =>
    encodePair(await createAuthority({ algorithm: 'ed25519', organization: 'talos', now, random }));
  const encryption = base64(random.bytes(32));
  return {
    // The standard alphabet, as talosctl from 1.14.1 on writes it for every contract; nodes take it as an opaque string.
    cluster: { id: base64(random.bytes(32)), secret: base64(random.bytes(32)) },
    secrets: {
      bootstraptoken: options.bootstrapToken ?? generateToken(random),
      [contract.encryptionSecret]: encryption,
    },
    trustdinfo: { token: generateToken(random) },
    certs: {
      etcd: given.etcd ?? (await elliptic('etcd')),
      k8s: given.k8s ?? (await elliptic('kubernetes')),
      k8saggregator: given.k8saggregator ?? (await elliptic()),
      k8sserviceaccount: given.k8sserviceaccount ?? (await serviceAccount()),
      os: given.os ?? (await os()),
    },
  };
}

export interface BundleContract {
  readonly encryptionSecret: 'secretboxencryptionsecret' | 'aescbcencryptionsecret';
  readonly serviceAccountKey: 'rsa-4096' | 'ecdsa-p256';
}

/** What differs between Talos versions in a new bundle: secretbox after 1.2, an RSA service-account key after 1.6. */
export function bundleContract(talos: string): BundleContract {
  const minor = contractMinor(talos);
  return {
    encryptionSecret: minor > 2 ? 'secretboxencryptionsecret' : 'aescbcencryptionsecret',
    serviceAccountKey: minor > 6 ? 'rsa-4096' : 'ecdsa-p256',
  };
}

/** `[0-9a-z]{6}.[0-9a-z]{16}`, each letter equally likely: bytes from 252 on are thrown away before the division by 36. */
export function generateToken(random: Random): string {
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
  let letters = '';
  while (letters.length < 22) {
    for (const byte of random.bytes(32)) if (byte < 252) letters += alphabet.charAt(byte % 36);
  }
  return `${letters.slice(0, 6)}.${letters.slice(6, 22)}`;
}

const SHAPE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  cluster: { id: [], secret: [] },
  secrets: { bootstraptoken: [], secretboxencryptionsecret: [], aescbcencryptionsecret: [] },
  trustdinfo: { token: [] },
  certs: {
    etcd: ['crt', 'key'],
    k8s: ['crt', 'key'],
    k8saggregator: ['crt', 'key'],
    k8sserviceaccount: ['key'],
    os: ['crt', 'key'],
  },
};

/** Reads a bundle in the clear. Keys that are not the bundle's own are errors with their place, as are missing ones. */
export function parseBundle(text: string, file = 'secrets.yaml'): SecretsBundle {
  const source = readYaml(text, file);
  const value: unknown = source.document.toJS();
  if (!isRecord(value)) throw new IchorError('invalid-input', `${file} holds no secrets bundle`, { hint: BUNDLE_HINT });
  if ('sops' in value) {
    throw new IchorError('invalid-input', `${file} is encrypted with SOPS`, {
      hint: 'Decrypt it first: ichor secrets decrypt, or sops decrypt.',
    });
  }
  refuseForeignKeys(source, value, SHAPE, []);
  const required = (...path: string[]): string => requiredText(source, path);
  const optional = (key: string): string | undefined => {
    const found = source.document.getIn(['secrets', key]);
    return found === undefined || found === null || found === '' ? undefined : required('secrets', key);
  };
  const pair = (name: string): BundleCertificate => ({
    crt: required('certs', name, 'crt'),
    key: required('certs', name, 'key'),
  });
  const secretbox = optional('secretboxencryptionsecret');
  const aescbc = optional('aescbcencryptionsecret');
  return {
    cluster: { id: required('cluster', 'id'), secret: required('cluster', 'secret') },
    secrets: {
      bootstraptoken: required('secrets', 'bootstraptoken'),
      ...(secretbox === undefined ? {} : { secretboxencryptionsecret: secretbox }),
      ...(aescbc === undefined ? {} : { aescbcencryptionsecret: aescbc }),
    },
    trustdinfo: { token: required('trustdinfo', 'token') },
    certs: {
      etcd: pair('etcd'),
      k8s: pair('k8s'),
      k8saggregator: pair('k8saggregator'),
      k8sserviceaccount: { key: required('certs', 'k8sserviceaccount', 'key') },
      os: pair('os'),
    },
  };
}

/** The very bytes of `talosctl gen secrets` for these secrets. */
export function renderBundle(bundle: SecretsBundle): string {
  const { cluster, secrets, trustdinfo, certs } = bundle;
  const lines = ['cluster:', ...entry(1, { id: cluster.id, secret: cluster.secret }), 'secrets:'];
  lines.push(
    ...entry(1, {
      bootstraptoken: secrets.bootstraptoken,
      aescbcencryptionsecret: secrets.aescbcencryptionsecret,
      secretboxencryptionsecret: secrets.secretboxencryptionsecret,
    }),
  );
  lines.push('trustdinfo:', ...entry(1, { token: trustdinfo.token }), 'certs:');
  for (const name of ['etcd', 'k8s', 'k8saggregator', 'k8sserviceaccount', 'os'] as const) {
    const certificate: Partial<BundleCertificate> = certs[name];
    lines.push(`    ${name}:`, ...entry(2, { crt: certificate.crt, key: certificate.key }));
  }
  return `${lines.join('\n')}\n`;
}

export function encodePem(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64');
}

export function decodePem(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

export function encodePair(pair: PemPair): BundleCertificate {
  return { crt: encodePem(pair.crt), key: encodePem(pair.key) };
}

export function decodePair(pair: BundleCertificate): PemPair {
  return { crt: decodePem(pair.crt), key: decodePem(pair.key) };
}

const BUNDLE_HINT =
  'A bundle is the file that talosctl gen secrets or talhelper gensecret writes: cluster, secrets, trustdinfo, certs.';

function entry(depth: number, values: Readonly<Record<string, string | undefined>>): string[] {
  const indent = '    '.repeat(depth);
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${indent}${key}: ${goScalar(value)}`],
  );
}

function refuseForeignKeys(
  source: YamlSource,
  value: Readonly<Record<string, unknown>>,
  shape: object,
  path: readonly string[],
): void {
  for (const [key, child] of Object.entries(value)) {
    const here = [...path, key];
    const known: unknown = Array.isArray(shape)
      ? shape.includes(key)
        ? []
        : undefined
      : Object.entries(shape).find(([name]) => name === key)?.[1];
    if (typeof known !== 'object' || known === null) {
      const names = Array.isArray(shape) ? shape : Object.keys(shape);
      throw new IchorError('invalid-input', `${source.file}: "${here.join('.')}" is no key of a secrets bundle`, {
        where: positionOf(source, here),
        hint: `Bundles hold only the bundle's own keys (here: ${names.join(', ')}); other secrets stand in a file of their own.`,
      });
    }
    if (isRecord(child)) refuseForeignKeys(source, child, known, here);
  }
}

function requiredText(source: YamlSource, path: readonly string[]): string {
  const value: unknown = source.document.getIn(path);
  if (typeof value === 'string' && value !== '') return value;
  const what = value === undefined || value === null || value === '' ? 'is missing or empty' : 'must be a string';
  throw new IchorError('invalid-input', `${source.file}: ${path.join('.')} ${what}`, {
    where: positionOf(source, path),
    hint: BUNDLE_HINT,
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Talos' own reading of a contract: major 1, the minor counts, the patch does not. */
function contractMinor(version: string): number {
  const match = /^v?1\.(\d+)(?:$|[.-])/.exec(version);
  if (match === null) {
    throw new IchorError('invalid-input', `"${version}" is no Talos version`, {
      hint: 'Write it like v1.13 or v1.13.9.',
    });
  }
  return Number(match[1]);
}
