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

/** `1405GB`, `64GiB`: the largest unit in which the size is a whole number; decimal first when both are. */
export function formatSize(bytes: bigint): string {
  let best = `${bytes}B`;
  for (const [units, base] of [
    [BINARY, 1024n],
    [DECIMAL, 1000n],
  ] as const) {
    for (let power = units.length - 1; power > 0; power -= 1) {
      const factor = base ** BigInt(power);
      if (bytes === 0n || bytes % factor !== 0n) continue;
      const text = `${bytes / factor}${unitName(units[power] ?? '')}`;
      if (best.endsWith(`${bytes}B`) || text.length <= best.length) best = text;
      break;
    }
  }
  return best;
}

function unitName(unit: string): string {
  return unit.replace('I', 'i');
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
