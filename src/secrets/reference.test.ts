import { beforeAll, describe, expect, test } from 'vitest';
import type { SecretReference } from '../spec/model.ts';
import { systemRandom } from '../system.ts';
import { findIdentities, generateIdentity, splitWords } from './age.ts';
import { createSecretResolver, describeReference, findUnresolved, type SecretResolverOptions } from './reference.ts';
import { encryptSops } from './sops/file.ts';

let files: Record<string, string>;
let made: { readonly identity: string; readonly recipient: string };

beforeAll(async () => {
  made = await generateIdentity();
  const context = { file: 'keys', now: new Date(0), random: systemRandom };
  const keys = await encryptSops(
    'tailscale: tskey-1\nbmc:\n  ryzen: pass\n  empty: ""\n',
    { recipients: [made.recipient] },
    context,
  );
  files = { '/c/keys.sops.yaml': keys, '/c/token': 'from a file\n', '/abs/token': 'absolute', '/c/blank': '\n' };
});

describe('references', () => {
  test.each([
    [{ kind: 'env', name: 'BMC' }, 'from env'],
    [{ kind: 'file', path: 'token' }, 'from a file'],
    [{ kind: 'file', path: '/abs/token' }, 'absolute'],
    [{ kind: 'sops', path: 'keys.sops.yaml', key: 'tailscale' }, 'tskey-1'],
    [{ kind: 'sops', path: 'keys.sops.yaml', key: 'bmc.ryzen' }, 'pass'],
    [{ kind: 'exec', command: ['pass', 'show', 'x'] }, 'ran pass show x'],
  ] satisfies readonly (readonly [SecretReference, string])[])(
    'S1-12 %j is resolved in memory',
    async (reference, expected) => {
      const resolver = createSecretResolver(sources());

      await expect(resolver.resolve(reference)).resolves.toBe(expected);
      expect(resolver.values()).toEqual([expected]);
    },
  );

  test('F0-26 each is resolved once a run, also when many ask at once', async () => {
    const calls: string[] = [];
    const resolver = createSecretResolver({
      ...sources(),
      exec: async (command) => {
        calls.push(command.join(' '));
        return 'x';
      },
    });
    const ask = () => resolver.resolve({ kind: 'exec', command: ['op', 'read'] });

    await Promise.all([ask(), ask(), ask()]);
    await ask();

    expect(calls).toEqual(['op read']);
  });

  test.each([
    [{ kind: 'env', name: 'NONE' }, 'not set'],
    [{ kind: 'env', name: 'EMPTY' }, 'is empty'],
    [{ kind: 'file', path: 'none' }, 'no such file'],
    [{ kind: 'file', path: 'blank' }, 'is empty'],
    [{ kind: 'sops', path: 'none.yaml', key: 'a' }, 'does not exist'],
    [{ kind: 'sops', path: 'keys.sops.yaml', key: 'nope' }, 'no single value'],
    [{ kind: 'sops', path: 'keys.sops.yaml', key: 'bmc.empty' }, 'is empty'],
    [{ kind: 'exec', command: ['fails'] }, 'the command failed'],
  ] satisfies readonly (readonly [SecretReference, string])[])(
    'F0-27 %j that gives nothing is an error that names it',
    async (reference, why) => {
      const failure = createSecretResolver(sources()).resolve(reference);

      await expect(failure).rejects.toMatchObject({
        code: 'secret-unavailable',
        message: expect.stringContaining(why),
      });
      await expect(failure).rejects.toThrow(reference.kind === 'sops' ? reference.path : describeReference(reference));
    },
  );

  test('no message carries a value', async () => {
    const secret = 'SECRET-OUTPUT';
    const resolver = createSecretResolver({
      ...sources(),
      exec: () => Promise.reject(new Error(`Command failed: ${secret}`)),
    });

    const failure = await resolver.resolve({ kind: 'exec', command: ['x', secret] }).catch((reason: unknown) => reason);

    expect(
      JSON.stringify([failure, String(failure), Object(failure).hint, String(Object(failure).cause)]),
    ).not.toContain(secret);
  });
});

describe('placeholders', () => {
  test('S1-13 a variable that nobody filled in is found with its place', () => {
    const text = 'a: 1\nkey: "x ${TAILSCALE_AUTHKEY}"\nshell: $${HOME} $HOME ${}\n';

    expect(findUnresolved(text)).toEqual([{ text: '${TAILSCALE_AUTHKEY}', line: 2, column: 9 }]);
  });
});

describe('identities', () => {
  test('come from every place where sops looks', async () => {
    const [file, command, home] = await Promise.all([generateIdentity(), generateIdentity(), generateIdentity()]);

    const found = await findIdentities({
      env: {
        SOPS_AGE_KEY: `${made.identity} `,
        SOPS_AGE_KEY_FILE: '/k',
        SOPS_AGE_KEY_CMD: `get "my key"`,
        HOME: '/home/me',
      },
      readFile: async (path) =>
        ({ '/k': `# c\n${file.identity}\n`, '/home/me/.config/sops/age/keys.txt': home.identity })[path],
      exec: async (words) => (words[1] === 'my key' ? command.identity : ''),
    });

    expect(found.keys).toEqual([made.identity, file.identity, command.identity, home.identity]);
  });

  test('of an unknown kind are named without being shown', async () => {
    const failure = findIdentities({
      env: { SOPS_AGE_KEY: 'AGE-PLUGIN-YUBIKEY-1SECRET' },
      readFile: async () => undefined,
      exec: async () => '',
    });

    await expect(failure).rejects.toMatchObject({
      message: 'SOPS_AGE_KEY holds a plugin identity where an age identity (AGE-SECRET-KEY-1…) is wanted',
    });
  });

  test('commands are split as a shell would', () => {
    expect(splitWords(`op read 'a b' "c \\"d\\"" e\\ f`)).toEqual(['op', 'read', 'a b', 'c "d"', 'e f']);
  });
});

function sources(): SecretResolverOptions {
  return {
    folder: '/c',
    env: { BMC: 'from env', EMPTY: '' },
    readFile: async (path) => files[path],
    exec: (command) =>
      command[0] === 'fails' ? Promise.reject(new Error('no')) : Promise.resolve(`ran ${command.join(' ')}\n`),
    identities: async () => ({ keys: [made.identity], looked: [] }),
  };
}
