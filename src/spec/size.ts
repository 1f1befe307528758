/** Sizes as people write them (`1405GB`, `8GiB`): decimal and binary units, exact to the byte. */

const DECIMAL = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
const BINARY = ['B', 'KIB', 'MIB', 'GIB', 'TIB', 'PIB'];

/** Bytes, or undefined when it is no size. A fraction is rounded down to a whole byte. */
export function parseSize(text: string): bigint | undefined {
  const match = /^\s*(\d+)(?:\.(\d{1,9}))?\s*([KMGTP]?i?B?)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', written = ''] = match;
  const factor = factorOf(written);
  if (factor === undefined) return undefined;
  const scale = 10n ** BigInt(fraction.length);
  return (BigInt(whole + fraction) * factor) / scale;
}

function factorOf(written: string): bigint | undefined {
  const unit = written.toUpperCase();
  if (unit === '') return 1n;
  const full = unit.endsWith('B') ? unit : `${unit}B`;
  const decimal = DECIMAL.indexOf(full);
  if (decimal >= 0) return 1000n ** BigInt(decimal);
  const binary = BINARY.indexOf(full);
  return binary >= 0 ? 1024n ** BigInt(binary) : undefined;
}
