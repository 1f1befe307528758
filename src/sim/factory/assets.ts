/**
 * What the simulated factory serves as images: files of the right outward form (headers, magic numbers, partition table) that
 * carry schematic, version and name as text and nothing that could boot. Assumed sizes; the same request always gives the same bytes.
 */
import { createHash } from 'node:crypto';

export interface SimAsset {
  readonly schematicId: string;
  readonly talos: string;
  readonly file: string;
  /** For text files: what the real factory would write. */
  readonly text?: string;
}

const SIZE_BYTES = 1_500_000;

export function assetContent(asset: SimAsset): Buffer {
  if (asset.text !== undefined) return Buffer.from(asset.text);
  const content = filler(asset);
  stamp(content, asset);
  content.write(`\nichor-sim ${asset.file} ${asset.talos} ${asset.schematicId}\n`, 40_000, 'latin1');
  return content;
}

/** Schematic and version that a file of the simulated factory was made for. */
export function identifyAsset(
  content: Buffer,
): { readonly file: string; readonly talos: string; readonly schematicId: string } | undefined {
  const match = /^\nichor-sim (\S+) (\S+) ([0-9a-f]{64})\n/.exec(content.toString('latin1', 40_000, 40_300));
  if (match === null) return undefined;
  const [, file = '', talos = '', schematicId = ''] = match;
  return { file, talos, schematicId };
}

function filler(asset: SimAsset): Buffer {
  const seed = createHash('sha256').update(`${asset.file} ${asset.talos} ${asset.schematicId}`).digest();
  const content = Buffer.alloc(SIZE_BYTES);
  for (let at = 0; at < content.length; at += seed.length) seed.copy(content, at);
  return content;
}

function stamp(content: Buffer, { file }: SimAsset): void {
  if (file.startsWith('kernel-')) return stampKernel(content, file.endsWith('arm64'));
  if (file.startsWith('initramfs-')) return void Buffer.from([0x28, 0xb5, 0x2f, 0xfd]).copy(content);
  if (file.endsWith('.iso')) return void content.write('CD001', 32_769, 'latin1');
  if (file.endsWith('.efi')) return stampPe(content);
  if (file.endsWith('.xz')) return void Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]).copy(content);
  if (file.endsWith('.zst')) return void Buffer.from([0x28, 0xb5, 0x2f, 0xfd]).copy(content);
  if (file.endsWith('.gz')) return void Buffer.from([0x1f, 0x8b]).copy(content);
  if (file.endsWith('.qcow2')) return void Buffer.from([0x51, 0x46, 0x49, 0xfb]).copy(content);
  if (file.endsWith('.ova') || file.endsWith('.tar')) return void content.write('ustar', 257, 'latin1');
  content.write('EFI PART', 512, 'latin1');
}

function stampKernel(content: Buffer, isArm: boolean): void {
  stampPe(content);
  if (isArm) content.write('ARM\x64', 0x38, 'latin1');
  else content.write('HdrS', 0x202, 'latin1');
}

function stampPe(content: Buffer): void {
  content.write('MZ', 0, 'latin1');
  content.writeUInt32LE(0x80, 0x3c);
  content.write('PE\0\0', 0x80, 'latin1');
}
