/** Published checksums (`sha512sum.txt` of a Talos release) and the hashing of files by content. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { IchorError } from '../../errors.ts';

export interface Checksum {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

/** Streams the file: images are larger than what should stand in memory. */
export async function hashFile(path: string, algorithm: Checksum['algorithm']): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * The checksum of `file` in a list as `sha256sum` and `sha512sum` write it. Matches on the published name, which is why the file
 * is looked up here and never renamed before (requirements S4-28). A list without that name is an error: it would verify nothing.
 */
export function checksumFor(list: string, file: string): Checksum {
  for (const line of list.split('\n')) {
    const match = /^([0-9a-fA-F]{64}|[0-9a-fA-F]{128}) [ *](.+)$/.exec(line.trimEnd());
    if (match === null) continue;
    const [, hex = '', path = ''] = match;
    if (path.split('/').at(-1) === file)
      return { algorithm: hex.length === 64 ? 'sha256' : 'sha512', hex: hex.toLowerCase() };
  }
  throw new IchorError('not-found', `the list of checksums has none for ${file}`, {
    hint: 'Look it up under the name it was published with.',
  });
}
