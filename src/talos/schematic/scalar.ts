/**
 * How go-yaml v4 (the library of the Image Factory) gives a plain scalar its type. Owns the rules of its resolver
 * (`internal/libyaml/resolver.go`, rc.6) as far as a schematic can meet them; writing is in `emit.ts`.
 */

export type Resolved =
  | { readonly kind: 'str' }
  | { readonly kind: 'null' }
  | { readonly kind: 'merge' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  /** `text` is the moment as Go prints it (RFC 3339, nanoseconds). */
  | { readonly kind: 'timestamp'; readonly text: string };

const WORDS: ReadonlyMap<string, Resolved> = new Map([
  ...words(['true', 'True', 'TRUE'], { kind: 'bool', value: true }),
  ...words(['false', 'False', 'FALSE'], { kind: 'bool', value: false }),
  ...words(['', '~', 'null', 'Null', 'NULL'], { kind: 'null' }),
  ...words(['.nan', '.NaN', '.NAN'], { kind: 'float', value: Number.NaN }),
  ...words(['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'], { kind: 'float', value: Number.POSITIVE_INFINITY }),
  ...words(['-.inf', '-.Inf', '-.INF'], { kind: 'float', value: Number.NEGATIVE_INFINITY }),
  ...words(['-0', '-0.0'], { kind: 'float', value: -0 }),
  ...words(['<<'], { kind: 'merge' }),
]);

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const DOTTED_FLOAT = /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/;

/** The type of an untagged plain scalar. */
export function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (DOTTED_FLOAT.test(text)) return { kind: 'float', value: Number(text) };
  if (!/^[-+0-9]/.test(text)) return { kind: 'str' };
  const moment = timestamp(text);
  if (moment !== undefined) return { kind: 'timestamp', text: moment };
  const digits = text.replaceAll('_', '');
  const whole = integer(digits);
  if (whole !== undefined) return { kind: 'int', value: whole };
  return FLOAT.test(digits) ? { kind: 'float', value: Number(digits) } : { kind: 'str' };
}

/**
 * Strings that YAML 1.1 readers would take for something else, although go-yaml reads them as text. The one place where
 * go-yaml rc.4 and rc.5 write differently (double and single quotes), and so where an id depends on the factory's version.
 */
export function isOldYamlWord(text: string): boolean {
  const isOldBool = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text);
  const isBase60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
  return isOldBool || isBase60 || text === '<<';
}

function words(texts: readonly string[], resolved: Resolved): readonly (readonly [string, Resolved])[] {
  return texts.map((text) => [text, resolved] as const);
}

/** Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`. */
function integer(text: string): bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const magnitude = BigInt(prefixed(hex, '0x') ?? prefixed(binary, '0b') ?? prefixed(octal, '0o') ?? decimal ?? '0');
  const value = sign === '-' ? -magnitude : magnitude;
  const limit = sign === '' ? 2n ** 64n : 2n ** 63n;
  return value >= -(2n ** 63n) && value < limit ? value : undefined;
}

function prefixed(digits: string | undefined, prefix: string): string | undefined {
  return digits === undefined ? undefined : prefix + digits;
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2})| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?))?$/;

/** The four layouts of go-yaml's `allowedTimestampFormats`. */
function timestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [match[1], match[2], match[3]].map(Number);
  const [hour, minute, second] = [match[4] ?? match[9], match[5] ?? match[10], match[6] ?? match[11]].map((part) =>
    Number(part ?? 0),
  );
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = (match[7] ?? match[12] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = match[8] === undefined || match[8] === '+00:00' || match[8] === '-00:00' ? 'Z' : match[8];
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return `${date}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction === '' ? '' : `.${fraction}`}${zone}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
