/**
 * SOPS files with age recipients: encrypted, opened, changed in place, given new keys. Only the characters of the values concerned
 * change; comments, order and the form of the rest stay. Checked against the real `sops` in test/real.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { IchorError } from '../../errors.ts';
import type { Random } from '../../system.ts';
import { decryptAge, encryptAge, type Identities } from '../age.ts';
import { decryptText, encryptText, isEncryptedText, placeOf } from './cipher.ts';
import { readSopsDocument, type Comment, type Leaf, type SopsDocument } from './document.ts';
import { readMetadata, renderMetadata, SOPS_VERSION, type AgeEntry, type SopsMetadata } from './metadata.ts';
import { DEFAULT_RULE, ruleMatcher, type EncryptionRule } from './rules.ts';
import { applySplices, plainScalar, type Splice } from './splice.ts';
import { macBytes, resolvePlain, type SopsValue } from './value.ts';

export interface SopsEncryption {
  readonly recipients: readonly string[];
  readonly rule?: EncryptionRule;
  readonly macOnlyEncrypted?: boolean;
}

export interface SopsContext {
  /** For messages. */
  readonly file: string;
  readonly now: Date;
  readonly random: Random;
}

/** An encrypted file that has been opened: its key is known and its MAC was right. */
export interface OpenedSops {
  readonly text: string;
  readonly file: string;
  readonly document: SopsDocument;
  readonly metadata: SopsMetadata;
  readonly dataKey: Uint8Array;
  /** What each leaf of the document means, in order. */
  readonly values: readonly OpenedLeaf[];
}

export interface OpenedLeaf {
  readonly leaf: Leaf;
  readonly value: SopsValue | { readonly type: 'comment'; readonly text: string };
  readonly isEncrypted: boolean;
}

