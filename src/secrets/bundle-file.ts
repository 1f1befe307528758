/**
 * The cluster's bundle on disk: loaded encrypted or not, made once and never made again, and encrypted before it touches the disk.
 */
import { basename } from 'node:path';
import { IchorError } from '../errors.ts';
import type { Random } from '../system.ts';
import type { Finding } from '../spec/finding.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { decryptAge, type Identities } from './age.ts';
import { checkBundle } from './bundle-check.ts';
import { generateBundle, parseBundle, renderBundle } from './bundle.ts';
import { createPrivateFile, isOpenToOthers, readOptionalFile } from './private-file.ts';
import { createRedactor, secretValuesOf } from './redact.ts';
import { findCreationRule } from './sops/creation-rules.ts';
import { decryptSops, encryptSops, isSopsText, type SopsContext, type SopsEncryption } from './sops/file.ts';

/** Names under which talosctl, talhelper and Ichor keep a bundle, in the order in which they are looked for. */
export const BUNDLE_FILE_NAMES: readonly string[] = [
  'secrets.sops.yaml',
  'talsecret.sops.yaml',
  'secrets.yaml',
  'talsecret.yaml',
  'secrets.sops.yml',
  'talsecret.sops.yml',
  'secrets.yml',
  'talsecret.yml',
];

export interface LoadedBundle {
  readonly bundle: SecretsBundle;
  readonly path: string;
  readonly origin: 'loaded' | 'created';
  readonly isEncrypted: boolean;
  /** For the person: what is not as it should be, though it works. */
  readonly warnings: readonly string[];
}

/** How a new file is protected. Absent = the `.sops.yaml` above it; without one nothing is written. */
export type BundleProtection =
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }
  | { readonly kind: 'plaintext' };

export interface LoadBundleOptions {
  readonly path: string;
  /** Called only when the file turns out to be encrypted. */
  readonly identities: () => Promise<Identities>;
  /** Given, authorities that have ended or will soon are warned of. */
  readonly now?: Date;
}

export interface CreateBundleOptions {
  readonly path: string;
  readonly now: Date;
  readonly random: Random;
  readonly protection?: BundleProtection;
  /** What to write: a bundle from elsewhere, or a new one for this version contract. */
  readonly content:
    | { readonly kind: 'new'; readonly talos: string }
    | { readonly kind: 'given'; readonly bundle: SecretsBundle };
}

/** Undefined when there is no such file. One that no machine would take (a key of another certificate …) is an error. */
export async function loadBundle(options: LoadBundleOptions): Promise<LoadedBundle | undefined> {
  const text = await readOptionalFile(options.path);
  if (text === undefined) return undefined;
  const loaded = await readBundle(text, options);
  const findings = checkBundle(loaded.bundle, options.now === undefined ? {} : { now: options.now });
  const isOfTime = ({ rule }: Finding): boolean => TIME_RULES.has(rule);
  const [broken] = findings.filter((finding) => !isOfTime(finding));
  if (broken !== undefined) {
    throw new IchorError(
      'invalid-input',
      `${options.path}: ${broken.message}`,
      broken.hint === undefined ? {} : { hint: broken.hint },
    );
  }
  const ending = findings
    .filter(isOfTime)
    .map(({ message, hint }) => `${options.path}: ${message}. ${hint ?? ''}`.trimEnd());
  return { ...loaded, warnings: [...loaded.warnings, ...ending] };
}

/** Rules that are no reason to refuse a bundle: to mend it, it must be loaded. */
const TIME_RULES: ReadonlySet<string> = new Set(['bundle-expired', 'bundle-not-yet-valid', 'bundle-expires']);

async function readBundle(text: string, options: LoadBundleOptions): Promise<LoadedBundle> {
  const { path } = options;
  if (isSopsText(text)) {
    const plain = await decryptSops(text, path, await options.identities());
    return { bundle: parseBundle(plain, path), path, origin: 'loaded', isEncrypted: true, warnings: [] };
  }
  if (/^\s*-----BEGIN AGE ENCRYPTED FILE-----/.test(text)) {
    const plain = await decryptAge(new TextEncoder().encode(text), (await options.identities()).keys);
    if (plain === undefined)
      throw new IchorError('secret-unavailable', `no key to open ${path}`, {
        hint: 'Set SOPS_AGE_KEY_FILE to the file with the identity.',
      });
    return {
      bundle: parseBundle(new TextDecoder().decode(plain), path),
      path,
      origin: 'loaded',
      isEncrypted: true,
      warnings: [],
    };
  }
  const bundle = parseBundle(text, path);
  return { bundle, path, origin: 'loaded', isEncrypted: false, warnings: await plaintextWarnings(path) };
}

