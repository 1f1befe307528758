/**
 * Keyed digests: two values can be compared without either being shown, and without a key nobody can guess a secret by trying. The
 * key comes from the secrets bundle, so everyone who works on the cluster gets the same digests.
 */
import { createHmac } from 'node:crypto';

/** 32 hexadecimal digits. */
export type Digest = (text: string) => string;

export function createDigest(key: Uint8Array | string): Digest {
  return (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

/** JSON with sorted keys, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? 'null';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
