/**
 * What a YAML scalar means to the `sops` program: it reads with Go's yaml.v3, whose plain scalars differ from YAML 1.2 and from
 * JavaScript's libraries (octals, underscores, dates). The MAC runs over these values, so that every difference would break it.
 */
import { IchorError } from '../../errors.ts';

/** A number or date is kept as the text that SOPS hashes and encrypts. */
export type SopsValue =
  | { readonly type: 'str'; readonly text: string }
  | { readonly type: 'int'; readonly text: string }
  | { readonly type: 'float'; readonly text: string }
  | { readonly type: 'bool'; readonly text: 'True' | 'False' }
  | { readonly type: 'time'; readonly text: string }
  | { readonly type: 'null' };

const INT64_MAX = 2n ** 63n - 1n;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Resolves an unquoted scalar as yaml.v3's `resolve` does when it decodes into an empty interface. */
export function resolvePlain(text: string): SopsValue {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return { type: 'null' };
  if (/^(?:true|True|TRUE)$/.test(text)) return { type: 'bool', text: 'True' };
  if (/^(?:false|False|FALSE)$/.test(text)) return { type: 'bool', text: 'False' };
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return { type: 'float', text: text.startsWith('-') ? '-Inf' : '+Inf' };
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return { type: 'float', text: 'NaN' };
  if (!/^[-+.0-9]/.test(text)) return { type: 'str', text };
  return timeOf(text) ?? numberOf(text.replaceAll('_', '')) ?? { type: 'str', text };
}

/** A value of JavaScript as it is handed in by callers. */
export function valueOf(value: string | number | bigint | boolean | null): SopsValue {
  if (value === null) return { type: 'null' };
  if (typeof value === 'string') return { type: 'str', text: value };
  if (typeof value === 'boolean') return { type: 'bool', text: value ? 'True' : 'False' };
  if (typeof value === 'bigint' || Number.isInteger(value)) return { type: 'int', text: BigInt(value).toString() };
  return { type: 'float', text: decimalText(value) };
}

/** The bytes that go into the MAC; nothing for null. */
export function macBytes(value: SopsValue): Uint8Array {
  return value.type === 'null' ? new Uint8Array() : new TextEncoder().encode(value.text);
}

function numberOf(text: string): SopsValue | undefined {
  const integer = integerOf(text);
  if (integer !== undefined && integer <= INT64_MAX && integer >= -INT64_MAX - 1n)
    return { type: 'int', text: integer.toString() };
  if (integer !== undefined && integer > INT64_MAX && integer < 2n ** 64n) {
    throw new IchorError('invalid-input', 'SOPS cannot hold integers above 9223372036854775807', {
      hint: 'Write the number as a string, in quotes.',
    });
  }
  if (!FLOAT.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? { type: 'float', text: decimalText(number) } : undefined;
}

/** Go's ParseInt with base 0: `0x`, `0o`, `0b`, and a plain leading zero for octal. */
function integerOf(text: string): bigint | undefined {
  const match = /^([-+]?)(?:(0[xX][0-9a-fA-F]+)|(0[oO]?[0-7]+)|(0[bB][01]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', hex, octal, binary, decimal] = match;
  const digits =
    hex ?? (octal === undefined ? undefined : `0o${octal.replace(/^0[oO]?/, '')}`) ?? binary ?? decimal ?? '0';
  const magnitude = BigInt(digits.toLowerCase());
  return sign === '-' ? -magnitude : magnitude;
}

/** Go's FormatFloat(value, 'f', -1, 64): the shortest digits, never an exponent. */
function decimalText(value: number): string {
  const [mantissa = '0', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(mantissa) ?? [];
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length
    ? `${sign}${digits.padEnd(point, '0')}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const TIME = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?(Z|[-+]\d{2}:\d{2})?)?$/;

/** The date forms that yaml.v3 knows, written as Go's MarshalText writes them (RFC 3339 with the shortest fraction). */
function timeOf(text: string): SopsValue | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour, minute = '', second = '', fraction = '', zone] = match;
  const hasTime = hour !== undefined;
  // With a space between date and time, yaml.v3 knows no zone.
  if (hasTime && text.includes(' ') === (zone !== undefined)) return undefined;
  const pad = (part: string): string => part.padStart(2, '0');
  const date = `${year}-${pad(month)}-${pad(day)}`;
  const time = hasTime ? `${pad(hour)}:${pad(minute)}:${pad(second)}` : '00:00:00';
  const instant = new Date(`${date}T${time}Z`);
  if (Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 10) !== date) return undefined;
  const shortest = fraction.replace(/0+$/, '');
  const offset = zone === undefined || /^[-+]00:00$/.test(zone) ? 'Z' : zone;
  return { type: 'time', text: `${date}T${time}${shortest === '' ? '' : `.${shortest}`}${offset}` };
}