export function isSopsText(text: string): boolean {
  return /^(?:sops:|\s*"sops"\s*:)/m.test(text) && /ENC\[AES256_GCM,|lastmodified/.test(text);
}

export async function encryptSops(text: string, encryption: SopsEncryption, context: SopsContext): Promise<string> {
  const document = readSopsDocument(text, context.file);
  if (document.metadata !== undefined) {
    throw new IchorError('invalid-input', `${context.file} is encrypted already`, {
      hint: 'Use the recipients or rotate operations to change its keys.',
    });
  }
  if (document.collections[0]?.isFlow !== false) {
    throw new IchorError('invalid-input', `${context.file} must be a YAML map in block form to be encrypted`, {
      hint: 'Write it without the outer braces.',
    });
  }
  const rule = encryption.rule ?? DEFAULT_RULE;
  const isEncrypted = requireMatcher(rule, context.file);
  const dataKey = context.random.bytes(32);
  const splices: Splice[] = [];
  for (const leaf of document.leaves) {
    if (isEncrypted(leaf.path) && !isEmpty(leaf.value))
      splices.push(encryptLeaf(leaf, leaf.value, dataKey, context.random));
  }
  for (const comment of document.comments) {
    if (isEncrypted(comment.path) && comment.text !== '')
      splices.push(encryptComment(comment, dataKey, context.random));
  }
  const metadata: SopsMetadata = {
    age: await wrapKey(dataKey, encryption.recipients),
    otherKeys: [],
    rule,
    macOnlyEncrypted: encryption.macOnlyEncrypted === true,
    ...sealed(
      macOf(
        document.leaves.map((leaf) => ({ value: leaf.value, isEncrypted: isEncrypted(leaf.path) })),
        encryption.macOnlyEncrypted === true,
      ),
      dataKey,
      context,
    ),
    version: SOPS_VERSION,
  };
  const body = applySplices(text, splices);
  return `${body.endsWith('\n') ? body : `${body}\n`}${renderMetadata(metadata)}`;
}

/** Opens the file and proves its MAC; the error says which keys would fit and where keys were looked for. */
export async function openSops(text: string, file: string, identities: Identities): Promise<OpenedSops> {
  const document = readSopsDocument(text, file);
  if (document.metadata === undefined) {
    throw new IchorError('invalid-input', `${file} is not encrypted with SOPS: it has no sops block`);
  }
  const metadata = readMetadata(document.metadata.value, file);
  const dataKey = await unwrapKey(metadata, file, identities);
  const isEncrypted = ruleMatcher(metadata.rule) ?? (() => undefined);
  const values = document.leaves.map((leaf) => openLeaf(leaf, isEncrypted(leaf.path), dataKey, file));
  const mac = decryptText(metadata.mac, dataKey, goTime(metadata.lastModified));
  const expected = macOf(values.filter(isValue), metadata.macOnlyEncrypted);
  if (mac === undefined || !isSameText(mac.text, expected)) {
    throw new IchorError('invalid-input', `${file} was changed after it was encrypted: its MAC does not match`, {
      hint: 'Take the last good version from Git. Values of such a file are not used.',
    });
  }
  return { text, file, document, metadata, dataKey, values };
}

/** The text in the clear, without the sops block. */
export function plainText(opened: OpenedSops): string {
  const { document, dataKey, text } = opened;
  const splices: Splice[] = [];
  for (const { leaf, value, isEncrypted } of opened.values) {
    if (value.type === 'comment') splices.push(commentItem(text, leaf, value.text));
    else if (isEncrypted && !isEmpty(value)) {
      // Behind a block scalar there is no room for the comment that follows on the same line.
      const isFollowed = /^[ \t]*#/.test(text.slice(leaf.end));
      splices.push({ start: leaf.start, end: leaf.end, text: plainScalar(value, { ...leaf, isFollowed }) });
    }
  }
  for (const comment of document.comments) {
    const plain = openComment(comment, document, dataKey);
    if (plain !== undefined) splices.push({ start: comment.start, end: comment.end, text: `#${plain}` });
  }
  if (document.metadata !== undefined)
    splices.push({ start: document.metadata.start, end: document.metadata.end, text: '' });
  return applySplices(text, splices);
}

export async function decryptSops(text: string, file: string, identities: Identities): Promise<string> {
  return plainText(await openSops(text, file, identities));
}

/** The data key and everything encrypted with it made new; recipients stay unless others are given. */
export async function rotateSops(
  opened: OpenedSops,
  context: SopsContext,
  recipients?: readonly string[],
): Promise<string> {
  const { metadata } = opened;
  if (metadata.otherKeys.length > 0) {
    throw new IchorError(
      'invalid-input',
      `${opened.file} can also be opened by ${metadata.otherKeys.join(', ')}, for which no new key can be wrapped here`,
      {
        hint: 'Use sops rotate, or remove those keys first.',
      },
    );
  }
  return encryptSops(
    plainText(opened),
    {
      recipients: recipients ?? metadata.age.map((entry) => entry.recipient),
      rule: metadata.rule,
      macOnlyEncrypted: metadata.macOnlyEncrypted,
    },
    context,
  );
}

/**
 * The same data key wrapped for other recipients (`sops updatekeys`). Who is dropped keeps the data key that he once had: rotate
 * as well when that matters.
 */
export async function changeRecipients(opened: OpenedSops, recipients: readonly string[]): Promise<string> {
  const { document, metadata } = opened;
  if (metadata.otherKeys.length > 0 || document.metadata === undefined) {
    throw new IchorError(
      'invalid-input',
      `${opened.file} can also be opened by ${metadata.otherKeys.join(', ')}; its keys are not changed here`,
      {
        hint: 'Use sops updatekeys.',
      },
    );
  }
  const kept = metadata.age.filter((entry) => recipients.includes(entry.recipient));
  const added = recipients.filter((recipient) => !kept.some((entry) => entry.recipient === recipient));
  const age = [...kept, ...(await wrapKey(opened.dataKey, added, kept.length > 0))];
  return applySplices(opened.text, [
    { start: document.metadata.start, end: document.metadata.end, text: renderMetadata({ ...metadata, age }) },
  ]);
}

/** The text after some splices whose leaves now mean `values`: time and MAC are renewed, nothing else of the sops block. */
export function resealSops(
  opened: OpenedSops,
  splices: readonly Splice[],
  leaves: readonly MacLeaf[],
  context: SopsContext,
): string {
  const { document, metadata } = opened;
  if (document.metadata === undefined) throw new IchorError('internal', 'a SOPS file without its block');
  const { mac, lastModified } = sealed(macOf(leaves, metadata.macOnlyEncrypted), opened.dataKey, context);
  const block = opened.text.slice(document.metadata.start, document.metadata.end);
  const renewed = block
    .replace(/^( +)lastmodified: .*$/m, (_, indent: string) => `${indent}lastmodified: "${lastModified}"`)
    .replace(/^( +)mac: .*$/m, (_, indent: string) => `${indent}mac: ${mac}`);
  if (!renewed.includes(mac))
    throw new IchorError('invalid-input', `${opened.file}: its sops block is not in the form that sops writes`);
  return applySplices(opened.text, [
    ...splices,
    { start: document.metadata.start, end: document.metadata.end, text: renewed },
  ]);
}

export interface MacLeaf {
  readonly value: SopsValue;
  readonly isEncrypted: boolean;
}

export function encryptLeaf(
  leaf: Pick<Leaf, 'start' | 'end' | 'isFlow' | 'path'>,
  value: SopsValue,
  dataKey: Uint8Array,
  random: Random,
): Splice {
  if (value.type === 'null') return { start: leaf.start, end: leaf.end, text: 'null' };
  const encrypted = encryptText(value, dataKey, placeOf(leaf.path), random);
  return {
    start: leaf.start,
    end: leaf.end,
    text: encrypted === '' || leaf.isFlow ? JSON.stringify(encrypted) : encrypted,
  };
}

export function requireMatcher(rule: EncryptionRule, file: string): (path: readonly string[]) => boolean {
  const matcher = ruleMatcher(rule);
  if (matcher !== undefined) return matcher;
  throw new IchorError(
    'invalid-input',
    `${file}: ${rule.key} is a rule over comments, which is read but not written here`,
    {
      hint: 'Use encrypted_regex or unencrypted_regex, or change the file with sops itself.',
    },
  );
}

function encryptComment(comment: Comment, dataKey: Uint8Array, random: Random): Splice {
  const encrypted = encryptText({ type: 'comment', text: comment.text }, dataKey, placeOf(comment.path), random);
  return { start: comment.start, end: comment.end, text: `#${encrypted}` };
}

function openLeaf(leaf: Leaf, isEncryptedByRule: boolean | undefined, dataKey: Uint8Array, file: string): OpenedLeaf {
  const { value } = leaf;
  const isEncrypted = isEncryptedByRule ?? (value.type === 'str' && isEncryptedText(value.text));
  if (!isEncrypted || value.type === 'null' || (value.type === 'str' && value.text === ''))
    return { leaf, value, isEncrypted };
  const plain = value.type === 'str' ? decryptText(value.text, dataKey, placeOf(leaf.path)) : undefined;
  if (plain === undefined) {
    throw new IchorError('invalid-input', `${file}: ${leaf.path.join('.')} cannot be decrypted`, {
      hint: 'It stands in the clear where it should be encrypted, was moved from another place, or was damaged.',
    });
  }
  return { leaf, value: typedValue(plain.type, plain.text, `${file}: ${leaf.path.join('.')}`), isEncrypted };
}

function typedValue(type: string, text: string, where: string): OpenedLeaf['value'] {
  switch (type) {
    case 'str':
    case 'bytes':
      return { type: 'str', text };
    case 'int':
    case 'float':
    case 'time':
    case 'comment':
      return { type, text };
    case 'bool': {
      const value = resolvePlain(text);
      if (value.type === 'bool') return value;
      break;
    }
  }
  throw new IchorError('invalid-input', `${where} is encrypted as the unknown type "${type}"`);
}

/** SOPS leaves nulls and empty strings as they are. */
function isEmpty(value: SopsValue): boolean {
  return value.type === 'null' || value.text === '';
}

function isValue(opened: OpenedLeaf): opened is OpenedLeaf & MacLeaf {
  return opened.value.type !== 'comment';
}

/** Tries the place by the rule first, then every other one: yaml.v3 hangs some comments elsewhere than they look. */
function openComment(comment: Comment, document: SopsDocument, dataKey: Uint8Array): string | undefined {
  if (!isEncryptedText(comment.text)) return undefined;
  const places = new Set([comment.path, ...document.collections.map(({ path }) => path)].map(placeOf));
  for (const place of places) {
    const plain = decryptText(comment.text, dataKey, place);
    if (plain !== undefined) return plain.text;
  }
  return undefined;
}

/** SOPS writes comments inside lists as items; the item becomes the comment again. */
function commentItem(text: string, leaf: Leaf, comment: string): Splice {
  return { start: text.lastIndexOf('-', leaf.start), end: leaf.end, text: `#${comment}` };
}

const MAC_ONLY_ENCRYPTED_PREFIX = createHash('sha256').update('sops').digest();

/** SHA-512 over all values in order, or over the encrypted ones behind a fixed prefix. */
export function macOf(leaves: readonly MacLeaf[], isOnlyEncrypted: boolean): string {
  const hash = createHash('sha512');
  if (isOnlyEncrypted) hash.update(MAC_ONLY_ENCRYPTED_PREFIX);
  for (const { value, isEncrypted } of leaves) if (!isOnlyEncrypted || isEncrypted) hash.update(macBytes(value));
  return hash.digest('hex').toUpperCase();
}

function sealed(mac: string, dataKey: Uint8Array, context: SopsContext): Pick<SopsMetadata, 'mac' | 'lastModified'> {
  const lastModified = context.now.toISOString().replace(/\.\d+Z$/, 'Z');
  return { lastModified, mac: encryptText({ type: 'str', text: mac }, dataKey, lastModified, context.random) };
}

/** Go reads the time and writes it again before it binds the MAC to it: a zone of +00:00 becomes Z. */
function goTime(text: string): string {
  return text.replace(/\.\d+/, '').replace(/[-+]00:00$/, 'Z');
}

async function wrapKey(dataKey: Uint8Array, recipients: readonly string[], mayBeEmpty = false): Promise<AgeEntry[]> {
  const wanted = [...new Set(recipients)];
  if (wanted.length === 0 && !mayBeEmpty) {
    throw new IchorError('invalid-input', 'nobody to encrypt for', {
      hint: 'Name at least one age recipient (age1…), or write a .sops.yaml.',
    });
  }
  const entries: AgeEntry[] = [];
  for (const recipient of wanted) {
    const file = await encryptAge(dataKey, { recipients: [recipient], armor: true });
    entries.push({ recipient, enc: `${new TextDecoder().decode(file).trimEnd()}\n` });
  }
  return entries;
}

async function unwrapKey(metadata: SopsMetadata, file: string, identities: Identities): Promise<Uint8Array> {
  if (identities.keys.length > 0) {
    for (const { enc } of metadata.age) {
      const key = await decryptAge(new TextEncoder().encode(enc), identities.keys);
      if (key !== undefined) return key;
    }
  }
  const fitting = [
    ...metadata.age.map((entry) => entry.recipient),
    ...metadata.otherKeys.map((kind) => `a ${kind} key (not supported)`),
  ];
  throw new IchorError('secret-unavailable', `no key to open ${file}; it is encrypted for ${fitting.join(', ')}`, {
    hint: `Looked in: ${identities.looked.join('; ') || 'nowhere'}. Set SOPS_AGE_KEY_FILE to the file with the identity.`,
  });
}

function isSameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
