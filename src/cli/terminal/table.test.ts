import { describe, expect, it } from 'vitest';
import { renderDuration } from './duration.ts';
import { renderTable } from './table.ts';

describe('tables and durations', () => {
  it('lines columns up, whatever colours the cells have', () => {
    const text = renderTable(
      ['NODE', 'STAGE'],
      [
        ['cp-1', 'running'],
        ['\u001b[32mworker-10\u001b[39m', 'booting'],
      ],
    );

    expect(text).toBe('NODE        STAGE\ncp-1        running\n\u001b[32mworker-10\u001b[39m   booting');
  });

  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [4_200_000, '1 h 10 min'],
  ])('says %d ms as %s', (ms, text) => {
    expect(renderDuration(ms)).toBe(text);
  });
});
