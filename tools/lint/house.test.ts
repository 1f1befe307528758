import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLintConfig, readHouse } from './make-config.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the lint rules of the house', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ichor-lint-'));
    copyFileSync(join(root, '.oxlintrc.json'), join(dir, '.oxlintrc.json'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function lint(files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const result = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--format=unix', '.'], {
      cwd: dir,
      encoding: 'utf8',
    });
    return result.stdout + result.stderr;
  }

  it('has a configuration that is what house.json says', () => {
    expect(readFileSync(join(root, '.oxlintrc.json'), 'utf8')).toBe(makeLintConfig(readHouse()));
  });

  it('refuses an import that goes upwards', () => {
    const report = lint({
      'src/pki/ca.ts': "import { run } from '../cli/run.ts';\nexport const x = run;\n",
      'src/cli/run.ts': 'export const run = 1;\n',
    });

    expect(report).toContain('src/pki/ca.ts');
    expect(report).toContain('no-restricted-imports');
  });

  it('refuses it from a deeper folder as well, and a sideways one', () => {
    const report = lint({
      'src/talos-api/resources/disk.ts': "import { a } from '../../kubernetes/port.ts';\nexport const x = a;\n",
      'src/kubernetes/port.ts': 'export const a = 1;\n',
    });

    expect(report).toContain('no-restricted-imports');
  });

  it('allows an import that goes downwards', () => {
    const report = lint({
      'src/lifecycle/plan.ts': "import { a } from '../spec/model.ts';\nexport const x = a;\n",
      'src/spec/model.ts': 'export const a = 1;\n',
    });

    expect(report).not.toContain('no-restricted-imports');
  });

  it('refuses a cycle', () => {
    const report = lint({
      'src/spec/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'src/spec/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
    });

    expect(report).toContain('no-cycle');
  });

  it('refuses a file of more than 400 lines and a function of more than 60', () => {
    const long = Array.from({ length: 401 }, (_, index) => `export const c${index} = ${index};`).join('\n');
    const body = Array.from({ length: 61 }, (_, index) => `  n += ${index};`).join('\n');
    const report = lint({
      'src/spec/long.ts': `${long}\n`,
      'src/spec/deep.ts': `export function deep(n: number): number {\n${body}\n  return n;\n}\n`,
    });

    expect(report).toContain('max-lines)');
    expect(report).toContain('max-lines-per-function');
  });

  it('refuses `any` and the non-null assertion', () => {
    const report = lint({ 'src/spec/loose.ts': 'export function f(x: any): string {\n  return x!;\n}\n' });

    expect(report).toContain('no-explicit-any');
    expect(report).toContain('no-non-null-assertion');
  });
});
