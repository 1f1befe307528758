/**
 * Takes secret values out of any text before it is shown or kept. It knows the values themselves and the forms in which they
 * travel (base64 within other texts, PEM and its lines, JSON escapes), not the names of fields.
 */
import { parsePem } from '../pki/pem.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { decodePem } from './bundle.ts';

export const REDACTED = '<redacted>';

/** Below this a value would blank out innocent text all over. */
const MIN_LENGTH = 4;
/** The shortest piece of a longer secret that is worth hiding by itself. */
const MIN_PIECE = 12;
const PREFIX = MIN_LENGTH;

export interface Redactor {
  redact(text: string): string;
  /** Strings and keys within; everything else is given back as it is. */
  redactJson(value: unknown): unknown;
  holdsSecret(text: string): boolean;
}

export function createRedactor(values: Iterable<string>): Redactor {
  const byPrefix = new Map<string, string[]>();
  for (const form of new Set([...values].flatMap(formsOf))) {
    if (form.length < MIN_LENGTH) continue;
    const prefix = form.slice(0, PREFIX);
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), form]);
  }
  for (const forms of byPrefix.values()) forms.sort((a, b) => b.length - a.length);
  const redact = (text: string): string => replaceForms(text, byPrefix);
  return {
    redact,
    redactJson: (value) => mapStrings(value, redact),
    holdsSecret: (text) => findForm(text, 0, byPrefix) !== undefined,
  };
}

/** Everything of a bundle that must not be seen. Certificates and the cluster's id are public. */
export function secretValuesOf(bundle: SecretsBundle): readonly string[] {
  const { cluster, secrets, trustdinfo, certs } = bundle;
  const keys = [certs.etcd.key, certs.k8s.key, certs.k8saggregator.key, certs.k8sserviceaccount.key, certs.os.key];
  const encryption = [secrets.secretboxencryptionsecret, secrets.aescbcencryptionsecret].filter(
    (value) => value !== undefined,
  );
  return [cluster.secret, secrets.bootstraptoken, trustdinfo.token, ...encryption, ...keys, ...keys.map(decodePem)];
}

function formsOf(value: string): readonly string[] {
  const pem = parsePem(value)[0] === undefined && /^[A-Za-z0-9+/]{40,}=*$/.test(value) ? decodePem(value) : value;
  const pieces = parsePem(pem)[0] === undefined ? tokenPieces(value) : pemLines(pem);
  const whole = [...new Set([value, pem])];
  return [...whole, ...pieces].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    ...insideBase64(text),
  ]);
}

/** The secret half of a `id.secret` token is enough to use it. */
function tokenPieces(value: string): readonly string[] {
  return /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(value)
    ? [value.slice(7)]
    : value.split('\n').filter((line) => line.length >= MIN_PIECE);
}

function pemLines(pem: string): readonly string[] {
  const blocks = parsePem(pem).filter((block) => block.label.endsWith('PRIVATE KEY'));
  return blocks.flatMap((block) => {
    const body = Buffer.from(block.der).toString('base64');
    return [body, ...(body.match(/.{1,64}/g) ?? []).filter((line) => line.length >= MIN_PIECE)];
  });
}

/**
 * How the text looks within the base64 of a longer text: one form for each of the three ways to align it, without the characters
 * at its ends that depend on its neighbours.
 */
function insideBase64(text: string): readonly string[] {
  if (text.length < MIN_PIECE) return [];
  const bytes = Buffer.from(text, 'utf8');
  const standard = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const isWhole = (shift + bytes.length) % 3 === 0;
    return encoded.slice(shift === 0 ? 0 : shift + 1, isWhole ? undefined : -1);
  });
  return standard.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function replaceForms(text: string, byPrefix: ReadonlyMap<string, readonly string[]>): string {
  let result = '';
  let at = 0;
  for (let found = findForm(text, 0, byPrefix); found !== undefined; found = findForm(text, at, byPrefix)) {
    result += text.slice(at, found.start) + (found.start === at && result.endsWith(REDACTED) ? '' : REDACTED);
    at = found.start + found.length;
  }
  return result + text.slice(at);
}

function findForm(
  text: string,
  from: number,
  byPrefix: ReadonlyMap<string, readonly string[]>,
): { readonly start: number; readonly length: number } | undefined {
  if (byPrefix.size === 0) return undefined;
  for (let start = from; start <= text.length - PREFIX; start += 1) {
    const form = byPrefix
      .get(text.slice(start, start + PREFIX))
      ?.find((candidate) => text.startsWith(candidate, start));
    if (form !== undefined) return { start, length: form.length };
  }
  return undefined;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [change(key), mapStrings(child, change)]));
}
