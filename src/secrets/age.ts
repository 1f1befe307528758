/**
 * Whole-file age encryption and the identities to open such files with, found where `sops` looks for them.
 * The library is loaded with the first file, since most commands touch none.
 */
import { IchorError, messageOf } from '../errors.ts';

/** What may be asked of the outside for identities; all of it is handed in. */
export interface IdentitySources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined when there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** Standard output of a command given as words. */
  readonly exec: (command: readonly string[], env: Readonly<Record<string, string>>) => Promise<string>;
}

export interface Identities {
  /** `AGE-SECRET-KEY-…` texts. */
  readonly keys: readonly string[];
  /** Where they came from, and where nothing was found: for the message when none of them fits. */
  readonly looked: readonly string[];
}

/**
 * SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD and `sops/age/keys.txt` in the user's configuration directory: all that are
 * there, as `sops` does it (age/keysource.go). A place that is named but cannot be read is an error.
 */
export async function findIdentities(sources: IdentitySources): Promise<Identities> {
  const { env } = sources;
  const keys: string[] = [];
  const looked: string[] = [];
  const take = (place: string, text: string | undefined): void => {
    const found = text === undefined ? [] : parseIdentities(text, place);
    looked.push(`${place} (${found.length === 0 ? 'no key' : found.length === 1 ? '1 key' : `${found.length} keys`})`);
    keys.push(...found);
  };
  take('SOPS_AGE_KEY', env['SOPS_AGE_KEY']);
  const file = env['SOPS_AGE_KEY_FILE'];
  if (file !== undefined) {
    const text = await sources.readFile(file);
    if (text === undefined)
      throw new IchorError('secret-unavailable', `SOPS_AGE_KEY_FILE names ${file}, which does not exist`);
    take(`SOPS_AGE_KEY_FILE (${file})`, text);
  }
  const command = env['SOPS_AGE_KEY_CMD'];
  if (command !== undefined) take('SOPS_AGE_KEY_CMD', await runKeyCommand(sources, command));
  const home = env['XDG_CONFIG_HOME'] ?? (env['HOME'] === undefined ? undefined : `${env['HOME']}/.config`);
  if (home !== undefined) take(`${home}/sops/age/keys.txt`, await sources.readFile(`${home}/sops/age/keys.txt`));
  return { keys: [...new Set(keys)], looked };
}

/** One key a line or word; comments are skipped. Kinds that cannot be used here are named. */
export function parseIdentities(text: string, place: string): readonly string[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.flatMap((line) => line.split(/\s+/)).filter((word) => word !== '');
  for (const word of words) {
    if (/^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/.test(word)) continue;
    const kind = word.startsWith('AGE-PLUGIN-')
      ? 'a plugin identity'
      : word.startsWith('-----')
        ? 'a PEM or armoured text'
        : 'something else';
    throw new IchorError(
      'secret-unavailable',
      `${place} holds ${kind} where an age identity (AGE-SECRET-KEY-1…) is wanted`,
      {
        hint: 'SSH keys, plugins and identities under a passphrase are not supported; make one with age-keygen.',
      },
    );
  }
  return words;
}

export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption');
  return identityToRecipient(identity);
}

/** Makes a new identity and its recipient. */
export async function generateIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const age = await import('age-encryption');
  const identity = await age.generateX25519Identity();
  return { identity, recipient: await age.identityToRecipient(identity) };
}

export interface AgeEncryption {
  readonly recipients: readonly string[];
  /** Text armour instead of binary. */
  readonly armor?: boolean;
}

export async function encryptAge(content: Uint8Array | string, options: AgeEncryption): Promise<Uint8Array> {
  const { Encrypter, armor } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (options.recipients.length === 0)
    throw new IchorError('invalid-input', 'nobody to encrypt for', {
      hint: 'Name at least one age recipient (age1…).',
    });
  for (const recipient of options.recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      // Somebody may have given the identity by mistake: only what looks public is quoted.
      const shown = /^(?:age1|ssh-)/.test(recipient) ? `"${recipient}"` : 'a text that does not begin with age1';
      throw new IchorError('invalid-input', `${shown} is no age recipient that can be used here`, {
        hint: 'Recipients begin with age1; SSH keys and plugins are not supported.',
        cause,
      });
    }
  }
  const file = await encrypter.encrypt(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return options.armor === true ? new TextEncoder().encode(armor.encode(file)) : file;
}

/** Opens a binary or armoured file. Undefined when none of the identities fits; a damaged file is an error. */
export async function decryptAge(file: Uint8Array, identities: readonly string[]): Promise<Uint8Array | undefined> {
  const { Decrypter, armor } = await import('age-encryption');
  const text = new TextDecoder().decode(file.slice(0, 64));
  try {
    const binary = text.trimStart().startsWith('-----BEGIN AGE') ? armor.decode(new TextDecoder().decode(file)) : file;
    const decrypter = new Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity);
    return await decrypter.decrypt(binary);
  } catch (cause) {
    if (messageOf(cause).includes('no identity matched')) return undefined;
    throw new IchorError('invalid-input', `the age file is damaged or of an unknown kind: ${messageOf(cause)}`, {
      cause,
    });
  }
}

export function isAgeFile(file: Uint8Array): boolean {
  const head = new TextDecoder().decode(file.slice(0, 40)).trimStart();
  return head.startsWith('age-encryption.org/v1\n') || head.startsWith('-----BEGIN AGE ENCRYPTED FILE-----');
}

async function runKeyCommand(sources: IdentitySources, command: string): Promise<string> {
  try {
    return await sources.exec(splitWords(command), {});
  } catch {
    // Node's error holds what the command printed, which may be the key: it is not carried along.
    throw new IchorError('secret-unavailable', 'the command in SOPS_AGE_KEY_CMD failed', {
      hint: 'Run it by hand to see why.',
    });
  }
}

/** Words as a shell would split them, with quotes and backslashes but without any expansion. */
export function splitWords(command: string): readonly string[] {
  const words: string[] = [];
  const pattern = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
  for (const [word] of command.matchAll(pattern)) {
    words.push(
      word.replaceAll(
        /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
        (_, single?: string, double?: string, escaped?: string) => {
          return single ?? double?.replaceAll(/\\(.)/gs, '$1') ?? escaped ?? '';
        },
      ),
    );
  }
  return words;
}
