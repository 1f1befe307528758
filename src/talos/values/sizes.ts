/**
 * Byte sizes, durations and file modes as Talos reads and writes them (`go-humanize`, Go's `time`).
 */

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...powers(1000, (letter) => [letter, `${letter}b`]),
  ...powers(1024, (letter) => [`${letter}i`, `${letter}ib`]),
};

/** `humanize.ParseBytes`; undefined when it refuses the text. */
export function parseByteSize(text: string): bigint | undefined {
  const match = /^([0-9.,]*)(.*)$/su.exec(text);
  const number = (match?.[1] ?? '').replaceAll(',', '');
  const factor = FACTORS[(match?.[2] ?? '').trim().toLowerCase()];
  if (!/^(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(number) || factor === undefined) return undefined;
  const value = Number(number) * factor;
  return value >= 2 ** 64 ? undefined : BigInt(Math.floor(value));
}

/** Whether a text is a percentage as `maxSize` takes it. */
export function isPercentage(text: string): boolean {
  const match = /^-?([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)%$/.exec(text);
  return match !== null && Number(match[1]) >= 0 && Number(match[1]) <= 100;
}

/** A disk size is written in words where that loses nothing (`DiskSize.MarshalYAML`). */
export function humanDiskSize(bytes: bigint): string | undefined {
  if (bytes % 1000n !== 0n) return undefined;
  const text = humanBytes(bytes);
  return parseByteSize(text) === bytes ? text : undefined;
}

function humanBytes(bytes: bigint): string {
  if (bytes < 10n) return `${bytes} B`;
  const value = Number(bytes);
  const exponent = Math.floor(Math.log(value) / Math.log(1000));
  const suffix = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'][exponent] ?? 'EB';
  const rounded = Math.floor((value / 1000 ** exponent) * 10 + 0.5) / 10;
  return rounded < 10 ? `${rounded.toFixed(1)} ${suffix}` : `${roundHalfEven(rounded)} ${suffix}`;
}

/** Go's `%.0f`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function powers(base: number, names: (letter: string) => readonly string[]): Readonly<Record<string, number>> {
  const factors: Record<string, number> = {};
  for (const [index, letter] of ['k', 'm', 'g', 't', 'p', 'e'].entries()) {
    for (const name of names(letter)) factors[name] = base ** (index + 1);
  }
  return factors;
}

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** `time.ParseDuration`, in nanoseconds. */
export function parseDuration(text: string): bigint | undefined {
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  const rest = text.slice(sign.length);
  if (rest === '0') return 0n;
  if (!/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/([0-9]*)\.?([0-9]*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = NANOSECONDS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  const limit = 2n ** 63n;
  if (total > limit || (total === limit && sign !== '-')) return undefined;
  return sign === '-' ? -total : total;
}

/** `Duration.String`: `1h30m0s`, `1.5s`, `20ms`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const amount = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (amount < 1000n) return `${sign}${amount}ns`;
  if (amount < 1_000_000n) return `${sign}${decimal(amount, 3)}µs`;
  if (amount < 1_000_000_000n) return `${sign}${decimal(amount, 6)}ms`;
  const seconds = `${decimal(amount % 60_000_000_000n, 9)}s`;
  const minutes = amount / 60_000_000_000n;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(amount: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const fraction = (amount % scale).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? String(amount / scale) : `${amount / scale}.${fraction}`;
}
