/**
 * META 0xa, the network document that the metal platform reads before any machine configuration: typed, checked as Talos checks
 * it, written as Talos writes it. Which values make sense on a given machine is in `lint.ts`, the transport in `transport.ts`.
 */
import { isIP } from 'node:net';
import { IchorError } from '../../errors.ts';
import { emit } from '../schematic/emit.ts';
import type { Emittable } from '../schematic/emit.ts';
import { nodeOf, parseNode } from '../schematic/node.ts';
import type { SchematicNode } from '../schematic/node.ts';
import { durationText } from './duration.ts';
import { PLATFORM_NETWORK } from './fields.ts';
import type { Field, FieldType } from './fields.ts';

export type ConfigLayer = 'default' | 'cmdline' | 'platform' | 'operator' | 'configuration';
export type AddressFamily = 'inet4' | 'inet6';
export type AddressScope = 'global' | 'site' | 'link' | 'host' | 'nowhere';

export interface PlatformNetwork {
  readonly addresses?: readonly PlatformAddress[];
  readonly links?: readonly PlatformLink[];
  readonly routes?: readonly PlatformRoute[];
  readonly hostnames?: readonly {
    readonly hostname: string;
    readonly domainname?: string;
    readonly layer: ConfigLayer;
  }[];
  readonly resolvers?: readonly {
    readonly dnsServers: readonly string[];
    readonly searchDomains?: readonly string[];
    readonly layer: ConfigLayer;
  }[];
  readonly timeServers?: readonly { readonly timeServers: readonly string[]; readonly layer: ConfigLayer }[];
  readonly operators?: readonly PlatformOperator[];
  readonly externalIPs?: readonly string[];
}

export interface PlatformAddress {
  /** With prefix length: `10.0.4.101/24`. */
  readonly address: string;
  readonly linkName: string;
  readonly family: AddressFamily;
  readonly scope?: AddressScope;
  readonly flags?: string;
  readonly layer: ConfigLayer;
}

export interface PlatformLink {
  readonly name: string;
  readonly logical?: boolean;
  readonly up: boolean;
  readonly mtu?: number;
  readonly kind?: '' | 'vlan' | 'bond' | 'bridge' | 'wireguard' | 'dummy';
  readonly type?: string;
  readonly parentName?: string;
  readonly masterName?: string;
  readonly slaveIndex?: number;
  readonly vlan?: { readonly vlanID: number; readonly vlanProtocol: '802.1q' | '802.1ad' };
  readonly bondMaster?: Readonly<Record<string, string | number | boolean>>;
  readonly layer: ConfigLayer;
}

export interface PlatformRoute {
  readonly family: AddressFamily;
  /** Empty for the default route. */
  readonly dst?: string;
  readonly src?: string;
  readonly gateway?: string;
  readonly outLinkName?: string;
  readonly table?: string;
  readonly priority?: number;
  readonly scope?: AddressScope;
  readonly type?: string;
  readonly protocol?: string;
  readonly layer: ConfigLayer;
}

export interface PlatformOperator {
  readonly operator: 'dhcp4' | 'dhcp6' | 'vip';
  readonly linkName: string;
  readonly requireUp?: boolean;
  readonly dhcp4?: { readonly routeMetric: number };
  readonly dhcp6?: { readonly routeMetric: number };
  readonly vip?: { readonly ip: string; readonly gratuitousARP?: boolean };
  readonly layer: ConfigLayer;
}

export interface ReadPlatformNetwork {
  /** As Talos writes it after reading. */
  readonly canonical: string;
  /** Keys that Talos does not know and passes over in silence: `links[0].mac`. */
  readonly unknown: readonly string[];
}

/** Reads a document as Talos does. Throws `invalid-input` where Talos refuses it whole. */
export function readPlatformNetwork(text: string): ReadPlatformNetwork {
  return read(parseNode(text));
}

/** The text of the document, to be stored under META key 0xa. An unknown key is an error here: it would do nothing. */
export function renderPlatformNetwork(network: PlatformNetwork): string {
  const { canonical, unknown } = read(nodeOf(network));
  if (unknown.length > 0) throw refused('', `has ${unknown.join(', ')}, which Talos does not know`);
  return canonical;
}

function read(root: SchematicNode | undefined): ReadPlatformNetwork {
  const unknown: string[] = [];
  const tree = record(PLATFORM_NETWORK, root, { path: '', unknown });
  return { canonical: emit(tree, 'single'), unknown };
}

interface Place {
  readonly path: string;
  readonly unknown: string[];
}

