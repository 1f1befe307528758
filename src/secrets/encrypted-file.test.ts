import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../system.ts';
import { generateIdentity, type Identities } from './age.ts';
import { decryptFile, encryptFile, rotateFile, setFileValue, updateRecipients } from './encrypted-file.ts';

let folder: string;
let alice: { readonly identity: string; readonly recipient: string };
let bob: { readonly identity: string; readonly recipient: string };
const at = { now: new Date('2026-03-01'), random: systemRandom };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ichor-encrypted-'));
  [alice, bob] = await Promise.all([generateIdentity(), generateIdentity()]);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file', () => {
  test.each([
    ['keys.yaml', 'a: 1 # note\nb: two\n', 'sops'],
    ['kubeconfig', 'any text\n', 'age'],
  ] as const)('%s is encrypted in place, opened, and given a new key', async (name, text, form) => {
    const path = file(name, text);

    const encrypted = await encryptFile({ path, recipients: [alice.recipient], ...at });
    const first = readFileSync(path, 'utf8');
    await rotateFile({ path, recipients: [bob.recipient], identities: keysOf(alice), ...at });

    expect(encrypted).toEqual({ path, form, recipients: [alice.recipient] });
    expect(first).toMatch(/BEGIN AGE ENCRYPTED FILE/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(new TextDecoder().decode(await decryptFile(path, keysOf(bob)))).toBe(text);
    await expect(decryptFile(path, keysOf(alice))).rejects.toMatchObject({ code: 'secret-unavailable' });
    await expect(encryptFile({ path, recipients: [alice.recipient], ...at })).rejects.toThrow('encrypted already');
  });

  test('binary content stays binary', async () => {
    const path = join(folder, 'sealing.key');
    const content = Uint8Array.of(0, 255, 254, 1);
    writeFileSync(path, content);

    await encryptFile({ path, recipients: [alice.recipient], ...at });

    expect(await decryptFile(path, keysOf(alice))).toEqual(content);
  });

  test('follows .sops.yaml when its recipients change, and says when there is nothing to do', async () => {
    const path = file('keys.yaml', 'a: 1\n');
    file('.sops.yaml', `creation_rules: [{ age: ${alice.recipient} }]\n`);
    await encryptFile({ path, ...at });
    const options = { path, identities: keysOf(alice), ...at };

    expect(await updateRecipients(options)).toBe(false);
    file('.sops.yaml', `creation_rules: [{ age: "${alice.recipient}, ${bob.recipient}" }]\n`);
    expect(await updateRecipients(options)).toBe(true);

    expect(new TextDecoder().decode(await decryptFile(path, keysOf(bob)))).toBe('a: 1\n');
  });

  test('gets one value set', async () => {
    const path = file('keys.yaml', '# head\na: 1\n');
    await encryptFile({ path, recipients: [alice.recipient], ...at });

    await setFileValue({ path, identities: keysOf(alice), ...at }, ['b', 'c'], 'x');

    expect(new TextDecoder().decode(await decryptFile(path, keysOf(alice)))).toBe('# head\na: 1\nb:\n    c: x\n');
  });

  test('without anybody to encrypt for stays as it is', async () => {
    const path = file('keys.yaml', 'a: 1\n');

    await expect(encryptFile({ path, ...at })).rejects.toMatchObject({ code: 'secret-unavailable' });
    await expect(decryptFile(path, keysOf(alice))).rejects.toThrow('not encrypted');
    expect(readFileSync(path, 'utf8')).toBe('a: 1\n');
  });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function keysOf(person: { readonly identity: string }): () => Promise<Identities> {
  return async () => ({ keys: [person.identity], looked: [] });
}
