import { expect, test } from 'vitest';
import { mergeTables, renderToml } from './toml.ts';

test('tables get a header only where they have values', () => {
  expect(renderToml({ version: 3, plugins: { 'io.x.v1': { a: true, inner: { list: ['x', 'y"'] } } } })).toBe(
    'version = 3\n\n[plugins."io.x.v1"]\na = true\n\n[plugins."io.x.v1".inner]\nlist = ["x", "y\\""]\n',
  );
});

test('tables merge, equal values are one, and others are a conflict with its path', () => {
  const conflicts: string[] = [];
  const note = (path: string): void => {
    conflicts.push(path);
  };

  expect(mergeTables({ a: { b: 1 } }, { a: { c: 2, b: 1 } }, note)).toEqual({ a: { b: 1, c: 2 } });
  expect(conflicts).toEqual([]);
  mergeTables({ a: { b: 1 } }, { a: { b: 2 } }, note);
  expect(conflicts).toEqual(['a.b']);
});