function record(fields: readonly Field[], node: SchematicNode | undefined, place: Place): Emittable {
  if (!isNull(node) && node.kind !== 'map') throw refused(place.path, 'must be a map');
  const given = new Map(
    (node?.kind === 'map' ? node.entries : []).map(({ key, value }) => [key.kind === 'scalar' ? key.text : '', value]),
  );
  for (const key of given.keys()) {
    if (!fields.some((field) => field.key === key)) place.unknown.push(join(place.path, key));
  }
  const entries: (readonly [Emittable, Emittable])[] = [];
  for (const field of fields) {
    const value = given.get(field.key);
    const written = write(field.type, value, { ...place, path: join(place.path, field.key) });
    if (field.isOptional === true && (isNull(value) || isEmpty(written, field.type))) continue;
    entries.push([str(field.key), written]);
  }
  return { kind: 'map', entries };
}

function write(type: FieldType, node: SchematicNode | undefined, place: Place): Emittable {
  switch (type.kind) {
    case 'record':
      return record(type.fields, node, place);
    case 'list':
      return {
        kind: 'seq',
        items: itemsOf(node, place).map((item, index) =>
          write(type.of, item, { ...place, path: `${place.path}[${index}]` }),
        ),
      };
    case 'tags':
      return tags(node, place);
    case 'bool':
      return plain(isNull(node) ? 'false' : wordOf(node, place, 'bool'));
    case 'int':
      return plain(isNull(node) ? '0' : wordOf(node, place, 'int'));
    case 'word':
      return str(isNull(node) ? type.zero : checkedWord(type, textOf(node, place), place));
    case 'duration':
      return str(isNull(node) ? '0s' : durationOf(textOf(node, place), place));
    case 'ip':
    case 'prefix':
    case 'text':
      return str(isNull(node) ? '' : checkedText(type.kind, textOf(node, place), place));
  }
}

function tags(node: SchematicNode | undefined, place: Place): Emittable {
  if (isNull(node)) return { kind: 'map', entries: [] };
  if (node.kind !== 'map') throw refused(place.path, 'must be a map');
  return {
    kind: 'map',
    entries: node.entries.map(({ key, value }) => [str(textOf(key, place)), str(textOf(value, place))] as const),
  };
}

function itemsOf(node: SchematicNode | undefined, place: Place): readonly SchematicNode[] {
  if (isNull(node)) return [];
  if (node.kind !== 'seq') throw refused(place.path, 'must be a list');
  return node.items;
}

function wordOf(node: SchematicNode, place: Place, kind: 'bool' | 'int'): string {
  const resolved = node.kind === 'scalar' ? node.resolved : undefined;
  if (resolved?.kind !== kind)
    throw refused(place.path, kind === 'bool' ? 'must be true or false' : 'must be a whole number');
  return String('value' in resolved ? resolved.value : '');
}

function textOf(node: SchematicNode, place: Place): string {
  if (node.kind !== 'scalar') throw refused(place.path, 'must be a single value');
  return node.text;
}

function checkedWord(type: Extract<FieldType, { kind: 'word' }>, text: string, place: Place): string {
  if (type.words.includes(text) || text === type.zero) return text;
  if (type.isOpen === true && /^\d+$/.test(text)) return text;
  if (type.isFlags === true && text.split(/[|,]/).every((flag) => type.words.includes(flag.trim()))) return text;
  throw refused(
    place.path,
    `is ${JSON.stringify(text)}; Talos knows ${type.words.filter((known) => known !== '').join(', ')}`,
  );
}

function checkedText(kind: 'ip' | 'prefix' | 'text', text: string, place: Place): string {
  if (kind === 'text' || text === '') return text;
  if (kind === 'ip') {
    if (isIP(text) === 0) throw refused(place.path, `is ${JSON.stringify(text)}, which is no IP address`);
    return text;
  }
  const [host = '', bits = '', ...rest] = text.split('/');
  const version = isIP(host);
  const isPrefix =
    version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) && rest.length === 0;
  if (!isPrefix)
    throw refused(
      place.path,
      `is ${JSON.stringify(text)}; it must be an address with prefix length, such as 10.0.4.101/24`,
    );
  return text;
}

function durationOf(text: string, place: Place): string {
  const written = durationText(text);
  if (written === undefined) throw refused(place.path, `is ${JSON.stringify(text)}, which is no duration such as 1s`);
  return written;
}

function isEmpty(value: Emittable, type: FieldType): boolean {
  if (value.kind === 'seq') return value.items.length === 0;
  if (value.kind === 'map') return value.entries.length === 0;
  if (type.kind === 'word') return value.text === type.zero;
  return value.text === '' || value.text === '0' || value.text === 'false';
}

function isNull(node: SchematicNode | undefined): node is undefined | Extract<SchematicNode, { kind: 'scalar' }> {
  return node === undefined || (node.kind === 'scalar' && node.resolved.kind === 'null');
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function str(text: string): Emittable {
  return { kind: 'str', text };
}

function plain(text: string): Emittable {
  return { kind: 'plain', text };
}

function refused(path: string, why: string): IchorError {
  return new IchorError('invalid-input', `META 0xa: ${path === '' ? 'the document' : path} ${why}`, {
    hint: 'Talos refuses the whole document for one wrong value.',
  });
}
