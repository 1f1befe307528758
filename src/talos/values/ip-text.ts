/**
 * Addresses and prefixes as Go's `net/netip` reads and writes them: configs hold them in its canonical form.
 */

/** Canonical text, or undefined when Go refuses it. Zones are kept. */
export function canonicalAddress(text: string): string | undefined {
  const [address = '', ...zone] = text.split('%');
  if (!address.includes(':')) return zone.length === 0 && isIpv4(address) ? address : undefined;
  const groups = ipv6Groups(address);
  if (groups === undefined || (zone.length > 0 && zone.join('%') === '')) return undefined;
  return formatIpv6(groups) + (zone.length === 0 ? '' : `%${zone.join('%')}`);
}

/** Host bits stay as they are, as in `netip.ParsePrefix`. */
export function canonicalPrefix(text: string): string | undefined {
  const slash = text.lastIndexOf('/');
  const bits = text.slice(slash + 1);
  if (slash < 0 || !/^(?:0|[1-9][0-9]*)$/.test(bits) || text.slice(0, slash).includes('%')) return undefined;
  const address = canonicalAddress(text.slice(0, slash));
  if (address === undefined || Number(bits) > (address.includes(':') ? 128 : 32)) return undefined;
  return `${address}/${bits}`;
}

export function canonicalAddressPort(text: string): string | undefined {
  const match = /^(?:\[([^\]]*)\]|([^[\]:]*)):([0-9]+)$/.exec(text);
  if (match === null) return undefined;
  const address = canonicalAddress(match[1] ?? match[2] ?? '');
  const port = Number(match[3]);
  if (address === undefined || port > 65535 || address.includes(':') !== (match[1] !== undefined)) return undefined;
  return match[1] === undefined ? `${address}:${port}` : `[${address}]:${port}`;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

function ipv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groupsOf(halves[0] ?? '', halves.length === 1);
  const right = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : [];
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1) return missing === 0 ? left : undefined;
  return missing >= 1 ? [...left, ...Array.from({ length: missing }, () => 0), ...right] : undefined;
}

/** The last group of an address may be an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (isEnd && index === parts.length - 1 && part.includes('.')) {
      if (!isIpv4(part)) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
      groups.push(a * 256 + b, c * 256 + d);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

function formatIpv6(groups: readonly number[]): string {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const run = longestZeroRun(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
