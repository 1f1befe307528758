import { afterAll, describe, expect, test } from 'vitest';
import { documentTable, TALOS_MINORS } from '../../src/talos/documents/tables.ts';
import type { TalosMinor } from '../../src/talos/documents/tables.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusOf, Draw, mutated } from './mutate.ts';
import { openOracle } from './oracle.ts';
import type { Oracle, OracleAnswer, OracleMode, OracleName } from './oracle.ts';
import { MACHINERY, MODES, recordedCases, summaryOfIchor, summaryOfTalos } from './verdicts.ts';
import type { Summary } from './verdicts.ts';

const COUNTS: Readonly<Record<TalosMinor, number>> = { '1.11': 475, '1.12': 513, '1.13': 529, '1.14': 937 };
const MUTATIONS = 1200;

const oracles = new Map<OracleName, Oracle | undefined>();

function oracleOf(name: OracleName): Oracle | undefined {
  if (!oracles.has(name)) oracles.set(name, openOracle(name));
  return oracles.get(name);
}

afterAll(async () => {
  for (const oracle of oracles.values()) await oracle?.close();
});

describe.each(TALOS_MINORS)('Talos %s', (minor) => {
  test('every recorded verdict is ours: what loads, what each mode refuses, where it warns', () => {
    const cases = recordedCases(minor);

    const differences = cases.flatMap((one) =>
      MODES.flatMap((mode) =>
        difference(summaryOfTalos(one.load, one.verdicts.get(mode)), {
          name: one.name,
          config: one.config,
          minor,
          mode,
        }),
      ),
    );

    expect(cases).toHaveLength(COUNTS[minor]);
    expect(differences).toEqual([]);
  });

  test('the oracle still says what was recorded', async ({ skip }) => {
    const oracle = oracleOf(`oracle-${minor}`);
    if (oracle === undefined) return skip('oracle not built');

    const stale: string[] = [];
    for (const one of recordedCases(minor)) {
      const answer = await oracle.ask({ op: 'validate', config: one.config, modes: MODES });
      const isSame = MODES.every((mode) =>
        equal(summaryOfTalos(answer.error, answer.verdicts?.[mode]), summaryOfTalos(one.load, one.verdicts.get(mode))),
      );
      if (!isSame) stale.push(one.name);
    }

    expect(stale).toEqual([]);
  });

  test(`${MUTATIONS} mutated configs get Talos' verdict`, async ({ skip }) => {
    const oracle = oracleOf(`oracle-${minor}`);
    if (oracle === undefined) return skip('oracle not built');
    const bases = [
      ...recordedCases(minor)
        .filter((one) => one.load === undefined)
        .map((one) => one.config),
      ...examples(minor),
    ];
    const material = { bases, corpus: corpusOf(bases) };
    const draw = new Draw(1 + Number(minor.slice(2)));

    const outcomes = { load: 0, refused: 0, taken: 0 };
    const differences: string[] = [];
    for (let count = 0; count < MUTATIONS; count += 1) {
      const text = mutated(draw.from(bases), material, draw);
      const mode = draw.from(MODES);
      const answer = await oracle.ask({ op: 'validate', config: text, modes: [mode] });
      const talos = summaryOfTalos(answer.error, answer.verdicts?.[mode]);
      outcomes[talos.outcome] += 1;
      if (!isKnownDifference(answer)) differences.push(...difference(talos, { name: text, config: text, minor, mode }));
    }

    expect(differences).toEqual([]);
    // The damage must not be so coarse that nothing gets through.
    expect(Math.min(outcomes.load, outcomes.refused, outcomes.taken)).toBeGreaterThan(MUTATIONS / 20);
  });
});

test('F0-14 HostnameConfig with auto: off alone is refused by the patch releases that refuse it', async ({ skip }) => {
  const config = 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\n';
  const outcomes = ['v1.12.7', 'v1.12.11', 'v1.13.0', 'v1.13.2', 'v1.13.3', 'v1.13.9', 'v1.14.1'].map(
    (talos) => summaryOfIchor(config, talos, 'metal').outcome,
  );

  expect(outcomes).toEqual(['refused', 'taken', 'refused', 'refused', 'taken', 'taken', 'taken']);

  const oracle = oracleOf('oracle-1.13.0');
  if (oracle === undefined) return skip('oracle not built');
  const answer = await oracle.ask({ op: 'validate', config, modes: ['metal'] });
  expect(answer.verdicts?.['metal']?.errors).toHaveLength(1);
});

test('the tables were read from the releases that the oracle is built with', () => {
  for (const minor of TALOS_MINORS) expect(documentTable(minor).machinery).toBe(MACHINERY[minor]);
});

interface Compared {
  readonly name: string;
  readonly config: string;
  readonly minor: TalosMinor;
  readonly mode: OracleMode;
}

function difference(talos: Summary, { name, config, minor, mode }: Compared): readonly string[] {
  const ichor = summaryOfIchor(config, MACHINERY[minor], mode);
  if (equal(talos, ichor)) return [];
  return [`${name} (${mode}): Talos ${JSON.stringify(talos)}, Ichor ${ichor.outcome}: ${ichor.said.join('; ')}`];
}

/** Warnings count when the config is taken; what is refused is refused. */
function equal(one: Summary, other: Summary): boolean {
  return one.outcome === other.outcome && (one.outcome !== 'taken' || one.hasWarnings === other.hasWarnings);
}

/**
 * URLs with a second colon: refused by Go 1.26, with which the oracle is built, and taken by the older Go of Talos 1.11 and 1.12.
 * Plain words that begin with a colon inside {} or []: valid YAML, which go-yaml does not read.
 */
function isKnownDifference({ error = '' }: OracleAnswer): boolean {
  return /invalid port ":[^"]*:[^"]*" after host/.test(error) || error.includes('did not find expected node content');
}

function examples(minor: TalosMinor): readonly string[] {
  const folder = join('test', 'fixtures', 'talos', 'documents', minor);
  return readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}
