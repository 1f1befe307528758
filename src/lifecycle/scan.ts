/** The bounded search of the subnet for machines on Talos' port (design §2, reach order). */
import ipaddr from 'ipaddr.js';
import { IchorError } from '../errors.ts';
import { createLimiter } from './limiter.ts';
import type { PortProbe } from './probe.ts';

/** A /22. Larger networks are not searched: that takes minutes and looks like an attack. */
export const MAX_SCANNED_ADDRESSES = 1024;
const SCAN_PARALLEL = 128;

/** Addresses of the subnet, network and broadcast address left out, that accept connections on the port; in order. */
export async function scanSubnet(
  probe: PortProbe,
  subnet: string,
  port: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const limiter = createLimiter(SCAN_PARALLEL);
  const hosts = hostsOf(subnet);
  const open = await Promise.all(hosts.map((host) => limiter.run(() => probe.isOpen(host, port, signal))));
  signal.throwIfAborted();
  return hosts.filter((_, index) => open[index] === true);
}

export function isScannable(subnet: string | undefined): subnet is string {
  if (subnet === undefined || !ipaddr.IPv4.isValidCIDR(subnet)) return false;
  return 2 ** (32 - ipaddr.IPv4.parseCIDR(subnet)[1]) <= MAX_SCANNED_ADDRESSES;
}

/**
 * Where to search for the machines of a spec: its subnet, or of a larger one the /22 around the first wanted address. Undefined where
 * nothing of that size is known.
 */
export function searchRange(subnet: string | undefined, wantedIps: readonly string[]): string | undefined {
  if (subnet === undefined || isScannable(subnet)) return subnet;
  if (!ipaddr.IPv4.isValidCIDR(subnet)) return undefined;
  const near = wantedIps.find(
    (ip) => ipaddr.IPv4.isValid(ip) && ipaddr.IPv4.parse(ip).match(ipaddr.IPv4.parseCIDR(subnet)),
  );
  return near === undefined ? undefined : `${ipaddr.IPv4.networkAddressFromCIDR(`${near}/22`).toString()}/22`;
}

export function hostsOf(subnet: string): readonly string[] {
  if (!isScannable(subnet)) {
    throw new IchorError(
      'invalid-input',
      `${subnet} is too large to search (at most ${MAX_SCANNED_ADDRESSES} addresses, IPv4)`,
      { hint: 'Name the addresses with `--at NODE=IP`.' },
    );
  }
  const [address, prefix] = ipaddr.IPv4.parseCIDR(subnet);
  const size = 2 ** (32 - prefix);
  const first = numberOf(ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${prefix}`));
  if (size <= 2) return Array.from({ length: size }, (_, index) => textOf(first + index));
  return Array.from({ length: size - 2 }, (_, index) => textOf(first + 1 + index));
}

function numberOf(address: ipaddr.IPv4): number {
  return address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function textOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
