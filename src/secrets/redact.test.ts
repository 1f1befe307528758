import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { decodePem, parseBundle, renderBundle } from './bundle.ts';
import { createRedactor, REDACTED, secretValuesOf } from './redact.ts';

const bundle = parseBundle(
  readFileSync(new URL('../../test/fixtures/secrets/d-contract-1.14.yaml', import.meta.url), 'utf8'),
);
const redactor = createRedactor(secretValuesOf(bundle));
const key = decodePem(bundle.certs.os.key);

describe('the redactor', () => {
  test("S1-54 leaves none of a bundle's secrets in a text that holds them all, and keeps what is public", () => {
    const shown = redactor.redact(renderBundle(bundle));

    for (const secret of secretValuesOf(bundle)) expect(shown).not.toContain(secret);
    expect(shown).toContain(bundle.certs.os.crt);
    expect(shown).toContain(bundle.cluster.id);
    expect(shown.match(/<redacted>/g)).toHaveLength(9);
  });

  test.each([
    ['PEM text', key],
    ['one line of it', key.split('\n')[1] ?? ''],
    ['a JSON string', JSON.stringify({ key })],
    ['a YAML block', stringify({ deep: { key } })],
    ['base64 of a longer text', Buffer.from(`machine:\n  ca:\n    key: ${bundle.certs.os.key}\n`).toString('base64')],
    ['base64 of a text with the token', Buffer.from(`x token: ${bundle.trustdinfo.token}`).toString('base64url')],
    ['the secret half of a token', bundle.secrets.bootstraptoken.slice(7)],
    ['an address', `https://h/?t=${encodeURIComponent(bundle.cluster.secret)}`],
  ])('finds a key within %s', (_, text) => {
    const shown = redactor.redact(text);

    expect(redactor.holdsSecret(text)).toBe(true);
    expect(shown).toContain(REDACTED);
    expect(redactor.holdsSecret(shown)).toBe(false);
  });

  test('S1-54 hides any value wherever it stands, in text and in data', () => {
    const value = fc.string({ minLength: 4, maxLength: 60 }).filter((text) => !REDACTED.includes(text));

    fc.assert(
      fc.property(value, fc.string(), fc.string(), (secret, before, after) => {
        const own = createRedactor([secret]);
        const text = own.redact(before + secret + after);
        expect(text).toContain(REDACTED);
        expect(text.replaceAll(REDACTED, '\n')).not.toContain(secret);
        expect(JSON.stringify(own.redactJson({ a: [before + secret + after], [secret]: 1 }))).toContain(REDACTED);
      }),
    );
  });

  test('leaves other texts and values as they are', () => {
    const data = { n: 1, on: true, none: null, list: ['abc', 'abcd'], date: new Date(0) };

    expect(redactor.redact('nothing to hide')).toBe('nothing to hide');
    expect(redactor.redactJson(data)).toEqual(data);
    expect(createRedactor(['', 'abc']).redact('abcabc')).toBe('abcabc');
  });
});
