/**
 * Any file of secrets on disk, encrypted or opened as a whole: what `ichor secrets encrypt`, `decrypt`, `rotate` and `recipients`
 * do. YAML becomes SOPS, everything else whole-file age. Each change is one atomic replacement.
 */
import { extname } from 'node:path';
import { readFile } from 'node:fs/promises';
import { IchorError, messageOf } from '../errors.ts';
import type { Random } from '../system.ts';
import { decryptAge, encryptAge, isAgeFile, type Identities } from './age.ts';
import { readOptionalFile, replacePrivateFile } from './private-file.ts';
import { findCreationRule } from './sops/creation-rules.ts';
import {
  changeRecipients,
  decryptSops,
  encryptSops,
  isSopsText,
  openSops,
  rotateSops,
  type SopsEncryption,
} from './sops/file.ts';
import { setSopsValue } from './sops/edit.ts';

export interface EncryptFileOptions {
  readonly path: string;
  /** Absent = those of the `.sops.yaml` above the file. */
  readonly recipients?: readonly string[];
  readonly now: Date;
  readonly random: Random;
}

export interface ChangeFileOptions extends EncryptFileOptions {
  readonly identities: () => Promise<Identities>;
}

export interface EncryptedFile {
  readonly path: string;
  readonly form: 'sops' | 'age';
  readonly recipients: readonly string[];
}

/** In place. The plain text was on the disk already; what Git or a backup has of it stays there. */
export async function encryptFile(options: EncryptFileOptions): Promise<EncryptedFile> {
  const { path } = options;
  const content = await readBytes(path);
  const text = textOf(content);
  if (isAgeFile(content) || (text !== undefined && isSopsText(text))) {
    throw new IchorError('invalid-input', `${path} is encrypted already`, {
      hint: 'Change its recipients or rotate its key instead.',
    });
  }
  const encryption = await encryptionOf(options);
  if (isYaml(path)) {
    if (text === undefined) throw new IchorError('invalid-input', `${path} is no text`);
    await replacePrivateFile(
      path,
      await encryptSops(text, encryption, { file: path, now: options.now, random: options.random }),
    );
    return { path, form: 'sops', recipients: encryption.recipients };
  }
  await replacePrivateFile(
    path,
    await encryptAge(content, { recipients: encryption.recipients, armor: text !== undefined }),
  );
  return { path, form: 'age', recipients: encryption.recipients };
}

/** The content in the clear; nothing is written. */
export async function decryptFile(path: string, identities: () => Promise<Identities>): Promise<Uint8Array> {
  const content = await readBytes(path);
  if (isAgeFile(content)) {
    const { keys, looked } = await identities();
    const plain = await decryptAge(content, keys);
    if (plain !== undefined) return plain;
    throw new IchorError('secret-unavailable', `no key to open ${path}`, {
      hint: `Looked in: ${looked.join('; ') || 'nowhere'}.`,
    });
  }
  const text = textOf(content);
  if (text === undefined || !isSopsText(text))
    throw new IchorError('invalid-input', `${path} is not encrypted with SOPS or age`);
  return new TextEncoder().encode(await decryptSops(text, path, await identities()));
}

/** A new data key (SOPS) or the whole file anew (age), for the recipients that are given, or found, or that it has. */
export async function rotateFile(options: ChangeFileOptions): Promise<void> {
  const { path } = options;
  const content = await readBytes(path);
  if (isAgeFile(content)) {
    const { recipients } = await encryptionOf(options);
    const plain = await decryptFile(path, options.identities);
    await replacePrivateFile(path, await encryptAge(plain, { recipients, armor: textOf(content) !== undefined }));
    return;
  }
  const opened = await openSops(textOf(content) ?? '', path, await options.identities());
  const context = { file: path, now: options.now, random: options.random };
  await replacePrivateFile(path, await rotateSops(opened, context, options.recipients));
}

/** As `sops updatekeys`: the recipients become those given or of `.sops.yaml`; values are not touched. False when they are so already. */
export async function updateRecipients(options: ChangeFileOptions): Promise<boolean> {
  const { path } = options;
  const opened = await openSops(textOf(await readBytes(path)) ?? '', path, await options.identities());
  const { recipients } = await encryptionOf(options);
  const present = opened.metadata.age.map((entry) => entry.recipient);
  if (isSameSet(present, recipients)) return false;
  await replacePrivateFile(path, await changeRecipients(opened, recipients));
  return true;
}

/** Sets one value of a SOPS file in place; comments and order stay. */
export async function setFileValue(
  options: Omit<ChangeFileOptions, 'recipients'>,
  keys: readonly string[],
  value: string,
): Promise<void> {
  const { path } = options;
  const opened = await openSops(textOf(await readBytes(path)) ?? '', path, await options.identities());
  await replacePrivateFile(
    path,
    setSopsValue(opened, keys, value, { file: path, now: options.now, random: options.random }),
  );
}

async function encryptionOf(options: EncryptFileOptions): Promise<SopsEncryption> {
  const rule = await findCreationRule(options.path, readOptionalFile).catch((reason: unknown) => {
    // Recipients given by hand do not need a rule that fits.
    if (options.recipients === undefined) throw reason;
    return undefined;
  });
  if (options.recipients !== undefined) return { ...rule, recipients: options.recipients };
  if (rule !== undefined) return rule;
  throw new IchorError(
    'secret-unavailable',
    `there is nobody to encrypt ${options.path} for: no recipient was given and no .sops.yaml stands above it`,
    {
      hint: 'Give the public half of a key with --age age1…, or write a .sops.yaml.',
    },
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new IchorError('not-found', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Undefined for what is no UTF-8 text. */
function textOf(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function isYaml(path: string): boolean {
  return ['.yaml', '.yml'].includes(extname(path));
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value) => right.includes(value));
}
