/** Addresses and networks: parsing, containment and overlap, for IPv4 and IPv6 alike. */
import ipaddr from 'ipaddr.js';

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

export interface Cidr {
  readonly ip: Ip;
  readonly prefix: number;
}

/** Four plain octets or IPv6; the short and octal forms of `inet_aton` are refused. */
export function parseIp(text: string): Ip | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const ip = match?.[1] === undefined ? undefined : parseIp(match[1]);
  const prefix = Number(match?.[2]);
  if (ip === undefined || prefix > bitsOf(ip)) return undefined;
  return { ip, prefix };
}

export function contains(network: Cidr, ip: Ip): boolean {
  return network.ip.kind() === ip.kind() && matches(ip, network);
}

/** `contains` over text; false when either is no address. */
export function isInside(ipText: string, networkText: string): boolean {
  const ip = parseIp(ipText);
  const network = parseCidr(networkText);
  return ip !== undefined && network !== undefined && contains(network, ip);
}

export function overlaps(left: Cidr, right: Cidr): boolean {
  return left.prefix <= right.prefix ? contains(left, right.ip) : contains(right, left.ip);
}

/** The network with its host bits cleared: `10.0.3.4/28` is `10.0.3.0/28`. */
export function networkOf(cidr: Cidr): string {
  const bytes = cidr.ip.toByteArray().map((byte, index) => byte & byteMask(cidr.prefix - index * 8));
  return `${ipaddr.fromByteArray(bytes).toString()}/${cidr.prefix}`;
}

export function hasHostBits(cidr: Cidr): boolean {
  return networkOf(cidr) !== `${cidr.ip.toString()}/${cidr.prefix}`;
}

/** The address at an offset from the network's; undefined past its end (in IPv4 the broadcast address counts as such). */
export function addressAt(cidr: Cidr, offset: number): string | undefined {
  const bits = bitsOf(cidr.ip) - cidr.prefix;
  if (offset < 0 || (bits < 32 && offset > 2 ** bits - (bitsOf(cidr.ip) === 32 && bits > 1 ? 2 : 1))) return undefined;
  const bytes = parseIp(networkOf(cidr).split('/')[0] ?? '')?.toByteArray() ?? [];
  let carry = offset;
  for (let index = bytes.length - 1; index >= 0 && carry > 0; index -= 1) {
    carry += bytes[index] ?? 0;
    bytes[index] = carry % 256;
    carry = Math.floor(carry / 256);
  }
  return ipaddr.fromByteArray(bytes).toString();
}

/** One spelling per address, so that equal addresses are equal texts. */
export function canonicalIp(text: string): string {
  return parseIp(text)?.toString() ?? text;
}

export function bitsOf(ip: Ip): number {
  return ip.kind() === 'ipv4' ? 32 : 128;
}

function matches(ip: Ip, network: Cidr): boolean {
  const own = network.ip.toByteArray();
  return ip
    .toByteArray()
    .every((byte, index) => ((byte ^ (own[index] ?? 0)) & byteMask(network.prefix - index * 8)) === 0);
}

function byteMask(bitsLeft: number): number {
  if (bitsLeft >= 8) return 0xff;
  return bitsLeft <= 0 ? 0 : (0xff << (8 - bitsLeft)) & 0xff;
}
