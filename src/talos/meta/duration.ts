/** Durations as Go reads and writes them (`time.ParseDuration`, `Duration.String`), to the nanosecond. */

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** `1m30s` for `90s`; undefined when it is no duration. */
export function durationText(text: string): string | undefined {
  const nanoseconds = parse(text);
  return nanoseconds === undefined ? undefined : format(nanoseconds);
}

function parse(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  const match = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(
    /(\d*)\.?(\d*)(ns|us|µs|ms|s|m|h)/g,
  )) {
    const factor = UNITS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * factor;
    if (fraction !== '') total += (BigInt(fraction) * factor) / 10n ** BigInt(fraction.length);
  }
  return match[1] === '-' ? -total : total;
}

function format(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const value = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  for (const [limit, unit] of [
    [1_000n, 'ns'],
    [1_000_000n, 'µs'],
    [1_000_000_000n, 'ms'],
  ] as const) {
    if (value < limit) return `${sign}${decimal(value, unit === 'ns' ? 1n : limit / 1_000n)}${unit}`;
  }
  const hours = value / 3_600_000_000_000n;
  const minutes = (value / 60_000_000_000n) % 60n;
  const seconds = decimal(value % 60_000_000_000n, 1_000_000_000n);
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' || unit === 1n ? `${value / unit}` : `${value / unit}.${fraction}`;
}
