import fc from 'fast-check';
import { decryptSops as readBySopsAge } from 'sops-age';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { systemRandom } from '../../system.ts';
import { generateIdentity, type Identities } from '../age.ts';
import { readSopsValue, setSopsValue } from './edit.ts';
import { changeRecipients, decryptSops, encryptSops, openSops, rotateSops } from './file.ts';

const context = { file: 'keys.sops.yaml', now: new Date('2026-03-01T10:00:00.123Z'), random: systemRandom };
let alice: Person;
let bob: Person;

interface Person {
  readonly recipient: string;
  readonly identities: Identities;
}

beforeAll(async () => {
  [alice, bob] = await Promise.all([person(), person()]);
});

const SAMPLE = `# the head, with an old password: hunter2
tailscale: tskey-auth-0123 # inline
argocd:
  # inside
  admin: "pa:ss"   # spaced
  empty: ''
  none: ~
  # foot
list:
- one # first
# between
- two
note: |  # header
  line 1
  line 2
plain_unencrypted: stays
flow: {n: 1, on: [true, 2.50, 0x1f, 2024-01-01]}
`;

describe('encrypting', () => {
  test('S3-11 no value and no comment is left in the clear, and the order of the lines stays', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);

    expect(encrypted).toContain('plain_unencrypted: stays');
    expect(encrypted).toContain('lastmodified: "2026-03-01T10:00:00Z"');
    const shape = encrypted.slice(0, encrypted.indexOf('sops:')).replace(/"?ENC\[[^\]]*\]"?/g, 'ENC');
    expect(shape).toBe(
      "#ENC\ntailscale: ENC #ENC\nargocd:\n  #ENC\n  admin: ENC   #ENC\n  empty: ''\n  none: ~\n  #ENC\nlist:\n- ENC #ENC\n#ENC\n- ENC\nnote: ENC #ENC\n" +
        'plain_unencrypted: stays\nflow: {n: ENC, on: [ENC, ENC, ENC, ENC]}\n',
    );
  });

  test('opens again to the same values and comments', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient, bob.recipient] }, context);

    const plain = await decryptSops(encrypted, 'k', bob.identities);

    expect(parse(plain)).toEqual(parse(SAMPLE.replace('2024-01-01', '2024-01-01T00:00:00Z')));
    expect(plain.match(/#.*/g)).toEqual(SAMPLE.match(/#.*/g));
  });

  test('is read by an independent program', async () => {
    const encrypted = await encryptSops(SAMPLE.replace(', 2024-01-01', ''), { recipients: [alice.recipient] }, context);

    const read = await readBySopsAge(encrypted, { fileType: 'yaml', secretKey: alice.identities.keys[0] ?? '' });

    expect(read).toMatchObject({ tailscale: 'tskey-auth-0123', argocd: { admin: 'pa:ss' }, list: ['one', 'two'] });
  });

  test.each([
    ['encrypted_regex', '^(data|stringData)$', ['data'], ['kind']],
    ['unencrypted_regex', '^kind$', ['data'], ['kind']],
    ['encrypted_suffix', 'ata', ['data'], ['kind']],
    ['unencrypted_suffix', 'ind', ['data'], ['kind']],
  ] as const)('follows %s', async (key, value, secret, open) => {
    const text = 'kind: Secret\ndata:\n  a: b\n';

    const encrypted = await encryptSops(
      text,
      { recipients: [alice.recipient], rule: { key, value }, macOnlyEncrypted: true },
      context,
    );

    expect(encrypted).toContain(`${open[0]}: Secret`);
    expect(encrypted).not.toMatch(/ {2}a: b$/m);
    expect(secret).toEqual(['data']);
    expect(await decryptSops(encrypted, 'k', alice.identities)).toBe(text);
  });

  test('any map of strings, numbers and lists comes back equal', async () => {
    const key = fc
      .stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
      .filter((text) => !['sops', 'y', 'n', 'null', 'true', 'false'].includes(text));
    const leaf = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }).filter((text) => !/[\u{d800}-\u{dfff}\u{fffe}\u{ffff}]/u.test(text)),
      fc.integer(),
      fc.boolean(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
        .map((number) => (number === 0 ? 0 : number)),
      fc.stringMatching(/^[a-z ]*\n[a-z ]*\n?$/),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 3 }),
      ),
    })).node;

    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4 }), async (value) => {
        const text = stringify(value, { compat: 'yaml-1.1', lineWidth: 0 });
        const encrypted = await encryptSops(text, { recipients: [alice.recipient] }, context);
        const plain = await decryptSops(encrypted, 'k', alice.identities);
        expect(parse(plain)).toEqual(parse(text));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['encrypted already', (text: string) => encryptSops(text, { recipients: [alice.recipient] }, context)],
    ['nobody', () => encryptSops(SAMPLE, { recipients: [] }, context)],
  ])('refuses: %s', async (_, again) => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);

    await expect(again(encrypted)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('an identity given as a recipient by mistake is not printed', async () => {
    const [identity = ''] = alice.identities.keys;

    await expect(encryptSops(SAMPLE, { recipients: [identity] }, context)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(identity.slice(20, 40)) }),
    );
  });
});

