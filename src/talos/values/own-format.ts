/**
 * Types with their own text: enumerations, addresses, sizes, selectors, URLs, certificates. For each, how it is read, what its
 * zero value is, and how it is written (the `MarshalText`/`UnmarshalYAML` methods of Talos' machinery).
 */
import { IchorError } from '../../errors.ts';
import type { TalosMinor, TypeShape } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import type { Emittable } from '../yaml/emit.ts';
import { followed } from '../yaml/node.ts';
import type { ScalarNode, YamlNode } from '../yaml/node.ts';
import { formatGoUrl, parseGoUrl } from './go-url.ts';
import { canonicalAddress, canonicalAddressPort, canonicalPrefix } from './ip-text.ts';
import { mismatch, readInteger, readText } from './read-scalar.ts';
import { humanDiskSize, isPercentage, parseByteSize } from './sizes.ts';
import type { GoStruct, GoValue } from './value.ts';

export interface OwnType {
  readonly name: string;
  readonly shape: TypeShape;
  readonly minor: TalosMinor;
}

export function readOwn(type: OwnType, node: YamlNode): GoValue {
  const target = followed(node);
  const name = bareName(type);
  if (name.startsWith('PEMEncoded')) return readCertificate(name, target, type.minor);
  if (name === 'ArgValue') return readArgument(target, type.minor);
  if (target.kind !== 'scalar') throw mismatch(node, `a ${name}`);
  if (type.shape.ownWrite) return readInteger(type.shape.go, target, type.minor);
  if (type.shape.values.length > 0) return readEnumeration(type, target);
  return readOwnText(name, target, type.minor);
}

/** What stands there when nothing was written. */
export function zeroOf(type: OwnType): GoValue {
  if (type.shape.values.length > 0) return zeroWord(type);
  if (type.shape.go === 'uint64' || type.shape.go === 'uint32') return 0n;
  if (bareName(type) === 'Size') return { kind: 'size', bytes: null, percentage: null };
  return TEXTS_WITHOUT_NIL.has(bareName(type)) ? '' : null;
}

export function isZeroOwn(type: OwnType, value: GoValue): boolean {
  if (value === null) return true;
  if (typeof value === 'bigint') return value === 0n;
  if (typeof value === 'string') return value === '' || (type.shape.values.length > 0 && value === zeroWord(type));
  if (typeof value === 'object' && value.kind === 'size') return value.bytes === null && value.percentage === null;
  return false;
}

export function writeOwn(type: OwnType, value: GoValue): Emittable {
  if (type.shape.ownWrite) return { kind: 'plain', text: `0o${typeof value === 'bigint' ? value.toString(8) : '0'}` };
  const name = bareName(type);
  if (name === 'ArgValue') return writeArgument(value);
  if (typeof value === 'bigint') return writeDiskSize(value);
  if (value === null) return name === 'PEMEncodedKey' ? { kind: 'plain', text: 'null' } : { kind: 'str', text: '' };
  if (typeof value === 'string') return name === 'PortRange' ? writePorts(value) : { kind: 'str', text: value };
  if (typeof value !== 'object') return { kind: 'str', text: '' };
  if (value.kind === 'url') return { kind: 'str', text: formatGoUrl(value) };
  if (value.kind === 'size') return { kind: 'str', text: value.bytes ?? value.percentage ?? '' };
  return value.kind === 'struct' ? writeCertificate(value) : { kind: 'str', text: '' };
}

const TEXTS_WITHOUT_NIL: ReadonlySet<string> = new Set([
  'Addr',
  'Prefix',
  'AddrPort',
  'InstallDiskSizeMatcher',
  'PortRange',
]);

/** The package moves between minors (`network.Prefix`, `meta.Prefix`), the type stays. */
function bareName(type: OwnType): string {
  return type.name.slice(type.name.indexOf('.') + 1);
}

function readOwnText(name: string, node: ScalarNode, minor: TalosMinor): GoValue {
  switch (name) {
    case 'Addr':
      return checked(node, node.text === '' ? '' : canonicalAddress(node.text), 'an IP address');
    case 'Prefix':
      return checked(
        node,
        node.text === '' ? '' : canonicalPrefix(node.text),
        'an address with prefix length, such as 10.0.0.0/8,',
      );
    case 'AddrPort':
      return checked(node, node.text === '' ? '' : canonicalAddressPort(node.text), 'an address with port');
    case 'Expression':
      return node.text === '' ? null : node.text;
    case 'ByteSize':
      return node.text === '' ? null : checkedSize(node, minor);
    case 'Size':
      return readSize(node, minor);
    case 'HardwareAddr':
      return readHardwareAddress(node);
    case 'Base64Bytes':
      return canonicalBase64(node, readText(node, minor));
    case 'DiskSize':
      return checked(node, parseByteSize(readText(node, minor)), 'a size');
    case 'Endpoint':
      return parseGoUrl(readText(node, minor));
    case 'URL':
      return node.text === '' ? null : parseGoUrl(readText(node, minor));
    case 'InstallDiskSizeMatcher':
      return readSizeCondition(node, readText(node, minor));
    case 'PortRange':
      return readPorts(node, minor);
    default:
      return readText(node, minor);
  }
}

function checked<Value extends GoValue>(node: YamlNode, value: Value | undefined, wanted: string): Value {
  if (value === undefined) throw mismatch(node, wanted);
  return value;
}

// --- enumerations ---

/** Enumerations that begin above zero print their unset value so. */
const WITHOUT_ZERO: ReadonlySet<string> = new Set(['Protocol', 'VLANProtocol', 'WOLMode']);

function zeroWord(type: OwnType): string {
  const name = bareName(type);
  return WITHOUT_ZERO.has(name) ? `${name}(0)` : (type.shape.values[0] ?? '');
}

