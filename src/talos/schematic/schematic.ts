/**
 * The Image Factory's schematic: its fields, its canonical text and the id that is the SHA-256 of that text, all computed
 * offline. Follows image-factory `pkg/schematic/schematic.go`; held against it by test/fixtures/schematic.
 */
import { createHash } from 'node:crypto';
import { emit } from './emit.ts';
import type { Emittable } from './emit.ts';
import { nodeOf, parseNode } from './node.ts';
import type { SchematicEntry, SchematicNode } from './node.ts';
import { optionsOf } from './options.ts';
import { refused } from './refusal.ts';

export interface Schematic {
  readonly overlay?: SchematicOverlay | undefined;
  readonly customization?: SchematicCustomization | undefined;
}

export interface SchematicOverlay {
  readonly image: string;
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

export interface SchematicCustomization {
  /** Talos 1.12 and later. */
  readonly embeddedMachineConfiguration?: string | undefined;
  readonly extraKernelArgs?: readonly string[] | undefined;
  readonly meta?: readonly SchematicMeta[] | undefined;
  readonly systemExtensions?: { readonly officialExtensions?: readonly string[] | undefined } | undefined;
  readonly bootloader?: 'none' | 'dual-boot' | 'grub' | 'sd-boot' | undefined;
  readonly secureboot?: SchematicSecureBoot | undefined;
  readonly diskImage?: { readonly sectorSize?: number | undefined } | undefined;
}

export interface SchematicMeta {
  readonly key: number;
  readonly value: string;
}

export interface SchematicSecureBoot {
  /** The factory takes any text here and fails when it builds an image of it. */
  readonly enrollKeys?: string | undefined;
  readonly includeWellKnownCertificates?: boolean | undefined;
}

export interface SchematicIdentity {
  /** 64 hexadecimal digits, as factories with go-yaml rc.5 or later compute it (image-factory 1.5 and the public one). */
  readonly id: string;
  readonly canonical: string;
  /** Present only when a factory with an older go-yaml (image-factory 1.4.0 and before) answers another id. */
  readonly idOlder?: string;
  readonly canonicalOlder?: string;
}

/** The schematic of a plain Talos image. */
export const VANILLA_SCHEMATIC_ID = '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba';

/** Id and canonical text of a schematic given as YAML or JSON text or as an object. Throws `invalid-input` where the factory refuses. */
export function schematicId(schematic: string | Schematic): SchematicIdentity {
  const tree = canonicalTree(typeof schematic === 'string' ? parseFilled(schematic) : nodeOf(schematic));
  const canonical = emit(tree, 'single');
  const canonicalOlder = emit(tree, 'double');
  const identity = { id: sha256(canonical), canonical };
  return canonicalOlder === canonical ? identity : { ...identity, idOlder: sha256(canonicalOlder), canonicalOlder };
}

/** Reads a schematic as strictly as the factory does: an unknown key is an error. `overlay.options` is carried as is. */
export function parseSchematic(text: string): Schematic {
  const root = parseFilled(text);
  canonicalTree(root);
  const overlay = field(root, 'overlay');
  const customization = field(root, 'customization');
  return {
    ...(overlay?.kind === 'map' && overlay.entries.length > 0 ? { overlay: readOverlay(overlay) } : {}),
    customization: customization === undefined ? {} : readCustomization(customization),
  };
}

export function isSchematicId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** An empty or comment-only text is an error, as it is for the factory. */
function parseFilled(text: string): SchematicNode {
  const root = parseNode(text);
  if (root === undefined) throw refused('is empty');
  return root;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

type Pair = readonly [Emittable, Emittable];

function canonicalTree(root: SchematicNode): Emittable {
  checkKeys(root, ['owner', 'overlay', 'customization'], 'the schematic');
  const owner = textOf(field(root, 'owner'), 'owner');
  if (owner !== '')
    throw refused('names an owner, which only the enterprise edition of the factory takes', field(root, 'owner')?.line);
  const overlay = overlayPairs(field(root, 'overlay'));
  return map([
    ...pair('overlay', map(overlay), overlay.length > 0),
    [str('customization'), map(customizationPairs(field(root, 'customization')))],
  ]);
}

function overlayPairs(node: SchematicNode | undefined): readonly Pair[] {
  checkKeys(node, ['image', 'name', 'options'], 'overlay');
  const image = textOf(field(node, 'image'), 'overlay.image');
  const name = textOf(field(node, 'name'), 'overlay.name');
  const options = optionsOf(field(node, 'options'));
  if (image === '' && name === '' && options === undefined) return [];
  return [
    [str('image'), str(image)],
    [str('name'), str(name)],
    ...(options === undefined ? [] : [[str('options'), options] as const]),
  ];
}

const CUSTOMIZATION_KEYS = [
  'embeddedMachineConfiguration',
  'extraKernelArgs',
  'meta',
  'systemExtensions',
  'bootloader',
  'secureboot',
  'diskImage',
] as const;

function customizationPairs(node: SchematicNode | undefined): readonly Pair[] {
  checkKeys(node, CUSTOMIZATION_KEYS, 'customization');
  const embedded = textOf(field(node, 'embeddedMachineConfiguration'), 'embeddedMachineConfiguration');
  const args = textsOf(field(node, 'extraKernelArgs'), 'extraKernelArgs');
  const meta = metaOf(field(node, 'meta'));
  const extensions = extensionsOf(field(node, 'systemExtensions'));
  const bootloader = bootloaderOf(field(node, 'bootloader'));
  const secureboot = securebootPairs(field(node, 'secureboot'));
  const sectorSize = sectorSizeOf(field(node, 'diskImage'));
  return [
    ...pair('embeddedMachineConfiguration', str(embedded), embedded !== ''),
    ...pair('extraKernelArgs', texts(args), args.length > 0),
    ...pair(
      'meta',
      seq(
        meta.map(({ key, value }) =>
          map([
            [str('key'), plain(String(key))],
            [str('value'), str(value)],
          ]),
        ),
      ),
      meta.length > 0,
    ),
    ...pair('systemExtensions', map([[str('officialExtensions'), texts(extensions)]]), extensions.length > 0),
    ...pair('bootloader', str(bootloader), bootloader !== 'none'),
    ...pair('secureboot', map(secureboot), secureboot.length > 0),
    ...pair('diskImage', map([[str('sectorSize'), plain(String(sectorSize))]]), sectorSize !== 0n),
  ];
}

function securebootPairs(node: SchematicNode | undefined): readonly Pair[] {
  checkKeys(node, ['enrollKeys', 'includeWellKnownCertificates'], 'secureboot');
  const enroll = textOf(field(node, 'enrollKeys'), 'secureboot.enrollKeys');
  const includes = flagOf(field(node, 'includeWellKnownCertificates'));
  return [
    ...pair('enrollKeys', str(enroll), enroll !== ''),
    ...pair('includeWellKnownCertificates', plain('true'), includes),
  ];
}

function metaOf(node: SchematicNode | undefined): readonly SchematicMeta[] {
  return itemsOf(node, 'meta').flatMap((item) => {
    if (isNull(item)) return [];
    checkKeys(item, ['key', 'value'], 'meta');
    const key = numberOf(field(item, 'key'), 'meta key', 255n);
    return [{ key: Number(key), value: textOf(field(item, 'value'), 'meta value') }];
  });
}

function extensionsOf(node: SchematicNode | undefined): readonly string[] {
  checkKeys(node, ['officialExtensions'], 'systemExtensions');
  return textsOf(field(node, 'officialExtensions'), 'officialExtensions');
}

function sectorSizeOf(node: SchematicNode | undefined): bigint {
  checkKeys(node, ['sectorSize'], 'diskImage');
  return numberOf(field(node, 'sectorSize'), 'sectorSize', 2n ** 64n - 1n);
}

const BOOTLOADERS = ['none', 'dual-boot', 'grub', 'sd-boot'] as const;

function bootloaderOf(node: SchematicNode | undefined): (typeof BOOTLOADERS)[number] {
  if (isNull(node)) return 'none';
  const text = textOf(node, 'bootloader');
  const known = BOOTLOADERS.find((bootloader) => bootloader === text);
  if (known === undefined)
    throw refused(`has the bootloader ${JSON.stringify(text)}; known are ${BOOTLOADERS.join(', ')}`, node?.line);
  return known;
}

function readOverlay(node: SchematicNode): SchematicOverlay {
  const options = field(node, 'options');
  return {
    image: textOf(field(node, 'image'), 'overlay.image'),
    name: textOf(field(node, 'name'), 'overlay.name'),
    ...(options?.kind === 'map'
      ? { options: Object.fromEntries(options.entries.map(({ key, value }) => [keyText(key), plainValue(value)])) }
      : {}),
  };
}

function readCustomization(node: SchematicNode): SchematicCustomization {
  const embedded = textOf(field(node, 'embeddedMachineConfiguration'), 'embeddedMachineConfiguration');
  const bootloader = bootloaderOf(field(node, 'bootloader'));
  const secureboot = field(node, 'secureboot');
  const enrollKeys = textOf(field(secureboot, 'enrollKeys'), 'enrollKeys');
  const sectorSize = Number(sectorSizeOf(field(node, 'diskImage')));
  const extensions = extensionsOf(field(node, 'systemExtensions'));
  return {
    ...(embedded === '' ? {} : { embeddedMachineConfiguration: embedded }),
    extraKernelArgs: textsOf(field(node, 'extraKernelArgs'), 'extraKernelArgs'),
    meta: metaOf(field(node, 'meta')),
    ...(extensions.length === 0 ? {} : { systemExtensions: { officialExtensions: extensions } }),
    ...(bootloader === 'none' ? {} : { bootloader }),
    ...(isNull(secureboot)
      ? {}
      : {
          secureboot: {
            ...(enrollKeys === '' ? {} : { enrollKeys }),
            includeWellKnownCertificates: flagOf(field(secureboot, 'includeWellKnownCertificates')),
          },
        }),
    ...(sectorSize === 0 ? {} : { diskImage: { sectorSize } }),
  };
}

function plainValue(node: SchematicNode): unknown {
  if (node.kind === 'seq') return node.items.map(plainValue);
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, value }) => [keyText(key), plainValue(value)]));
  const { resolved } = node;
  if (resolved.kind === 'null') return null;
  if (resolved.kind === 'bool' || resolved.kind === 'float') return resolved.value;
  if (resolved.kind === 'int')
    return Number.isSafeInteger(Number(resolved.value)) ? Number(resolved.value) : resolved.value;
  return resolved.kind === 'timestamp' ? dateOf(resolved.text, node.line) : node.text;
}