/** Writes a bundle where none is; `refused` when something stands there, whatever it is. */
export async function createBundle(options: CreateBundleOptions): Promise<LoadedBundle> {
  const created = await tryCreate(options);
  if (created !== undefined) return created;
  throw new IchorError(
    'refused',
    `${options.path} exists already; a new bundle in its place would cut off the cluster that it belongs to`,
    {
      hint: 'Use the bundle that is there, or give another path. If it is really of no use any more, remove it by hand.',
    },
  );
}

/** The bundle that is there, else a new one. A loser of a race between two processes loads what the winner wrote. */
export async function loadOrCreateBundle(options: LoadBundleOptions & CreateBundleOptions): Promise<LoadedBundle> {
  return (await loadBundle(options)) ?? (await tryCreate(options)) ?? (await loadBundleThatExists(options));
}

/** As `loadBundle`, but a missing file is an error. */
export async function loadBundleThatExists(options: LoadBundleOptions): Promise<LoadedBundle> {
  const loaded = await loadBundle(options);
  if (loaded !== undefined) return loaded;
  throw new IchorError('not-found', `there is no secrets bundle at ${options.path}`, {
    hint: 'For a new cluster make one with `ichor secrets generate`; for one that runs, take it from a backup or from a control plane (`ichor secrets import`).',
  });
}

async function tryCreate(options: CreateBundleOptions): Promise<LoadedBundle | undefined> {
  const { path, content } = options;
  if ((await readOptionalFile(path)) !== undefined) return undefined;
  const encryption = await encryptionFor(path, options.protection);
  const bundle =
    content.kind === 'given'
      ? content.bundle
      : await generateBundle({ talos: content.talos, now: options.now, random: options.random });
  const text =
    encryption === undefined
      ? renderBundle(bundle)
      : await encryptBundle(bundle, encryption, { file: path, now: options.now, random: options.random });
  if (!(await createPrivateFile(path, text))) return undefined;
  const warnings = encryption === undefined ? await plaintextWarnings(path) : [];
  return { bundle, path, origin: 'created', isEncrypted: encryption !== undefined, warnings };
}

/** The text of an encrypted bundle; refuses a rule that would leave one of its secrets readable. */
export async function encryptBundle(
  bundle: SecretsBundle,
  encryption: SopsEncryption,
  context: SopsContext,
): Promise<string> {
  const text = await encryptSops(renderBundle(bundle), encryption, context);
  if (createRedactor(secretValuesOf(bundle)).holdsSecret(text)) {
    throw new IchorError(
      'refused',
      `the encryption rule (${encryption.rule?.key ?? 'default'}) would leave secrets of ${context.file} in the clear`,
      {
        hint: 'Let the rule in .sops.yaml for this file encrypt everything: remove encrypted_regex and its like there.',
      },
    );
  }
  return text;
}

async function encryptionFor(
  path: string,
  protection: BundleProtection | undefined,
): Promise<SopsEncryption | undefined> {
  if (protection?.kind === 'plaintext') {
    if (/\.sops\.[^.]+$/.test(basename(path))) {
      throw new IchorError(
        'refused',
        `${path} has the name of an encrypted file; nothing in the clear is written there`,
        {
          hint: 'Give recipients (--age), or a name without .sops for a file in the clear.',
        },
      );
    }
    return undefined;
  }
  const rule = await findCreationRule(path, readOptionalFile);
  // Recipients given by hand take the place of the rule's, its other words stay.
  if (protection?.kind === 'recipients') return { ...rule, recipients: protection.recipients };
  if (rule !== undefined) return rule;
  throw new IchorError(
    'secret-unavailable',
    `there is nobody to encrypt ${path} for: no recipient was given and no .sops.yaml stands above it`,
    {
      hint: 'Make a key (age-keygen) and give its public half with --age age1…, or write a .sops.yaml; --plaintext writes it in the clear.',
    },
  );
}

async function plaintextWarnings(path: string): Promise<readonly string[]> {
  const warnings = [
    `${path} holds the cluster's keys in the clear; whoever reads it owns the cluster. Encrypt it before it goes to Git: ichor secrets encrypt ${path}`,
  ];
  if ((await isOpenToOthers(path)) === true)
    warnings.push(`${path} can be read by other users of this machine: chmod 600 ${path}`);
  return warnings;
}
