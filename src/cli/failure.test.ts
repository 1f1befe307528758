import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IchorError } from '../errors.ts';
import { Exit, exitCodeOf, renderFailure } from './failure.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (reason) {
    return reason;
  }
  throw new Error('nothing was thrown');
}

describe('how errors leave the program', () => {
  test('a path that is wrong is wrong input, not a defect', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ichor-failure-'));
    const reasons = [thrownBy(() => readFileSync(join(folder, 'nowhere'))), thrownBy(() => readFileSync(folder))];
    rmSync(folder, { recursive: true });

    for (const reason of reasons) {
      expect(exitCodeOf(reason)).toBe(1);
      expect(renderFailure(reason)).toMatch(/^error: (ENOENT.*nowhere|EISDIR).*\n {2}hint: Check the path/);
    }
  });

  test('a defect shows its stack and asks to be reported', () => {
    const text = renderFailure(new TypeError('x is not a function'));

    expect(text).toContain('a defect in Ichor: x is not a function');
    expect(text).toContain('failure.test.ts');
    expect(exitCodeOf(new TypeError('x'))).toBe(3);
  });

  test('an error says where, what and what next; an exit says nothing more', () => {
    const error = new IchorError('refused', 'no', { hint: 'Do.', where: { file: 'cluster.yaml', line: 3, column: 5 } });

    expect(renderFailure(error)).toBe('cluster.yaml:3:5: error: no\n  hint: Do.');
    expect([exitCodeOf(error), exitCodeOf(new Exit(2)), renderFailure(new Exit(2))]).toEqual([4, 2, '']);
  });
});
