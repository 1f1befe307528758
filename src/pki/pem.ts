/**
 * PEM text (RFC 7468) to DER and back, in the line form that Go writes: 64 columns, a newline at the end.
 */
import { IchorError } from '../errors.ts';

export interface PemBlock {
  /** What stands between `BEGIN` and the dashes, for example `ED25519 PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** A certificate and its private key, both as PEM text. */
export interface PemPair {
  readonly crt: string;
  readonly key: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]*?)-----END \1-----/g;

/** Every block of the text in its order; text between the blocks is not PEM's business. */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(BLOCK)) {
    const [, label = '', body = ''] = match;
    blocks.push({ label, der: new Uint8Array(Buffer.from(body, 'base64')) });
  }
  return blocks;
}

/** The first block whose label ends as wanted (`CERTIFICATE`, `PRIVATE KEY`). */
export function firstPemBlock(text: string, labelEnd: string): PemBlock {
  const block = parsePem(text).find((candidate) => candidate.label.endsWith(labelEnd));
  if (block === undefined) {
    throw new IchorError('invalid-input', `the text holds no PEM block "${labelEnd}"`, {
      hint: `It must have a line "-----BEGIN … ${labelEnd}-----" and its end line.`,
    });
  }
  return block;
}

export function renderPem(label: string, der: Uint8Array): string {
  const body =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${body.join('\n')}\n-----END ${label}-----\n`;
}
