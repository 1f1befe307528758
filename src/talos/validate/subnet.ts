/** Subnets as numbers: lengths, host bits, overlap. Reads what Go's `netip.ParsePrefix` reads. */
import { canonicalPrefix } from '../values/ip-text.ts';

export interface Subnet {
  readonly family: 4 | 6;
  readonly address: bigint;
  /** Length of the prefix. */
  readonly bits: number;
  /** 32 or 128. */
  readonly width: number;
}

export function prefixOf(text: string): Subnet | undefined {
  const canonical = canonicalPrefix(text);
  if (canonical === undefined) return undefined;
  const [address = '', bits = ''] = canonical.split('/');
  const isV6 = address.includes(':');
  return {
    family: isV6 ? 6 : 4,
    address: isV6 ? ipv6(address) : ipv4(address),
    bits: Number(bits),
    width: isV6 ? 128 : 32,
  };
}

/** No bit is set beyond the prefix. */
export function isMasked(subnet: Subnet): boolean {
  return (subnet.address & (2n ** BigInt(subnet.width - subnet.bits) - 1n)) === 0n;
}

export function overlap(one: Subnet, other: Subnet): boolean {
  if (one.family !== other.family) return false;
  const shift = BigInt(one.width - Math.min(one.bits, other.bits));
  return one.address >> shift === other.address >> shift;
}

function ipv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv6(text: string): bigint {
  const dotted = /^(.*:)([0-9.]+)$/.exec(text);
  const plain = dotted?.[2]?.includes('.') === true ? `${dotted[1]}${groupsOfIpv4(dotted[2])}` : text;
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const middle = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...middle, ...tail].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function groupsOfIpv4(text: string): string {
  const value = ipv4(text);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
