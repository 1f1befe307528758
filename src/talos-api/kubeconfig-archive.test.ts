import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readKubeconfigArchive } from './kubeconfig-archive.ts';

const TEXT = 'apiVersion: v1\nkind: Config\n';

/** An entry as Go's tar writer makes it, without padding and end blocks when it is never closed. */
function tar(name: string, text: string, size = text.length): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(size.toString(8).padStart(11, '0'), 124);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe('readKubeconfigArchive', () => {
  it('reads an archive without padding and end blocks, and one with them', () => {
    const open = tar('kubeconfig', TEXT);

    expect(readKubeconfigArchive(gzipSync(open))).toBe(TEXT);
    expect(readKubeconfigArchive(gzipSync(Buffer.concat([open, Buffer.alloc(2048)])))).toBe(TEXT);
  });

  it.each([
    ['is no gzip', Buffer.from('hello')],
    ['is too short', gzipSync(Buffer.alloc(100))],
    ['holds another entry', gzipSync(tar('passwd', TEXT))],
    ['was cut', gzipSync(tar('kubeconfig', TEXT, 4000))],
    ['has no size', gzipSync(Buffer.concat([Buffer.from('kubeconfig'), Buffer.alloc(600)]))],
  ])('says why when it %s', (_, archive) => {
    expect(() => readKubeconfigArchive(archive)).toThrow("the node's kubeconfig cannot be read");
  });
});