function dateOf(text: string, line: number): Date {
  const date = new Date(text);
  // Zones and nanoseconds would be lost, and with them the id.
  if (!text.endsWith('Z') || /\.\d{4}/.test(text)) {
    throw refused(`has the date ${text} in overlay.options; quote it`, line);
  }
  return date;
}

function keyText(key: SchematicNode): string {
  return key.kind === 'scalar' ? key.text : '';
}

function isNull(node: SchematicNode | undefined): node is undefined | (SchematicNode & { kind: 'scalar' }) {
  return node === undefined || (node.kind === 'scalar' && node.resolved.kind === 'null');
}

function entriesOf(node: SchematicNode | undefined, place: string): readonly SchematicEntry[] {
  if (isNull(node)) return [];
  if (node.kind !== 'map') throw refused(`has ${describe(node)} where ${place} is a map`, node.line);
  return node.entries;
}

function checkKeys(node: SchematicNode | undefined, known: readonly string[], place: string): void {
  for (const { key } of entriesOf(node, place)) {
    const name = keyText(key);
    if (known.includes(name)) continue;
    throw refused(`has the unknown key ${JSON.stringify(name)} in ${place}; known are ${known.join(', ')}`, key.line);
  }
}

function field(node: SchematicNode | undefined, name: string): SchematicNode | undefined {
  if (node?.kind !== 'map') return undefined;
  return node.entries.find(({ key }) => keyText(key) === name)?.value;
}

