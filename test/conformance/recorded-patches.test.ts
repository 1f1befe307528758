import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCases } from '../support/txtar.ts';
import { TALOS_MINORS } from '../../src/talos/documents/tables.ts';
import type { TalosMinor } from '../../src/talos/documents/tables.ts';
import { patchConfig } from '../../src/talos/patch/patch.ts';
import { PatchRefused } from '../../src/talos/patch/refusal.ts';

const fixtures = new URL('../fixtures/talos/patch/', import.meta.url);
const COUNTS = { '1.11': 439, '1.12': 476, '1.13': 490, '1.14': 731 } as const;

/** The text, or the stage of the refusal. */
function outcome(files: ReadonlyMap<string, string>, minor: TalosMinor): string {
  const patches = [...files].filter(([name]) => name.startsWith('patch-')).map(([, text]) => text);
  try {
    return patchConfig(files.get('base.yaml') ?? '', patches, minor).text;
  } catch (error) {
    if (error instanceof PatchRefused) return `refused: ${error.stage}`;
    throw error;
  }
}

function wanted(files: ReadonlyMap<string, string>): string {
  const stage = files.get('error.txt')?.split('\n')[0];
  return stage === undefined || stage === 'reload' ? (files.get('expected.yaml') ?? '') : `refused: ${stage}`;
}

for (const minor of TALOS_MINORS) {
  test(`patched configs are byte for byte those of Talos ${minor}, and the same patches are refused at the same stage`, () => {
    const wrong: string[] = [];
    let count = 0;

    for (const group of readdirSync(new URL(`${minor}/`, fixtures))) {
      for (const [name, files] of readCases(readFileSync(new URL(`${minor}/${group}`, fixtures), 'utf8'))) {
        count += 1;
        if (outcome(files, minor) !== wanted(files)) wrong.push(`${group} ${name}`);
      }
    }

    expect(count).toBe(COUNTS[minor]);
    expect(wrong).toEqual([]);
  });
}
