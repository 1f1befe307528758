import { expect, test } from 'vitest';
import { parseAt } from './flags.ts';

test('--at takes a node and an address of it', () => {
  expect(parseAt('cp-1=192.168.1.50')).toEqual({ node: 'cp-1', host: '192.168.1.50' });
  expect(parseAt('cp-1=fd00::1')).toEqual({ node: 'cp-1', host: 'fd00::1' });
});

test.each(['cp-1', 'cp-1=', '=10.0.0.1', 'cp-1=10.0.0.1=2', 'cp-1=notanip'])(
  '--at says what it expected instead of %s',
  (text) => {
    expect(() => parseAt(text)).toThrow('expected NODE=IP');
  },
);
