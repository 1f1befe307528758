import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatEtcdMemberId, parseEtcdMemberId } from './etcd-id.ts';

it('writes ids as Talos does, and reads back every uint64', () => {
  expect(formatEtcdMemberId(0x12345n)).toBe('0000000000012345');
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (id) => parseEtcdMemberId(formatEtcdMemberId(id)) === id));
});

it('refuses what is none', () => {
  for (const text of ['', '0x1', '12345678901234567', '-1', ' 1'])
    expect(() => parseEtcdMemberId(text)).toThrow('not an etcd member id');
});