function readEnumeration(type: OwnType, node: ScalarNode): string {
  const name = bareName(type);
  const { values } = type.shape;
  const { text } = node;
  if (name === 'FailOverMAC' && text === '') return 'none';
  if (name === 'FailOverMAC' && /^[0-2]$/.test(text)) return values[Number(text)] ?? 'none';
  if (name === 'RoutingTable' && /^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= 252) return text;
  const found =
    values.find((value) => value === text) ?? values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw mismatch(node, `one of ${values.join(', ')}`);
  return found;
}

// --- sizes ---

/** Sizes counted from the end of the disk (`-10GB`) are taken from 1.13 on. */
function checkedSize(node: ScalarNode, minor: TalosMinor): string {
  const size = parseByteSize(isAtLeast(minor, '1.13') ? node.text.replace(/^-/, '') : node.text);
  if (size === undefined) throw mismatch(node, 'a size such as 10GiB');
  return node.text;
}

function readSize(node: ScalarNode, minor: TalosMinor): GoValue {
  if (node.text === '') return { kind: 'size', bytes: null, percentage: null };
  if (!node.text.includes('%')) return { kind: 'size', bytes: checkedSize(node, minor), percentage: null };
  if (!isPercentage(node.text) || (node.text.startsWith('-') && !isAtLeast(minor, '1.13')))
    throw mismatch(node, 'a percentage from 0% to 100%');
  return { kind: 'size', bytes: null, percentage: node.text };
}

function writeDiskSize(bytes: bigint): Emittable {
  const words = humanDiskSize(bytes);
  return words === undefined ? { kind: 'plain', text: String(bytes) } : { kind: 'str', text: words };
}

function readSizeCondition(node: ScalarNode, text: string): string {
  const condition = text.trim();
  const size = /^(?:>=|<=|>|<|==)?(.*)$/s.exec(condition)?.[1] ?? '';
  if (parseByteSize(size.trim()) === undefined) throw mismatch(node, 'a condition such as >= 100GB');
  return condition;
}

// --- addresses and ports ---

function readHardwareAddress(node: ScalarNode): string {
  const hex = node.text.replaceAll(':', '').toLowerCase();
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw mismatch(node, 'a hardware address');
  return hex.replace(/..(?!$)/g, '$&:');
}

/** Held as `low-high`. */
function readPorts(node: ScalarNode, minor: TalosMinor): string {
  if (node.resolved.kind === 'int' || node.resolved.kind === 'float') {
    const port = readInteger('uint16', node, minor);
    return `${port}-${port}`;
  }
  const match = /^([0-9]+)-([0-9]+)$/.exec(readText(node, minor));
  if (match === null || Number(match[1]) > 65535 || Number(match[2]) > 65535)
    throw mismatch(node, 'a port or a range such as 80-90');
  return `${Number(match[1])}-${Number(match[2])}`;
}

function writePorts(range: string): Emittable {
  const [low = '0', high = low] = range.split('-');
  return low === high ? { kind: 'plain', text: low === '' ? '0' : low } : { kind: 'str', text: range };
}

// --- arguments ---

function readArgument(node: YamlNode, minor: TalosMinor): GoValue {
  if (node.kind === 'scalar') return readText(node, minor);
  if (node.kind !== 'seq') throw mismatch(node, 'a text or a list of texts');
  const items = node.items.map(followed).filter((item) => !(item.kind === 'scalar' && item.resolved.kind === 'null'));
  return {
    kind: 'list',
    items: items.map((item) => (item.kind === 'scalar' ? readText(item, minor) : checked(item, undefined, 'a text'))),
  };
}

function writeArgument(value: GoValue): Emittable {
  if (typeof value === 'object' && value?.kind === 'list') {
    return {
      kind: 'seq',
      items: value.items.map((item) => ({ kind: 'str', text: typeof item === 'string' ? item : '', isTagged: true })),
    };
  }
  return typeof value === 'string' && value !== ''
    ? { kind: 'str', text: value, isTagged: true }
    : { kind: 'plain', text: 'null' };
}

// --- certificates ---

const REDACTED = '******';

function readCertificate(name: string, node: YamlNode, minor: TalosMinor): GoStruct {
  if (node.kind !== 'map') throw mismatch(node, 'a map with crt and key');
  const keys = name === 'PEMEncodedKey' ? ['key'] : name === 'PEMEncodedCertificate' ? ['crt'] : ['crt', 'key'];
  const fields = new Map<string, GoValue>(keys.map((key) => [key, '']));
  for (const { key, value } of node.entries) {
    const word = key.kind === 'scalar' ? key.text : '';
    if (!fields.has(word))
      throw new IchorError('invalid-input', `line ${key.at.line}: the key ${JSON.stringify(word)} is unknown here`);
    const target = followed(value);
    if (target.kind !== 'scalar') throw mismatch(value, 'a base64 text');
    if (target.resolved.kind === 'null') continue;
    const text = readText(target, minor);
    fields.set(word, word === 'key' && text === REDACTED ? text : canonicalBase64(value, text));
  }
  return { kind: 'struct', fields };
}

function writeCertificate(value: GoStruct): Emittable {
  const entries = [...value.fields].map(
    ([key, inner]) =>
      [
        { kind: 'str', text: key },
        { kind: 'str', text: typeof inner === 'string' ? inner : '' },
      ] as const,
  );
  return { kind: 'map', entries };
}

/** Go's standard decoding skips line breaks and insists on padding. */
function canonicalBase64(node: YamlNode, text: string): string {
  const packed = text.replaceAll(/[\r\n]/g, '');
  const isWhole = packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
  if (!isWhole) throw mismatch(node, 'a base64 text');
  return Buffer.from(packed, 'base64').toString('base64');
}
