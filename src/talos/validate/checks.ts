/**
 * Checks of single texts that several rules share: names, labels, addresses, endpoints, PEM. Each answers with the reason why the
 * text is refused, or undefined.
 */
import { hostnameOf, parseGoUrl } from '../values/go-url.ts';
import { canonicalAddress, canonicalPrefix } from '../values/ip-text.ts';
import type { GoUrl } from '../values/value.ts';
import { messageOf } from '../../errors.ts';

export type Reason = string | undefined;

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

export function dnsSubdomainProblem(value: string): Reason {
  if (byteLength(value) > 253) return `${quote(value)} is longer than 253 characters`;
  return DNS_SUBDOMAIN.test(value)
    ? undefined
    : `${quote(value)} is not a DNS subdomain (lower-case letters, digits, - and .)`;
}

/** A label or annotation key: a name, with at most one prefix before a slash. */
export function qualifiedNameProblem(value: string): Reason {
  const parts = value.split('/');
  if (parts.length > 2) return `${quote(value)} holds more than one slash`;
  const [first = '', second] = parts;
  const name = second ?? first;
  if (second !== undefined) {
    if (first === '') return `${quote(value)} has an empty prefix`;
    const problem = dnsSubdomainProblem(first);
    if (problem !== undefined) return `its prefix ${problem}`;
  }
  if (name === '') return `${quote(value)} has an empty name`;
  if (byteLength(name) > 63) return `${quote(value)} is longer than 63 characters`;
  return QUALIFIED_NAME.test(name) ? undefined : `${quote(name)} is not a valid name (letters, digits, - _ and .)`;
}

export function labelValueProblem(value: string): Reason {
  if (byteLength(value) > 63) return `the value ${quote(value)} is longer than 63 characters`;
  return value === '' || QUALIFIED_NAME.test(value)
    ? undefined
    : `the value ${quote(value)} is not a valid label value`;
}

const TAINT_EFFECTS: ReadonlySet<string> = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

/** `value:Effect`, or the effect alone. */
export function taintProblem(taint: string): Reason {
  const colon = taint.indexOf(':');
  const effect = colon < 0 ? taint : taint.slice(colon + 1);
  if (!TAINT_EFFECTS.has(effect)) return `the effect ${quote(effect)} is none of ${[...TAINT_EFFECTS].join(', ')}`;
  return colon < 0 ? undefined : labelValueProblem(taint.slice(0, colon));
}

/** `!` in front excludes; a bare address counts as a subnet of one. */
export function isSubnetFilter(value: string): boolean {
  const subnet = value.replace(/^!/, '');
  return canonicalPrefix(subnet) !== undefined || canonicalAddress(subnet) !== undefined;
}

/** Go's `net.ParseIP`: no zone. */
export function isIpAddress(value: string): boolean {
  return !value.includes('%') && canonicalAddress(value) !== undefined;
}

/** Go's `net.ParseCIDR`. */
export function isCidr(value: string): boolean {
  const slash = value.indexOf('/');
  const bits = value.slice(slash + 1);
  if (slash < 0 || !isIpAddress(value.slice(0, slash)) || !/^[0-9]+$/.test(bits)) return false;
  return Number(bits) <= (value.slice(0, slash).includes(':') ? 128 : 32);
}

export function isAddressOrCidr(value: string): boolean {
  return value.includes('/') ? isCidr(value) : isIpAddress(value);
}

/** `sideronet.ValidateEndpointURI`: a host is needed, a port must be one. */
export function endpointProblem(value: string): Reason {
  let parsed: GoUrl;
  try {
    parsed = parseGoUrl(value);
  } catch (reason) {
    return messageOf(reason);
  }
  const colons = parsed.host.split(':').length - 1;
  if (colons > 2 && !(parsed.host.includes('[') && parsed.host.includes(']')))
    return `the IPv6 address in ${quote(value)} must stand in brackets`;
  if (hostnameOf(parsed) === '') return `${quote(value)} names no host`;
  const port = portOf(parsed);
  if (port === '') return undefined;
  return Number(port) >= 1 && Number(port) <= 65535 ? undefined : `the port ${port} is not between 1 and 65535`;
}

export function portOf(parsed: GoUrl): string {
  return /:([0-9]*)$/.exec(parsed.host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '';
}

/** `net.SplitHostPort`. */
export function hostPortProblem(value: string): Reason {
  const match = /^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.exec(value);
  return match === null ? `${quote(value)} is not of the form host:port` : undefined;
}

/** At least one block, all of the given type when one is asked for. */
export function pemProblem(value: string, type?: string): Reason {
  const labels = pemLabels(value);
  if (labels.length === 0) return 'it holds no PEM block';
  const other = type === undefined ? undefined : labels.find((label) => label !== type);
  return other === undefined ? undefined : `it holds a block ${quote(other)} where only ${quote(type ?? '')} may stand`;
}

const PEM_BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([^-]*\n|)-----END \1-----[ \t\r]*(?=\n|$)/g;

/** What Go's `pem.Decode` takes for blocks: each on lines of its own, with whole base64 inside. */
export function pemLabels(value: string): readonly string[] {
  return [...value.matchAll(PEM_BLOCK)].flatMap(([, label = '', body = '']) => {
    const packed = body.replaceAll(/\s/g, '');
    return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? [label] : [];
  });
}

/** Base64 in the standard alphabet with padding, of so many bytes. */
export function isBase64Of(value: string, bytes: number): boolean {
  const packed = value.replaceAll(/[\r\n]/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return false;
  return Buffer.from(packed, 'base64').length === bytes;
}

export function quote(value: string): string {
  return JSON.stringify(value);
}
