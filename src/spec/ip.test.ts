import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIp, hasHostBits, isInside, networkOf, overlaps, parseCidr, parseIp } from './ip.ts';

const cidr = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, prefix]) => `${ip}/${prefix}`);

test('short and octal forms of addresses are refused', () => {
  expect(['10.1', '010.0.0.1', '0x0a.0.0.1', '10.0.0.256', 'localhost'].map(parseIp)).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
  expect(['10.0.0.0/33', '10.0.0.0', 'fd00::/129'].map(parseCidr)).toEqual(Array.from({ length: 3 }, () => undefined));
});

test('networks contain and overlap by family', () => {
  expect(isInside('10.0.4.5', '10.0.4.0/24')).toBe(true);
  expect(isInside('10.0.5.5', '10.0.4.0/24')).toBe(false);
  expect(isInside('fd00::1', 'fd00::/8')).toBe(true);
  expect(isInside('fd00::1', '0.0.0.0/0')).toBe(false);
  expect(canonicalIp('FD00:0::1')).toBe('fd00::1');
});

test('a network has no host bits, lies in itself, and overlap is symmetric', () => {
  fc.assert(
    fc.property(cidr, cidr, (left, right) => {
      const [one, two] = [parseCidr(left), parseCidr(right)];
      if (one === undefined || two === undefined) return false;
      const network = parseCidr(networkOf(one));
      return (
        network !== undefined &&
        !hasHostBits(network) &&
        overlaps(one, network) &&
        overlaps(one, two) === overlaps(two, one)
      );
    }),
  );
});
