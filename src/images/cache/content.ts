/** Whether a downloaded file is what it should be: by its first bytes and its size, never by its name or what a server says of it. */
import { open } from 'node:fs/promises';

export type AssetKind = 'kernel' | 'initramfs' | 'iso' | 'uki' | 'disk' | 'cmdline' | 'pxe' | 'schematic' | 'any';

const MIB = 2 ** 20;
/** Nothing of these kinds is smaller; an error page always is. */
const SMALLEST: Readonly<Record<AssetKind, number>> = {
  kernel: MIB,
  initramfs: MIB,
  iso: MIB,
  uki: MIB,
  disk: MIB,
  cmdline: 16,
  pxe: 6,
  schematic: 10,
  any: 1,
};
/** ISO 9660 has its mark at sector 16. */
const HEAD_BYTES = 36_864;

/** Undefined when the file is of the kind; else what is wrong with it, as the end of a sentence. */
export async function contentProblem(path: string, kind: AssetKind): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
    await file.read(head, 0, head.length, 0);
    return headProblem(head, size, kind);
  } finally {
    await file.close();
  }
}

export function headProblem(head: Buffer, sizeBytes: number, kind: AssetKind): string | undefined {
  if (sizeBytes < SMALLEST[kind]) return `has ${sizeBytes} bytes, too few for ${nameOf(kind)}${quoteOf(head)}`;
  return isOfKind(head, kind) ? undefined : `is no ${nameOf(kind)} but ${describe(head)}`;
}

/** The kind of a factory's file, by its name in the URL. */
export function kindOfAsset(file: string): AssetKind {
  if (file.startsWith('kernel-') || file.startsWith('vmlinuz')) return 'kernel';
  if (file.startsWith('initramfs-')) return 'initramfs';
  if (file.startsWith('cmdline-')) return 'cmdline';
  if (file.endsWith('.iso')) return 'iso';
  if (file.endsWith('-uki.efi')) return 'uki';
  return /\.(?:raw|qcow2|vhd|ova)(?:\.(?:xz|zst|gz|tar\.gz))?$/.test(file) ? 'disk' : 'any';
}

function isOfKind(head: Buffer, kind: AssetKind): boolean {
  switch (kind) {
    case 'kernel':
      return isKernel(head);
    case 'initramfs':
      // With microcode in front it begins with an uncompressed archive.
      return isXz(head) || isZstd(head) || head.toString('latin1', 0, 6) === '070701';
    case 'iso':
      return isIso(head);
    case 'uki':
      return isPe(head);
    case 'disk':
      return isXz(head) || isZstd(head) || isGzip(head) || isDisk(head);
    case 'cmdline':
      return head.includes('talos.platform=');
    case 'pxe':
      return head.toString('latin1', 0, 6) === '#!ipxe';
    case 'schematic':
      return head.includes('customization:');
    case 'any':
      return true;
  }
}

/** x86: boot protocol header `HdrS` (Documentation/arch/x86/boot.rst); arm64: `ARM\x64` (booting.rst), or an EFI zboot image. */
function isKernel(head: Buffer): boolean {
  if (head.toString('latin1', 0x202, 0x206) === 'HdrS') return true;
  return head.toString('latin1', 0x38, 0x3c) === 'ARM\x64' || (isPe(head) && head.toString('latin1', 4, 8) === 'zimg');
}

function isPe(head: Buffer): boolean {
  if (head.toString('latin1', 0, 2) !== 'MZ' || head.length < 0x40) return false;
  const at = head.readUInt32LE(0x3c);
  return head.toString('latin1', at, at + 4) === 'PE\0\0';
}

function isIso(head: Buffer): boolean {
  return head.toString('latin1', 32_769, 32_774) === 'CD001';
}

/** A GPT disk with sectors of 512 or 4096 bytes, QCOW2, or an OVA (tar). */
function isDisk(head: Buffer): boolean {
  if (head.toString('latin1', 0, 4) === 'QFI\xFB') return true;
  if (head.toString('latin1', 257, 262) === 'ustar') return true;
  return head.toString('latin1', 512, 520) === 'EFI PART' || head.toString('latin1', 4096, 4104) === 'EFI PART';
}

function isXz(head: Buffer): boolean {
  return head.subarray(0, 6).equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]));
}

function isZstd(head: Buffer): boolean {
  return head.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function nameOf(kind: AssetKind): string {
  const names = {
    kernel: 'Linux kernel',
    initramfs: 'initramfs',
    iso: 'ISO image',
    uki: 'unified kernel image',
    disk: 'disk image',
    cmdline: 'kernel command line',
    pxe: 'iPXE script',
    schematic: 'schematic',
    any: 'file',
  } as const;
  return names[kind];
}

function describe(head: Buffer): string {
  if (/^\s*<(?:!doctype|html)/i.test(head.toString('latin1', 0, 100))) return 'a web page';
  if (isIso(head)) return 'an ISO image';
  if (isKernel(head)) return 'a kernel';
  if (isXz(head) || isZstd(head) || isGzip(head)) return 'a compressed file';
  if (isDisk(head)) return 'a disk image';
  return isText(head) ? `text${quoteOf(head)}` : 'something else';
}

function isText(head: Buffer): boolean {
  return (
    head.length > 0 &&
    head.subarray(0, 200).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 0x20 && byte < 0x7f))
  );
}

function quoteOf(head: Buffer): string {
  return isText(head) ? ` (${JSON.stringify(head.toString('latin1', 0, 40).trim())})` : '';
}
