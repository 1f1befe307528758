import { describe, expect, it } from 'vitest';
import { idsIn, isProven, levelOf } from './requirements.ts';

describe('counting requirement ids', () => {
  it('finds ids and ranges in the names of tests and suites, and nowhere else', () => {
    const source = [
      "describe('F1-7 a LAN inside 100.64/10', () => {",
      "  it('S0-21…24 render', () => { const note = 'S4-1'; });",
      "  it.each([1])('S2-36 … S2-38 take %s', () => {});",
      '});',
    ].join('\n');

    expect(idsIn(source)).toEqual(['F1-7', 'S0-21', 'S0-22', 'S0-23', 'S0-24', 'S2-36', 'S2-38', 'S2-37']);
  });

  it.each([
    ['C', 'unit', false],
    ['C', 'simulator', true],
    ['V', 'real', true],
    ['R', 'unit', true],
    ['K/C', 'unit', true],
  ] as const)('counts kind %s proven by %s: %s', (kinds, level, expected) => {
    expect(isProven(kinds, new Set([level]))).toBe(expected);
  });

  it('knows the level by the folder', () => {
    expect([
      levelOf('src/spec/load.test.ts'),
      levelOf('test/e2e/apply.test.ts'),
      levelOf('test/real/sops.test.ts'),
    ]).toEqual(['unit', 'simulator', 'real']);
  });
});
