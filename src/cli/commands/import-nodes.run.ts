import { readInput } from '../input.ts';
import { importNodes } from '../../spec/import/nodes.ts';
import type { IchorContext } from '../context.ts';
import { reportImport } from './import-output.ts';
import type { ImportFlags } from './import.ts';

export async function runImportNodes(this: IchorContext, flags: ImportFlags, file: string): Promise<void> {
  const { text, notes } = importNodes(await readInput(this, file), file);
  await reportImport(this, flags, {
    text,
    notes,
    differences: [],
    findings: [],
    notCompared: 'a list of machines makes no configs by itself',
  });
}
