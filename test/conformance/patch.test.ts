import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { documentTable, TALOS_MINORS } from '../../src/talos/documents/tables.ts';
import type { TalosMinor } from '../../src/talos/documents/tables.ts';
import { patchConfig } from '../../src/talos/patch/patch.ts';
import { PatchRefused } from '../../src/talos/patch/refusal.ts';
import { openOracle } from './oracle.ts';
import type { OracleAnswer } from './oracle.ts';
import { documentValue } from './random-config.ts';

const RUNS = 1000;

/** JSON is YAML; escapes of characters beyond U+FFFF do not occur here. */
function configOf(values: readonly Record<string, unknown>[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('---\n');
}

/** As a person writes it. */
function blocksOf(values: readonly Record<string, unknown>[]): string {
  return values.map((value) => stringify(value, { version: '1.1', lineWidth: 0 })).join('---\n');
}

function ours(config: string, patches: readonly string[], minor: TalosMinor): string {
  try {
    return patchConfig(config, patches, minor).text;
  } catch (error) {
    if (error instanceof PatchRefused) return `refused: ${error.stage}`;
    throw error;
  }
}

function theirs(answer: OracleAnswer | undefined): string {
  return answer?.stage === undefined ? (answer?.text ?? '') : `refused: ${answer.stage}`;
}

/** Somewhere in the value, something is deleted. */
function withDelete(value: Record<string, unknown>, at: readonly number[]): Record<string, unknown> {
  const keys = Object.keys(value).filter((key) => !['apiVersion', 'kind', 'name', 'version'].includes(key));
  const [first = 0, ...rest] = at;
  const key = keys[first % Math.max(1, keys.length)];
  if (key === undefined) return { ...value, $patch: 'delete' };
  const inner = value[key];
  if (rest.length > 0 && isRecord(inner)) return { ...value, [key]: withDelete(inner, rest) };
  if (rest.length > 0 && Array.isArray(inner) && isRecord(inner[0]))
    return { ...value, [key]: [{ ...inner[0], $patch: 'delete' }] };
  return { ...value, [key]: { $patch: 'delete' } };
}

/** Every path of a JSON value, as JSON pointers. */
function pointersOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, child]) =>
    pointersOf(child, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [path, ...inner];
}

function operation(pointers: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const place = fc.oneof(
    fc.constantFrom(...pointers),
    fc.constantFrom(...pointers).map((path) => `${path}/x`),
    fc.constantFrom(...pointers).map((path) => `${path}/-`),
    fc.constantFrom(...pointers).map((path) => `${path}/0`),
  );
  const long =
    'a long text with many words in it so that it has to be folded at the eightieth column of the line, twice even if it goes on like this for a while';
  const value = fc.constantFrom<unknown>(
    'a',
    '',
    'yes',
    'off',
    1,
    1.5,
    1e6,
    12345678,
    true,
    null,
    [],
    {},
    ['x', ['y', { z: 1 }]],
    { b: [1, { c: 'd' }], a10: 1, a9: 2 },
    long,
    `'${long}`,
    `- ${long}`,
    'line\nbreak',
    '12:30',
    '0x1F',
    '2026-01-01',
  );
  return fc.oneof(
    fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: place, value }),
    fc.record({ op: fc.constant('remove'), path: place }),
    fc.record({ op: fc.constantFrom('move', 'copy'), from: place, path: place }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

for (const minor of TALOS_MINORS) {
  const oracle = openOracle(`oracle-${minor}`);
  afterAll(async () => oracle?.close());
  const table = documentTable(minor);
  const kind = fc.oneof(
    { weight: 1, arbitrary: fc.constant('v1alpha1') },
    { weight: 2, arbitrary: fc.constantFrom(...table.kinds.keys()) },
  );

  test.skipIf(oracle === undefined)(
    `${RUNS} random configs are patched as Talos ${minor} patches them, refusals included`,
    async () => {
      const several = fc.uniqueArray(kind, { minLength: 1, maxLength: 3 });
      const documents = (kinds: readonly string[]) => fc.tuple(...kinds.map((chosen) => documentValue(table, chosen)));
      const merges = several.chain((kinds) =>
        fc.tuple(
          documents(kinds),
          fc.array(fc.oneof(documents(kinds), several.chain(documents)), { minLength: 1, maxLength: 2 }),
          fc.boolean(),
        ),
      );

      await fc.assert(
        fc.asyncProperty(merges, async ([base, patches, isBlock]) => {
          const config = configOf(base);
          const texts = patches.map((patch) => (isBlock ? blocksOf(patch) : configOf(patch)));
          const answer = await oracle?.ask({ op: 'patch', config, patches: texts });

          expect(ours(config, texts, minor)).toBe(theirs(answer));
        }),
        { numRuns: RUNS },
      );
    },
  );

  test.skipIf(oracle === undefined)(
    `${RUNS} random deletes do what they do in Talos ${minor}, refusals included`,
    async () => {
      const deletes = kind.chain((chosen) =>
        fc.tuple(
          documentValue(table, chosen),
          documentValue(table, chosen),
          fc.boolean(),
          fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
        ),
      );

      await fc.assert(
        fc.asyncProperty(deletes, async ([base, other, isOwn, at]) => {
          const config = configOf([base]);
          const patch = configOf([withDelete(isOwn ? base : other, at)]);
          const answer = await oracle?.ask({ op: 'patch', config, patches: [patch] });

          expect(ours(config, [patch], minor)).toBe(theirs(answer));
        }),
        { numRuns: RUNS },
      );
    },
  );

  test.skipIf(oracle === undefined)(
    `${RUNS} random JSON patches do what they do in Talos ${minor}, refusals included`,
    async () => {
      const legacy = documentValue(table, 'v1alpha1').chain((base) =>
        fc.tuple(
          fc.constant(base),
          fc.array(operation(pointersOf(base)), { minLength: 1, maxLength: 3 }),
          fc.boolean(),
        ),
      );

      await fc.assert(
        fc.asyncProperty(legacy, async ([base, operations, isFirstMerged]) => {
          const config = configOf([base]);
          const patch = JSON.stringify(operations);
          const patches = isFirstMerged ? ['machine: {type: worker}\n', patch] : [patch];
          const answer = await oracle?.ask({ op: 'patch', config, patches });

          expect(ours(config, patches, minor)).toBe(theirs(answer));
        }),
        { numRuns: RUNS },
      );
    },
  );
}
