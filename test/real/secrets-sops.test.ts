/** The real `sops` and Debian's `age` open what Ichor writes, and the other way round. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { decryptAge, encryptAge, generateIdentity, type Identities } from '../../src/secrets/age.ts';
import { findCreationRule } from '../../src/secrets/sops/creation-rules.ts';
import { readSopsValue, setSopsValue } from '../../src/secrets/sops/edit.ts';
import { changeRecipients, decryptSops, encryptSops, openSops, rotateSops } from '../../src/secrets/sops/file.ts';
import { systemRandom } from '../../src/system.ts';
import { howToBuild, noteSkip, real } from '../support/real.ts';

const sops = real('sops-3.13.3');
const hasAge = spawnSync('age', ['--version']).status === 0;
if (!hasAge) noteSkip('needs the program age: run `npm run test:setup`, or apt-get install age');
if (sops === undefined)
  process.stderr.write(`skipped: SOPS files against the real sops (${howToBuild('sops-3.13.3')})\n`);
if (!hasAge && process.env['CI'] === 'true') throw new Error('the program age is not installed: apt-get install age');
const context = { file: 'file.yaml', now: new Date('2026-03-01T10:00:00Z'), random: systemRandom };

const SAMPLE = `# top head

# second head
a: 1 # inline a
b: # after b
  # head of c
  c: "x"   # inline c
  # foot in b
d:
- one # inline one
# between
- two
# after list
e: |  # header
  line1
  line2
f: ''
g: ~
h: {x: 1, y: [true, 2.50, 0x1f, 017, 2024-01-01, 1_000, 1e3, .5]}
t: 2024-01-01 10:00:00
strings: [yes, on, 1:20, "null", 'a: b', '#x', "tab\\there", "\\u2028"]
k:
  z: 1

  # blank sep

# trailing top
`;

let folder: string;
let recipient: string;
let identities: Identities;
let keyFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ichor-sops-'));
  const made = await generateIdentity();
  recipient = made.recipient;
  identities = { keys: [made.identity], looked: [] };
  keyFile = join(folder, 'key.txt');
  writeFileSync(keyFile, `# made for a test\n${made.identity}\n`, { mode: 0o600 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(sops === undefined)('sops 3.13.3', () => {
  test('S3-9 opens what Ichor encrypted, with every value, comment and its MAC', async () => {
    const encrypted = await encryptSops(SAMPLE, { recipients: [recipient] }, context);

    const opened = run(['decrypt', file('ours.yaml', encrypted)]);

    expect(opened.stderr).toBe('');
    expect(comparable(opened.stdout)).toEqual(
      comparable(
        run(['decrypt', file('twice.yaml', run(['encrypt', '--age', recipient, file('plain.yaml', SAMPLE)]).stdout)])
          .stdout,
      ),
    );
    expect(opened.stdout.match(/# .*/g)?.toSorted()).toEqual(SAMPLE.match(/# .*/g)?.toSorted());
  });

  test('writes what Ichor opens, comments in lists included', async () => {
    const theirs = run(['encrypt', '--age', recipient, file('plain.yaml', SAMPLE)]).stdout;

    const plain = await decryptSops(theirs, 'theirs.yaml', identities);

    expect(comparable(plain)).toEqual(comparable(run(['decrypt', file('theirs.yaml', theirs)]).stdout));
    expect(plain.match(/# .*/g)?.toSorted()).toEqual(SAMPLE.match(/# .*/g)?.toSorted());
  });

  test.each([
    ['encrypted_regex', '^(c|d)$'],
    ['unencrypted_regex', '^(c|d|h)$'],
    ['encrypted_suffix', 'rings'],
    ['unencrypted_suffix', 'h'],
  ] as const)('agrees on %s, also when the MAC covers the encrypted values alone', async (key, value) => {
    for (const macOnlyEncrypted of [false, true]) {
      file(
        '.sops.yaml',
        stringify({ creation_rules: [{ age: recipient, [key]: value, mac_only_encrypted: macOnlyEncrypted }] }),
      );
      const theirs = run(['encrypt', file('plain.yaml', SAMPLE)]).stdout;
      rmSync(join(folder, '.sops.yaml'));
      const ours = await encryptSops(
        SAMPLE,
        { recipients: [recipient], rule: { key, value }, macOnlyEncrypted },
        context,
      );

      const openedByThem = run(['decrypt', file('ours.yaml', ours)]);
      const openedByUs = await decryptSops(theirs, 'theirs.yaml', identities);

      expect(openedByThem.stderr).toBe('');
      expect(comparable(openedByUs)).toEqual(comparable(run(['decrypt', file('theirs.yaml', theirs)]).stdout));
      expect(comparable(openedByThem.stdout)).toEqual(comparable(openedByUs));
      expect(encryptedPaths(ours)).toEqual(encryptedPaths(theirs));
      expect(ours.includes('mac_only_encrypted: true')).toBe(theirs.includes('mac_only_encrypted: true'));
    }
  });

  test('opens a file after values were set in place, keys rotated and recipients changed', async () => {
    const other = await generateIdentity();
    let text = run(['encrypt', '--age', recipient, file('plain.yaml', SAMPLE)]).stdout;

    text = setSopsValue(await openSops(text, 'f', identities), ['b', 'c'], 'new', context);
    text = setSopsValue(await openSops(text, 'f', identities), ['b', 'added', 'deep'], 5, context);
    text = setSopsValue(await openSops(text, 'f', identities), ['top_unencrypted'], 'multi\nline\n', context);
    text = await rotateSops(await openSops(text, 'f', identities), context);
    text = await changeRecipients(await openSops(text, 'f', identities), [recipient, other.recipient]);

    const opened = run(['decrypt', file('changed.yaml', text)]);
    expect(opened.stderr).toBe('');
    expect(parse(opened.stdout)).toMatchObject({
      b: { c: 'new', added: { deep: 5 } },
      top_unencrypted: 'multi\nline\n',
    });
    const byOther = run(['decrypt', file('changed.yaml', text)], {
      SOPS_AGE_KEY: other.identity,
      SOPS_AGE_KEY_FILE: undefined,
    });
    expect(parse(byOther.stdout)).toEqual(parse(opened.stdout));
  });

  test('its own `set` and `rotate` leave a file that Ichor opens', async () => {
    const path = file('edited.yaml', await encryptSops(SAMPLE, { recipients: [recipient] }, context));

    run(['set', path, '["b"]["c"]', '"by sops"']);
    run(['rotate', '--in-place', path]);

    const opened = await openSops(readFileSync(path, 'utf8'), path, identities);
    expect(readSopsValue(opened, ['b', 'c'])).toBe('by sops');
  });

  test('takes the same rule of .sops.yaml for the same file', async () => {
    const config = `creation_rules:\n  - path_regex: other\\.yaml$\n    age: age1nobody\n  - path_regex: (?i)KEYS\\.sops\\.yaml$\n    encrypted_regex: ^c$\n    age: >-\n      ${recipient},\n`;
    file('.sops.yaml', config);
    const path = file('keys.sops.yaml', SAMPLE);

    const rule = await findCreationRule(path, async (at) => (existsSync(at) ? readFileSync(at, 'utf8') : undefined));
    const theirs = run(['encrypt', path]).stdout;
    rmSync(join(folder, '.sops.yaml'));

    expect(rule).toMatchObject({ recipients: [recipient], rule: { key: 'encrypted_regex', value: '^c$' } });
    const ours = await encryptSops(SAMPLE, rule ?? { recipients: [] }, context);
    expect(encryptedPaths(ours)).toEqual(encryptedPaths(theirs));
  });

  test('finds comments again wherever they stand; where yaml.v3 hangs one in a way of its own, it stays encrypted and Ichor opens it', async () => {
    let written = 0;
    let left = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const text = commentedYaml(seed);
      const ours = await encryptSops(text, { recipients: [recipient] }, context);
      const opened = run(['decrypt', file('ours.yaml', ours)]).stdout;
      const theirs = run(['encrypt', '--age', recipient, file('plain.yaml', text)]).stdout;

      expect(comparable(opened)).toEqual(comparable(text));
      expect((await decryptSops(ours, 'f', identities)).match(/#.*/g)).toEqual(text.match(/#.*/g));
      expect(await decryptSops(theirs, 'f', identities)).not.toContain('ENC[');
      written += text.match(/#/g)?.length ?? 0;
      left += opened.match(/#ENC\[/g)?.length ?? 0;
    }

    expect(written).toBeGreaterThan(300);
    expect(left / written).toBeLessThan(0.01);
  });

  test('writes JSON that Ichor opens as JSON', async () => {
    const value = { a: 'x', n: 5, f: 1.5, l: ['u', true], o: { k: 'v', none: null } };
    const theirs = run(['encrypt', '--age', recipient, file('plain.json', JSON.stringify(value))]).stdout;

    expect(JSON.parse(await decryptSops(theirs, 'f.json', identities))).toEqual(value);
  });

  test('agrees on the MAC of any values', async () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(
        'yes',
        '0x1F',
        '1_0',
        '2024-02-30',
        '2024-2-3',
        '1.',
        '-.5e3',
        '08',
        '0o17',
        '+7',
        '12e03',
        '~',
        'é\u{1f600}',
      ),
    );
    const plain = fc.array(leaf, { minLength: 20, maxLength: 20 });

    await fc.assert(
      fc.asyncProperty(plain, plain, async (quoted, bare) => {
        const lines = bare.map(
          (value, index) =>
            `b${index}_unencrypted: ${/^[-+.\w]+$/.test(String(value)) ? String(value) : stringify(value, { lineWidth: 0 }).trimEnd()}`,
        );
        const text = `${stringify({ quoted }, { lineWidth: 0, compat: 'yaml-1.1' })}${lines.join('\n')}\n`;
        const encrypted = await encryptSops(text, { recipients: [recipient] }, context);
        const opened = run(['decrypt', file('any.yaml', encrypted)]);
        expect(opened.stderr).toBe('');
      }),
      { numRuns: 15 },
    );
  });
});

describe.skipIf(!hasAge)('age of Debian', () => {
  test('opens whole files that Ichor encrypted, and Ichor its', async () => {
    const content = systemRandom.bytes(100_000);
    const ours = join(folder, 'ours.age');
    writeFileSync(ours, await encryptAge(content, { recipients: [recipient], armor: true }));
    const theirs = spawnSync('age', ['--encrypt', '--recipient', recipient], { input: content, maxBuffer: 2 ** 24 });

    const openedByThem = spawnSync('age', ['--decrypt', '--identity', keyFile, ours], { maxBuffer: 2 ** 24 });
    const openedByUs = await decryptAge(new Uint8Array(theirs.stdout), identities.keys);

    expect(Buffer.compare(openedByThem.stdout, Buffer.from(content))).toBe(0);
    expect(Buffer.compare(Buffer.from(openedByUs ?? []), Buffer.from(content))).toBe(0);
  });
});

function run(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): { readonly stdout: string; readonly stderr: string } {
  const result = spawnSync(sops ?? '', ['--disable-version-check', ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, SOPS_AGE_KEY_FILE: keyFile, ...env },
  });
  expect(result.status, result.stderr).toBe(0);
  return result;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The same text for the same seed: maps and lists with comments in most places where YAML allows them. */
function commentedYaml(seed: number): string {
  let state = seed;
  let count = 0;
  const oneIn = (sides: number): boolean => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 256) % sides === 0;
  };
  const next = (): number => (count += 1);
  const comment = (pad: string): string => (oneIn(3) ? `${pad}# c${next()}\n${oneIn(3) ? '\n' : ''}` : '');
  const inline = (): string => (oneIn(3) ? ` # c${next()}\n` : '\n');
  const list = (pad: string): string => {
    let text = '';
    do
      text +=
        comment(pad) +
        (oneIn(3) ? `${pad}- a: x${inline()}${pad}  b: q\n${comment(`${pad}  `)}` : `${pad}- w${inline()}`);
    while (!oneIn(3));
    return text;
  };
  const map = (pad: string, depth: number): string => {
    let text = '';
    do {
      text += `${comment(pad)}${pad}k${next()}:`;
      if (depth < 3 && oneIn(3)) text += `\n${map(`${pad}  `, depth + 1)}`;
      else if (oneIn(3)) text += `\n${list(oneIn(2) ? pad : `${pad}  `)}`;
      else text += (oneIn(4) ? ' {a: 1, b: [x, z]}' : ' v') + inline();
    } while (!oneIn(3));
    return text + comment(pad);
  };
  return map('', 0);
}

/** Values as YAML 1.1 readers see them; dates are normalised by sops itself on both sides. */
function comparable(text: string): unknown {
  return parse(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp'),
  });
}

function encryptedPaths(text: string): readonly string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string' && value.startsWith('ENC[') && !value.includes('type:comment')) paths.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [key, child] of Object.entries(value)) walk(child, Array.isArray(value) ? path : `${path}.${key}`);
  };
  walk({ ...parse(text), sops: undefined }, '');
  return paths;
}
