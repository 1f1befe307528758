/** Recorded verdicts of Talos' validation, and ours on the same texts, in a form that can be compared. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TalosMinor } from '../../src/talos/documents/tables.ts';
import { validateConfig } from '../../src/talos/validate/validate.ts';
import type { OracleMode, OracleVerdict } from './oracle.ts';
import { parseTxtar } from './txtar.ts';

export const MODES: readonly OracleMode[] = ['metal', 'metal-strict', 'cloud', 'container'];

/** What the recorded verdicts and the oracle were made with. */
export const MACHINERY: Readonly<Record<TalosMinor, string>> = {
  '1.11': 'v1.11.6',
  '1.12': 'v1.12.7',
  '1.13': 'v1.13.9',
  '1.14': 'v1.14.1',
};

export interface RecordedCase {
  readonly name: string;
  readonly config: string;
  /** Why it does not load, or what each mode says. */
  readonly load: string | undefined;
  readonly verdicts: ReadonlyMap<OracleMode, OracleVerdict>;
}

export function recordedCases(minor: TalosMinor): readonly RecordedCase[] {
  const folder = join('test', 'fixtures', 'talos', 'validate', minor);
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) => casesOf(file.replace('.txtar', ''), parseTxtar(readFileSync(join(folder, file), 'utf8'))));
}

function casesOf(group: string, files: ReadonlyMap<string, string>): readonly RecordedCase[] {
  return [...files].flatMap(([name, config]) => {
    if (!name.endsWith('/config.yaml')) return [];
    const key = name.replace('/config.yaml', '');
    const result: Record<string, string | OracleVerdict> = JSON.parse(files.get(`${key}/result.json`) ?? '{}');
    const load = result['load'];
    const verdicts = new Map(
      MODES.flatMap((mode) => (load === undefined ? [[mode, verdictOf(result, mode)] as const] : [])),
    );
    return [{ name: `${group}/${key}`, config, load: typeof load === 'string' ? load : undefined, verdicts }];
  });
}

/** A mode may name an earlier one with the same answer. */
function verdictOf(result: Readonly<Record<string, string | OracleVerdict>>, mode: string): OracleVerdict {
  const verdict = result[mode] ?? { warnings: [], errors: [] };
  return typeof verdict === 'string' ? verdictOf(result, verdict) : verdict;
}

/** `load`, `refused` or `taken`, and whether there are warnings when it is taken. */
export interface Summary {
  readonly outcome: 'load' | 'refused' | 'taken';
  readonly hasWarnings: boolean;
}

export function summaryOfTalos(load: string | undefined, verdict: OracleVerdict | undefined): Summary {
  if (load !== undefined) return { outcome: 'load', hasWarnings: false };
  const isRefused = verdict === undefined || verdict.panic !== undefined || verdict.errors.length > 0;
  return { outcome: isRefused ? 'refused' : 'taken', hasWarnings: (verdict?.warnings ?? []).length > 0 };
}

export function summaryOfIchor(
  config: string,
  talos: string,
  mode: OracleMode,
): Summary & { readonly said: readonly string[] } {
  const bare = mode === 'metal-strict' ? 'metal' : mode;
  const result = validateConfig(config, { talos, mode: bare, strict: mode === 'metal-strict' });
  const said = [...result.load, ...result.errors, ...result.warnings].map(
    (one) => `${one.severity} ${one.document?.kind ?? ''} ${one.path.join('.')}: ${one.message}`,
  );
  if (result.load.length > 0) return { outcome: 'load', hasWarnings: false, said };
  return { outcome: result.errors.length > 0 ? 'refused' : 'taken', hasWarnings: result.warnings.length > 0, said };
}