describe('opening', () => {
  test('says for whom the file is and where keys were looked for', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);

    await expect(
      openSops(encrypted, 'k', { ...bob.identities, looked: ['SOPS_AGE_KEY (1 key)'] }),
    ).rejects.toMatchObject({
      code: 'secret-unavailable',
      message: expect.stringContaining(alice.recipient),
      hint: expect.stringContaining('SOPS_AGE_KEY (1 key)'),
    });
  });

  test('notices values that were changed, moved or removed', async () => {
    const encrypted = await encryptSops(
      'a: one\nb: two\nc_unencrypted: three\n',
      { recipients: [alice.recipient] },
      context,
    );
    const [a = '', b = ''] = encrypted.match(/ENC\[[^\]]*type:str\]/g) ?? [];
    const open = (text: string) => openSops(text, 'k', alice.identities);

    await expect(open(encrypted.replace('three', 'four'))).rejects.toThrow('MAC does not match');
    await expect(open(encrypted.replace(/^b: .*\n/m, ''))).rejects.toThrow('MAC does not match');
    await expect(open(encrypted.replace(a, 'X').replace(b, a).replace('X', b))).rejects.toThrow(
      'a cannot be decrypted',
    );
    await expect(open(encrypted.replace('10:00:00', '10:00:01'))).rejects.toThrow('MAC does not match');
  });
});

describe('editing in place', () => {
  test('changes one value, the time and the MAC, and nothing else', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);
    const later = { ...context, now: new Date('2026-03-02T10:00:00Z') };

    const changed = setSopsValue(await openSops(encrypted, 'k', alice.identities), ['argocd', 'admin'], 'new', later);

    const [before, after] = [encrypted.split('\n'), changed.split('\n')];
    const different = after
      .filter((line, index) => line !== before[index])
      .map((line) => line.replace(/:.*/, '').trim());
    expect(different).toEqual(['admin', 'lastmodified', 'mac']);
    const opened = await openSops(changed, 'k', alice.identities);
    expect(readSopsValue(opened, ['argocd', 'admin'])).toBe('new');
  });

  test.each([
    [['new'], 'top'],
    [['argocd', 'more'], 'second'],
    [['argocd', 'deep', 'er'], 'third'],
    [['x', 'y', 'z'], 'fourth'],
    [['extra_unencrypted'], 'fifth\nlines'],
    [['note'], 'sixth'],
  ])('adds or sets %j', async (path, value) => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);

    const changed = setSopsValue(await openSops(encrypted, 'k', alice.identities), path, value, context);

    const opened = await openSops(changed, 'k', alice.identities);
    expect(readSopsValue(opened, path)).toBe(value);
    expect(readSopsValue(opened, ['tailscale'])).toBe('tskey-auth-0123');
    expect((await decryptSops(changed, 'k', alice.identities)).match(/# .*/g)).toHaveLength(8);
  });

  test('does not put a value where a map or a list stands', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);
    const opened = await openSops(encrypted, 'k', alice.identities);

    for (const path of [['argocd'], ['list'], ['list', 'x'], ['sops', 'mac'], ['flow', 'm']]) {
      expect(() => setSopsValue(opened, path, 'x', context)).toThrow();
    }
  });
});

describe('keys', () => {
  test('recipients change without touching a value; who is gone cannot open it any more', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);

    const changed = await changeRecipients(await openSops(encrypted, 'k', alice.identities), [bob.recipient]);

    expect(changed.slice(0, changed.indexOf('\nsops:'))).toBe(encrypted.slice(0, encrypted.indexOf('\nsops:')));
    await expect(openSops(changed, 'k', alice.identities)).rejects.toMatchObject({ code: 'secret-unavailable' });
    await expect(decryptSops(changed, 'k', bob.identities)).resolves.toContain('hunter2');
  });

  test('rotation makes a new data key and encrypts everything anew', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [alice.recipient] }, context);
    const before = await openSops(encrypted, 'k', alice.identities);

    const rotated = await rotateSops(before, context);

    const after = await openSops(rotated, 'k', alice.identities);
    expect(Buffer.compare(after.dataKey, before.dataKey)).not.toBe(0);
    expect(rotated.match(/ENC\[[^\]]*\]/g)?.filter((value) => encrypted.includes(value))).toEqual([]);
    expect(parseAllDocuments(await decryptSops(rotated, 'k', alice.identities))).toHaveLength(1);
  });
});

async function person(): Promise<Person> {
  const { identity, recipient } = await generateIdentity();
  return { recipient, identities: { keys: [identity], looked: [] } };
}
