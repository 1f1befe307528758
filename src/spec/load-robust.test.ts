import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SOUND, load } from '../../test/support/cluster-file.ts';

const DESIGN = readFileSync(fileURLToPath(new URL('../../test/fixtures/spec/design.yaml', import.meta.url)), 'utf8');
const PIECES = [
  'null',
  '[]',
  '{}',
  '~',
  '1',
  'true',
  '"x"',
  '- a',
  ': ',
  '{',
  '&a',
  '*a',
  '<<: *a',
  '!!binary x',
  '---\n',
  '\t',
  'é',
  '0x10',
  '10.0.4.1/24',
  'patches:',
  'nodes:',
  'extends: cluster.yaml',
  '+',
  '\u0000',
];

/** A file with a slice replaced by something else, up to four times. */
function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(12),
    piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 8 })),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let result = text;
    for (const { at, length, piece } of edits) result = result.slice(0, at) + piece + result.slice(at + length);
    return result;
  });
}

test('whatever stands in the file, loading ends with findings that have their place in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated(SOUND), mutated(DESIGN), fc.string()), async (text) => {
      const { findings, cluster } = await load(text);
      const lines = text.split(/\r?\n/);
      for (const { where } of findings) {
        if (where === undefined) continue;
        expect(where.line).toBeGreaterThanOrEqual(1);
        expect(where.line).toBeLessThanOrEqual(lines.length + 1);
        expect(where.column).toBeGreaterThanOrEqual(1);
      }
      expect(cluster !== undefined || findings.length > 0).toBe(true);
    }),
    { numRuns: 150 },
  );
});