function itemsOf(node: SchematicNode | undefined, place: string): readonly SchematicNode[] {
  if (isNull(node)) return [];
  if (node.kind !== 'seq') throw refused(`has ${describe(node)} where ${place} is a list`, node.line);
  return node.items;
}

/** Numbers and booleans become their text, as go-yaml does; a date is refused by it from rc.5 on. */
function textOf(node: SchematicNode | undefined, place: string): string {
  if (isNull(node)) return '';
  if (node.kind !== 'scalar' || node.resolved.kind === 'timestamp')
    throw refused(`has ${describe(node)} where ${place} is a text`, node.line);
  return node.text;
}

/** go-yaml drops a null from a list of texts. */
function textsOf(node: SchematicNode | undefined, place: string): readonly string[] {
  return itemsOf(node, place)
    .filter((item) => !isNull(item))
    .map((item) => textOf(item, place));
}

function numberOf(node: SchematicNode | undefined, place: string, max: bigint): bigint {
  if (isNull(node)) return 0n;
  const value = node.kind === 'scalar' && node.resolved.kind === 'int' ? node.resolved.value : -1n;
  if (value < 0n || value > max)
    throw refused(`has ${describe(node)} where ${place} is a number from 0 to ${max}`, node.line);
  return value;
}

function flagOf(node: SchematicNode | undefined): boolean {
  if (isNull(node)) return false;
  if (node.kind !== 'scalar' || node.resolved.kind !== 'bool')
    throw refused(`has ${describe(node)} where true or false is wanted`, node.line);
  return node.resolved.value;
}

function describe(node: SchematicNode): string {
  if (node.kind === 'seq') return 'a list';
  if (node.kind === 'map') return 'a map';
  return node.resolved.kind === 'timestamp' ? `the date ${node.text} (quote it)` : JSON.stringify(node.text);
}

function str(text: string): Emittable {
  return { kind: 'str', text };
}

function plain(text: string): Emittable {
  return { kind: 'plain', text };
}

function seq(items: readonly Emittable[]): Emittable {
  return { kind: 'seq', items };
}

function texts(items: readonly string[]): Emittable {
  return seq(items.map(str));
}

function map(entries: readonly Pair[]): Emittable {
  return { kind: 'map', entries };
}

function pair(key: string, value: Emittable, isPresent: boolean): readonly Pair[] {
  return isPresent ? [[str(key), value]] : [];
}
