import { expect, test } from 'vitest';
import { parseSize } from './size.ts';

test.each<[string, bigint | undefined]>([
  ['1405GB', 1_405_000_000_000n],
  ['8GiB', 8_589_934_592n],
  ['1.5TB', 1_500_000_000_000n],
  ['100 MiB', 104_857_600n],
  ['10G', 10_000_000_000n],
  ['512', 512n],
  ['0.5KiB', 512n],
  ['GB', undefined],
  ['-1GB', undefined],
  ['1 XB', undefined],
  ['10%', undefined],
])('%s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});
