import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSchematicId, parseSchematic, schematicId, VANILLA_SCHEMATIC_ID } from './schematic.ts';

interface Case {
  readonly name: string;
  readonly input: string;
  readonly id?: string;
  readonly canonical?: string;
  readonly error?: string;
  readonly older?: { readonly id: string; readonly canonical: string };
}

const FOLDER = new URL('../../../test/fixtures/schematic/', import.meta.url);

function readCases(file: string): readonly Case[] {
  return readFileSync(new URL(file, FOLDER), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Case => JSON.parse(line));
}

const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl'));
const CASES = FILES.flatMap((file) => readCases(file));
const ACCEPTED = CASES.filter((entry) => entry.error === undefined);
const REFUSED = CASES.filter((entry) => entry.error !== undefined);

test('all recorded answers of the factory are here', () => {
  expect([CASES.length, ACCEPTED.length, REFUSED.length]).toEqual([628, 595, 33]);
});

test.each(ACCEPTED)(
  'the id and canonical text of $name equal what the factory computes',
  ({ input, id, canonical, older }) => {
    const identity = schematicId(input);

    expect(identity.canonical).toBe(canonical);
    expect(identity.id).toBe(id);
    expect(identity.canonicalOlder).toBe(older?.canonical);
    expect(identity.idOlder).toBe(older?.id);
  },
);

test.each(REFUSED)('$name is refused, as by the factory: $error', ({ input }) => {
  expect(() => schematicId(input)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
});

test.each(ACCEPTED)('reading $name and writing it again gives the same id', ({ input, id }) => {
  expect(schematicId(parseSchematic(input)).id).toBe(id);
});

test('S0-4 the vanilla schematic has its known id', () => {
  expect(schematicId({}).id).toBe(VANILLA_SCHEMATIC_ID);
  expect(isSchematicId(VANILLA_SCHEMATIC_ID)).toBe(true);
});

test('F2-4 an unknown key such as configPatches is an error that names the place and the known keys', () => {
  expect(() => schematicId('customization:\n  configPatches: [a]\n')).toThrow(
    /line 2.*unknown key "configPatches" in customization/,
  );
  expect(() => schematicId('customization:\n  extraKernelArg: [a]\n')).toThrow(/known are .*extraKernelArgs/);
});

test('an unknown key in an object is an error as well', () => {
  const customization = { kernelArgs: ['a'], meta: [] };

  expect(() => schematicId({ customization })).toThrow(/unknown key "kernelArgs"/);
});

test('a date as a META value is refused with the remedy, because factories differ on it', () => {
  expect(() => schematicId('customization:\n  meta: [{key: 12, value: 2024-01-02}]\n')).toThrow(/quote it/);
});

test('any schematic given as an object has the id of the same schematic given as JSON', () => {
  const word = fc
    .string({ unit: fc.constantFrom('a', 'yes', '0', ':', ' ', '#', '-', '\n', '"', "'", 'é', '=', '.'), maxLength: 8 })
    // What go-yaml writes for several lines that begin with a blank is not read back as it was (a defect of its own).
    .filter((text) => !/^[ \n]/.test(text));
  const customization = fc.record(
    {
      extraKernelArgs: fc.array(word, { maxLength: 3 }),
      meta: fc.array(fc.record({ key: fc.nat({ max: 255 }), value: word }), { maxLength: 2 }),
      systemExtensions: fc.record({ officialExtensions: fc.array(word, { maxLength: 3 }) }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(customization, (value) => {
      const schematic = { customization: value };
      const fromObject = schematicId(schematic);
      expect(schematicId(JSON.stringify(schematic))).toEqual(fromObject);
      expect(schematicId(fromObject.canonical)).toEqual(fromObject);
    }),
  );
});
