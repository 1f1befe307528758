/**
 * `npm run requirements`: which of the operators' requirements (S0 … S4, F0 … F4) are proven, by what. A test proves an id by carrying
 * it in its name. A requirement about behaviour (kinds C, V, T) counts only where behaviour was observed: against the simulator or
 * a real program; knowledge, rules and warnings (K, R, W) count with unit tests as well.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

type Level = 'unit' | 'simulator' | 'real';

export interface Proof {
  readonly level: Level;
  readonly file: string;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const TEST_NAME = /\b(?:it|test|describe)(?:\.\w+(?:\([^)]*\))?)*\s*\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
const ID = /\b[SF][0-4]-\d+\b/g;

export function levelOf(file: string): Level {
  if (file.startsWith('test/real/') || file.startsWith('test/conformance/')) return 'real';
  return file.startsWith('test/') ? 'simulator' : 'unit';
}

/** Ids in the names of tests and suites; `S0-21…24` and `S1-26 … S1-28` name a range. */
export function idsIn(source: string): readonly string[] {
  const ids: string[] = [];
  for (const [, , name = ''] of source.matchAll(TEST_NAME)) {
    ids.push(...(name.match(ID) ?? []));
    for (const [, group, from, to] of name.matchAll(/\b([SF][0-4])-(\d+)\s*…\s*(?:\1-)?(\d+)/g)) {
      for (let number = Number(from) + 1; number <= Number(to); number += 1) ids.push(`${group}-${number}`);
    }
  }
  return [...new Set(ids)];
}

export function isProven(kinds: string, levels: ReadonlySet<Level>): boolean {
  const isBehaviour = /[CVT]/.test(kinds) && !/[KRW]/.test(kinds);
  return isBehaviour ? levels.has('simulator') || levels.has('real') : levels.size > 0;
}

function collect(): ReadonlyMap<string, readonly Proof[]> {
  const proofs = new Map<string, Proof[]>();
  for (const path of listTests()) {
    const file = relative(root, path);
    for (const id of idsIn(readFileSync(path, 'utf8')))
      proofs.set(id, [...(proofs.get(id) ?? []), { level: levelOf(file), file }]);
  }
  return proofs;
}

function main(): void {
  const requirements: Readonly<Record<string, string>> = JSON.parse(
    readFileSync(`${root}test/requirements.json`, 'utf8'),
  );
  const proofs = collect();
  const rows = Object.entries(requirements).map(([id, kinds]) => {
    const levels = new Set((proofs.get(id) ?? []).map((proof) => proof.level));
    return {
      id,
      kinds,
      levels: [...levels],
      isProven: isProven(kinds, levels),
      files: (proofs.get(id) ?? []).map((proof) => proof.file),
    };
  });
  const unknown = [...proofs.keys()].filter((id) => requirements[id] === undefined);
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ v: 1, requirements: rows, unknown }, null, 2)}\n`);
    return;
  }
  process.stdout.write('setup  of   proven  unit  simulator  real\n');
  for (const setup of [...new Set(rows.map((row) => row.id.split('-')[0] ?? ''))].toSorted()) {
    const own = rows.filter((row) => row.id.startsWith(`${setup}-`));
    const count = (level: Level): number => own.filter((row) => row.levels.includes(level)).length;
    const cells = [
      setup.padEnd(5),
      String(own.length).padStart(4),
      String(own.filter((row) => row.isProven).length).padStart(8),
    ];
    process.stdout.write(
      `${cells.join(' ')} ${String(count('unit')).padStart(5)} ${String(count('simulator')).padStart(10)} ${String(count('real')).padStart(5)}\n`,
    );
  }
  const proven = rows.filter((row) => row.isProven).length;
  process.stdout.write(`${proven} of ${rows.length} proven. Not yet: npm run requirements -- --json\n`);
  if (unknown.length > 0) process.stdout.write(`Ids in test names that no requirement has: ${unknown.join(', ')}\n`);
}

function listTests(): readonly string[] {
  return ['src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `${root}${folder}/${file}`),
  );
}

if (process.argv[1]?.endsWith('requirements.ts')) main();
