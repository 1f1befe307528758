/**
 * Randomness of the simulated world: every value is a hash of the seed and of what it is for, so that the same seed gives the same
 * world whatever else was drawn before.
 */
import { createHash } from 'node:crypto';

export type Seed = string;

export function seededBytes(seed: Seed, purpose: string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 32) {
    const block = createHash('sha256').update(`${seed}\n${purpose}\n${offset}`).digest();
    out.set(block.subarray(0, Math.min(32, length - offset)), offset);
  }
  return out;
}

export function seededHex(seed: Seed, purpose: string, length: number): string {
  return Buffer.from(seededBytes(seed, purpose, length)).toString('hex');
}

/** A version 4 UUID. */
export function seededUuid(seed: Seed, purpose: string): string {
  const bytes = Buffer.from(seededBytes(seed, purpose, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A number in [0, 1). */
export function seededFraction(seed: Seed, purpose: string): number {
  return Buffer.from(seededBytes(seed, purpose, 6)).readUIntBE(0, 6) / 2 ** 48;
}
