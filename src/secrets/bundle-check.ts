/**
 * What is wrong with a bundle before anything is built on it: keys that do not belong to their certificates, authorities that
 * have ended, secrets of the wrong size. Messages name the place in the bundle and never a value.
 */
import { messageOf, type SourcePosition } from '../errors.ts';
import { inspectCertificate, keyMatchesCertificate } from '../pki/inspect.ts';
import { algorithmOf, readPrivateKey } from '../pki/keys.ts';
import type { Finding } from '../spec/finding.ts';
import type { BundleCertificate, SecretsBundle } from '../talos/secrets-bundle.ts';
import { decodePem } from './bundle.ts';
import { positionOf, readYaml } from './yaml-source.ts';

export interface CheckBundleOptions {
  /** Absent = what depends on the time is not looked at. */
  readonly now?: Date;
  /** Gives findings their place in the file. */
  readonly source?: { readonly text: string; readonly file: string };
}

const DAY_MS = 86_400_000;
/** An authority's rotation touches every machine; half a year is time to plan it. */
const AUTHORITY_WARNING_MS: number = 180 * DAY_MS;

export function checkBundle(bundle: SecretsBundle, options: CheckBundleOptions): readonly Finding[] {
  const source = options.source === undefined ? undefined : readYaml(options.source.text, options.source.file);
  const place = (path: string): SourcePosition | undefined =>
    source === undefined ? undefined : positionOf(source, path.split('.'));
  const problems = [...checkSecrets(bundle), ...checkServiceAccount(bundle)];
  for (const name of ['etcd', 'k8s', 'k8saggregator', 'os'] as const) {
    problems.push(...checkAuthority(name, bundle.certs[name], options.now));
  }
  return problems.map(({ path, ...problem }) => {
    const where = place(path);
    return { ...problem, message: `${path}: ${problem.message}`, ...(where === undefined ? {} : { where }) };
  });
}

type Problem = Pick<Finding, 'severity' | 'rule' | 'message' | 'hint'> & { readonly path: string };

function checkSecrets({ cluster, secrets, trustdinfo }: SecretsBundle): Problem[] {
  const problems: Problem[] = [];
  const error = (path: string, rule: string, message: string): void =>
    void problems.push({ severity: 'error', rule, path, message });
  if (bytesOf(cluster.secret) !== 32) {
    error(
      'cluster.secret',
      'bundle-cluster-secret',
      'must be 32 bytes in standard base64; Talos 1.14 refuses anything else',
    );
  }
  for (const [path, token] of [
    ['secrets.bootstraptoken', secrets.bootstraptoken],
    ['trustdinfo.token', trustdinfo.token],
  ] as const) {
    if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token))
      error(path, 'bundle-token', 'must look like abcdef.0123456789abcdef (lower-case letters and digits)');
  }
  const { secretboxencryptionsecret: secretbox, aescbcencryptionsecret: aescbc } = secrets;
  if ((secretbox === undefined) === (aescbc === undefined)) {
    const which = secretbox === undefined ? 'neither of them is there' : 'both are there';
    error(
      'secrets',
      'bundle-encryption-secret',
      `holds secretboxencryptionsecret or aescbcencryptionsecret, exactly one; ${which}`,
    );
  }
  if (secretbox !== undefined && bytesOf(secretbox) !== 32) {
    error('secrets.secretboxencryptionsecret', 'bundle-encryption-secret', 'must be 32 bytes in standard base64');
  }
  if (aescbc !== undefined && ![16, 24, 32].includes(bytesOf(aescbc))) {
    error(
      'secrets.aescbcencryptionsecret',
      'bundle-encryption-secret',
      'must be 16, 24 or 32 bytes in standard base64',
    );
  }
  return problems;
}

function checkServiceAccount({ certs }: SecretsBundle): Problem[] {
  try {
    algorithmOf(readPrivateKey(decodePem(certs.k8sserviceaccount.key)));
    return [];
  } catch (reason) {
    return [{ severity: 'error', rule: 'bundle-key', path: 'certs.k8sserviceaccount.key', message: messageOf(reason) }];
  }
}

function checkAuthority(name: string, pair: BundleCertificate, now: Date | undefined): Problem[] {
  const path = `certs.${name}`;
  const crt = decodePem(pair.crt);
  try {
    const facts = inspectCertificate(crt);
    const problems = now === undefined ? [] : checkLifetime(`${path}.crt`, facts, now);
    if (!facts.isAuthority) {
      problems.push({
        severity: 'error',
        rule: 'bundle-authority',
        path: `${path}.crt`,
        message: 'is not the certificate of an authority',
      });
    }
    if (!keyMatchesCertificate(decodePem(pair.key), crt)) {
      problems.push({
        severity: 'error',
        rule: 'bundle-key',
        path: `${path}.key`,
        message: 'does not belong to the certificate beside it',
        hint: 'Take both from the same backup; nodes would refuse everything signed with this key.',
      });
    }
    return problems;
  } catch (reason) {
    return [{ severity: 'error', rule: 'bundle-certificate', path, message: messageOf(reason) }];
  }
}

function checkLifetime(
  path: string,
  facts: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
): Problem[] {
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  if (facts.notAfter.getTime() <= now.getTime()) {
    const hint = 'Rotate this authority; until then nothing that it signed is trusted.';
    return [{ severity: 'error', rule: 'bundle-expired', path, message: `ended on ${day(facts.notAfter)}`, hint }];
  }
  if (facts.notBefore.getTime() > now.getTime()) {
    const hint = 'Look at the clock of this machine, or of the one that made the bundle.';
    return [
      {
        severity: 'error',
        rule: 'bundle-not-yet-valid',
        path,
        message: `begins only on ${day(facts.notBefore)}`,
        hint,
      },
    ];
  }
  if (facts.notAfter.getTime() - now.getTime() < AUTHORITY_WARNING_MS) {
    return [
      {
        severity: 'warning',
        rule: 'bundle-expires',
        path,
        message: `ends on ${day(facts.notAfter)}`,
        hint: 'Plan its rotation.',
      },
    ];
  }
  return [];
}

/** Length after decoding, or -1 for what is not base64 in the standard alphabet. */
function bytesOf(text: string): number {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes.length : -1;
}
