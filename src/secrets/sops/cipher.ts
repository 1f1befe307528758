/**
 * One value encrypted as SOPS does it: AES-256-GCM with a nonce of 32 bytes, bound to the place where the value stands.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '../../system.ts';

export interface Decrypted {
  readonly type: string;
  readonly text: string;
}

const ENCRYPTED = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]/;

export function isEncryptedText(text: string): boolean {
  return ENCRYPTED.test(text);
}

/** An empty text stays empty, as SOPS leaves it. */
export function encryptText(value: Decrypted, key: Uint8Array, place: string, random: Random): string {
  if (value.text === '') return '';
  const iv = Buffer.from(random.bytes(32));
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(place, 'utf8'));
  const data = Buffer.concat([cipher.update(value.text, 'utf8'), cipher.final()]);
  const tag = cipher.getAuthTag();
  return `ENC[AES256_GCM,data:${data.toString('base64')},iv:${iv.toString('base64')},tag:${tag.toString('base64')},type:${value.type}]`;
}

/** Undefined when the text is no SOPS value, or the key or the place is another one. */
export function decryptText(text: string, key: Uint8Array, place: string): Decrypted | undefined {
  const match = ENCRYPTED.exec(text);
  if (match === null) return undefined;
  const [, data = '', iv = '', tag = '', type = ''] = match;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(place, 'utf8'));
    decipher.setAuthTag(Buffer.from(tag, 'base64'));
    const plain = Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]);
    return { type, text: plain.toString('utf8') };
  } catch {
    // GCM reports one failure for a wrong key, place, nonce or text; the caller knows what it tried.
    return undefined;
  }
}

/** The additional data of a value: its keys joined by colons with one more behind; indices of lists do not count. */
export function placeOf(path: readonly string[]): string {
  return `${path.join(':')}:`;
}
