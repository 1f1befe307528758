/**
 * The check before a commit: secrets that stand in the clear in files that Git would keep for ever. Findings give the place and
 * the kind, never the value.
 */
import { basename } from 'node:path';
import type { SourcePosition } from '../errors.ts';
import { parsePem } from '../pki/pem.ts';
import type { Finding } from '../spec/finding.ts';
import { isSopsText } from './sops/file.ts';

export interface TrackedFile {
  readonly path: string;
  readonly text: string;
}

export function checkPlaintextSecrets(files: Iterable<TrackedFile>): readonly Finding[] {
  return [...files].flatMap(checkFile);
}

/**
 * The files that the next commit would hold, as they stand in Git's index (not on the disk). `scope: 'staged'` only those that
 * the commit changes. `git` runs git with these arguments and gives its output.
 */
export async function readTrackedFiles(
  git: (args: readonly string[]) => Promise<string>,
  scope: 'staged' | 'all',
): Promise<readonly TrackedFile[]> {
  const list =
    scope === 'all' ? ['ls-files', '--cached', '-z'] : ['diff', '--cached', '--name-only', '--diff-filter=ACMRT', '-z'];
  const paths = (await git(list)).split('\0').filter((path) => path !== '');
  const files: TrackedFile[] = [];
  for (const path of paths) {
    // A submodule has no content here; what cannot be shown as a file is none.
    const text = await git(['show', `:./${path}`]).catch(() => undefined);
    if (text !== undefined && !text.slice(0, 8000).includes('\0')) files.push({ path, text });
  }
  return files;
}

interface Hit {
  readonly offset: number;
  readonly rule: string;
  readonly what: string;
}

const PATTERNS: readonly { readonly rule: string; readonly what: string; readonly pattern: RegExp }[] = [
  { rule: 'plaintext-identity', what: 'an age identity', pattern: /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}/g },
  {
    rule: 'plaintext-auth-key',
    what: 'a Tailscale key',
    pattern: /\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{6,}(?:-[A-Za-z0-9]+)?/g,
  },
  {
    rule: 'plaintext-token',
    what: 'a join token of Talos or Kubernetes',
    pattern: /(?<=\b(?:bootstraptoken|token)["']?:[ \t]*["']?)[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  },
  {
    rule: 'plaintext-encryption-secret',
    what: 'the key that Secrets are encrypted with in etcd',
    pattern: /(?<=(?:secretboxencryptionsecret|aescbcencryptionsecret)["']?:[ \t]*["']?)[A-Za-z0-9+/]{20,}=*/gi,
  },
];

function checkFile({ path, text }: TrackedFile): Finding[] {
  const isEncryptedByName = /\.sops\.(?:ya?ml|json|env)$/.test(basename(path));
  const hits = [
    ...PATTERNS.flatMap(({ rule, what, pattern }) =>
      [...text.matchAll(pattern)].map((match) => ({ offset: match.index, rule, what })),
    ),
    ...keysIn(text),
  ];
  if (isEncryptedByName && !isSopsText(text)) {
    hits.push({ offset: 0, rule: 'not-encrypted', what: 'content in the clear under the name of an encrypted file' });
  }
  const whole = describe(text);
  return hits
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, rule, what }) => ({
      severity: 'error',
      rule,
      message: `${path} holds ${what} in the clear${whole === undefined ? '' : `: it is ${whole}`}`,
      hint: hintFor(path, whole),
      where: positionAt(path, text, offset),
    }));
}

/** Private keys as PEM text and as the base64 of it, in which Talos and Kubernetes keep them. */
function keysIn(text: string): Hit[] {
  const hits: Hit[] = [];
  for (const match of text.matchAll(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/g)) {
    // The mere words, in a document about keys, are no key.
    const isKey = /^[\s\\nr]*(?:[A-Za-z0-9+/]{16,})/.test(text.slice(match.index + match[0].length));
    if (isKey) hits.push({ offset: match.index, rule: 'plaintext-key', what: 'a private key' });
  }
  for (const match of text.matchAll(/LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,}=*/g)) {
    const blocks = parsePem(Buffer.from(match[0], 'base64').toString('latin1'));
    if (blocks.some((block) => block.label.endsWith('PRIVATE KEY')))
      hits.push({ offset: match.index, rule: 'plaintext-key', what: 'a private key' });
  }
  return hits;
}

function describe(text: string): string | undefined {
  if (/^trustdinfo:/m.test(text) && /^certs:/m.test(text)) return 'a secrets bundle';
  if (/^contexts:/m.test(text) && /^\s+crt:/m.test(text)) return 'a talosconfig';
  if (/client-key-data:/.test(text)) return 'a kubeconfig';
  if (/^machine:/m.test(text) && /^cluster:/m.test(text)) return 'a machine config';
  return undefined;
}

function hintFor(path: string, whole: string | undefined): string {
  if (whole === 'a secrets bundle') return `Encrypt it: ichor secrets encrypt ${path}`;
  if (whole !== undefined)
    return `It can be made again from the secrets bundle: git rm --cached ${path}, and add it to .gitignore.`;
  return 'Move it into an encrypted file and refer to it from there. If it was ever pushed, make a new one.';
}

function positionAt(file: string, text: string, offset: number): SourcePosition {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { file, line, column: offset - before.lastIndexOf('\n') };
}
