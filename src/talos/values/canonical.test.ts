import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCases } from '../../../test/support/txtar.ts';
import { documentOf, encodeDocuments } from '../documents-text.ts';
import type { PlainObject } from '../documents-text.ts';
import { TALOS_MINORS } from '../documents/tables.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { contextOfMinor, encodeTyped, readDocuments } from './document.ts';

const fixtures = new URL('../../../test/fixtures/talos/canonical/', import.meta.url);

function recode(text: string, minor: TalosMinor): string {
  const context = contextOfMinor(minor);
  return encodeTyped(readDocuments(text, context), context);
}

function readOrRefuse(text: string, minor: TalosMinor): string | undefined {
  try {
    return recode(text, minor);
  } catch {
    return undefined;
  }
}

interface Quoting {
  readonly place: 'map value' | 'map key' | 'free form';
  readonly word: string;
  /** Absent where Talos refuses it. */
  readonly text?: string;
}

function placed(place: Quoting['place'], word: string): PlainObject {
  if (place === 'free form')
    return { version: 'v1alpha1', machine: { kubelet: { extraConfig: { k: word, l: [word] } } } };
  return { version: 'v1alpha1', machine: { sysctls: place === 'map value' ? { k: word } : { [word]: 'v' } } };
}

function asciiJson(value: PlainObject): string {
  return JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

for (const minor of TALOS_MINORS) {
  test(`configs are rewritten byte for byte as Talos ${minor} does, and refused where it refuses them`, () => {
    const cases = readCases(readFileSync(new URL(`${minor}.txtar`, fixtures), 'utf8'));

    const wrong = [...cases]
      .filter(([, files]) => readOrRefuse(files.get('input.yaml') ?? '', minor) !== files.get('expected.yaml'))
      .map(([name]) => name);

    expect(cases.size).toBe(31);
    expect(wrong).toEqual([]);
  });

  test(`every word gets the quotes that Talos ${minor} gives it, as key, as value and in free-form data`, () => {
    const lines = readFileSync(new URL(`quoting-${minor}.jsonl`, fixtures), 'utf8')
      .trimEnd()
      .split('\n');

    const wrong = lines.filter((line) => {
      const { place, word, text }: Quoting = JSON.parse(line);
      const config = placed(place, word);
      // What Talos' own library could not read was given to it as ASCII JSON.
      return text === undefined
        ? readOrRefuse(asciiJson(config), minor) !== undefined
        : encodeDocuments([documentOf(config)], minor) !== text;
    });

    expect(lines.length).toBeGreaterThan(400);
    expect(wrong).toEqual([]);
  });
}
