/**
 * The answer of `Kubeconfig`: gzip of a tar with one entry. Talos never closes the tar writer, so that the end blocks, and maybe the
 * padding, are missing; strict tar readers fail on it. Header and content are read by hand (POSIX ustar).
 */
import { gunzipSync } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { TalosApiError } from './errors.ts';

const HEADER_BYTES = 512;

export function readKubeconfigArchive(archive: Uint8Array): string {
  const tar = decompressed(archive);
  if (tar.length < HEADER_BYTES) throw broken(`the archive holds ${tar.length} bytes, too few for an entry`);
  const name = field(tar, 0, 100);
  if (name !== 'kubeconfig') throw broken(`its first entry is ${JSON.stringify(name)}`);
  const size = Number.parseInt(field(tar, 124, 12).trim(), 8);
  if (!Number.isSafeInteger(size)) throw broken('the size of its entry cannot be read');
  const content = tar.subarray(HEADER_BYTES, HEADER_BYTES + size);
  if (content.length < size) throw broken(`it ends after ${content.length} of ${size} bytes`);
  return new TextDecoder().decode(content);
}

function decompressed(archive: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(archive));
  } catch (cause) {
    throw broken(messageOf(cause));
  }
}

/** A header field: bytes up to the first NUL. */
function field(tar: Uint8Array, start: number, length: number): string {
  const bytes = tar.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function broken(why: string): TalosApiError {
  return new TalosApiError('failed', `the node's kubeconfig cannot be read: ${why}`);
}
