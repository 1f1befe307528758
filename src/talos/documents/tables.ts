/**
 * Access to the generated document tables (`src/gen/talos`): which kinds and fields a Talos minor knows, their types, enumerations
 * and merge rules. Facts from Talos' own machinery; nothing here is typed in by hand.
 */
import { json as table1_11 } from '../../gen/talos/1.11.ts';
import { json as table1_12 } from '../../gen/talos/1.12.ts';
import { json as table1_13 } from '../../gen/talos/1.13.ts';
import { json as table1_14 } from '../../gen/talos/1.14.ts';

export const TALOS_MINORS = ['1.11', '1.12', '1.13', '1.14'] as const;

/** A minor whose documents are known exactly. */
export type TalosMinor = (typeof TALOS_MINORS)[number];

export interface DocumentTable {
  /** The version of Talos' machinery that the table was read from. */
  readonly machinery: string;
  /** By kind; the document without a kind is called `v1alpha1`. */
  readonly kinds: ReadonlyMap<string, DocumentKind>;
  /** By Go name (`block.ProvisioningSpec`). */
  readonly types: ReadonlyMap<string, TypeShape>;
  /** What selectors in CEL can look at: by message, the CEL type of each field. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** CEL's functions and operators: `argument, argument -> result`, with a dot in front when it is a method. */
  readonly functions: Readonly<Record<string, readonly string[]>>;
  /** The OCI runtime spec, whose overrides must fit its types. */
  readonly runtimeSpec: { readonly root: string; readonly types: ReadonlyMap<string, TypeShape> };
}

export interface DocumentKind {
  readonly kind: string;
  /** Empty for the legacy document. */
  readonly apiVersion: string;
  readonly named: boolean;
  /** The name of its type. */
  readonly root: string;
}

export interface TypeShape {
  /** The Go kind underneath: struct, slice, map, int, uint8, … */
  readonly go: string;
  /** In the order in which Talos writes them; fields of inlined types are already in their place. Only for structs without their own format. */
  readonly fields: readonly FieldShape[];
  /** Set when the struct takes any other key as well, and keeps it. */
  readonly rest: TypeRef | undefined;
  /** For slices and maps. */
  readonly element: TypeRef | undefined;
  /** What an enumeration accepts; empty when it is none. */
  readonly values: readonly string[];
  /** Reads its own text: the fields are not the YAML. */
  readonly ownFormat: boolean;
  /** Merges by its own rule (lists by key, sizes, selectors, arguments). */
  readonly ownMerge: boolean;
  /** Reads like its Go kind, writes its own text (file modes). */
  readonly ownWrite: boolean;
}

export interface FieldShape {
  readonly key: string;
  readonly type: TypeRef;
  readonly omitEmpty: boolean;
  /** A patch's value replaces the whole field instead of being merged in. */
  readonly replace: boolean;
}

export type TypeRef =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'any' }
  | { readonly kind: 'list' | 'map' | 'pointer'; readonly of: TypeRef }
  | { readonly kind: 'named'; readonly name: string };

export type ScalarName =
  | 'string'
  | 'bool'
  | 'bytes'
  | 'duration'
  | 'int'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float64';

interface RawField {
  readonly key?: string;
  readonly inline?: boolean;
  readonly type: string;
  readonly omitempty?: boolean;
  readonly merge?: string;
}

interface RawShape {
  readonly go: string;
  readonly fields?: readonly RawField[];
  readonly element?: string;
  readonly values?: readonly string[];
  readonly ownFormat?: boolean;
  readonly ownMerge?: boolean;
  readonly ownWrite?: boolean;
}

interface RawTable {
  readonly machinery: string;
  readonly kinds: readonly {
    readonly kind: string;
    readonly apiVersion?: string;
    readonly named?: boolean;
    readonly root: string;
  }[];
  readonly types: Readonly<Record<string, RawShape>>;
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly functions: Readonly<Record<string, readonly string[]>>;
  readonly runtimeSpec: { readonly root: string; readonly types: Readonly<Record<string, RawShape>> };
}

const SOURCES: Readonly<Record<TalosMinor, string>> = {
  '1.11': table1_11,
  '1.12': table1_12,
  '1.13': table1_13,
  '1.14': table1_14,
};

/** Parsed once a minor; the text is constant, so that this is a memo and not state. */
const parsed = new Map<TalosMinor, DocumentTable>();

export function documentTable(minor: TalosMinor): DocumentTable {
  const known = parsed.get(minor);
  if (known !== undefined) return known;
  const table = parseTable(SOURCES[minor]);
  parsed.set(minor, table);
  return table;
}

/** `v1.13.9`, `1.13` … → `1.13`; undefined for a version whose documents are not known exactly (older, newer, or no version). */
export function talosMinorOf(version: string): TalosMinor | undefined {
  const match = /^v?(\d+)\.(\d+)(?:$|\.)/.exec(version);
  const minor = `${match?.[1]}.${match?.[2]}`;
  return TALOS_MINORS.find((known) => known === minor);
}

/** True when the version is newer than every minor with a table: then what is unknown is a notice and never an error. */
export function isNewerThanKnown(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)(?:$|\.)/.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 1 || (major === 1 && minor > 14);
}

/** The type behind pointers. */
export function withoutPointer(type: TypeRef): TypeRef {
  return type.kind === 'pointer' ? withoutPointer(type.of) : type;
}

/** The shape of a named type; undefined for the others. Pointers are looked through. */
export function shapeOf(table: DocumentTable, type: TypeRef): TypeShape | undefined {
  const bare = withoutPointer(type);
  return bare.kind === 'named' ? table.types.get(bare.name) : undefined;
}

function parseTable(text: string): DocumentTable {
  const raw: RawTable = JSON.parse(text);
  const kinds = raw.kinds.map((kind) => ({
    kind: kind.kind,
    apiVersion: kind.apiVersion ?? '',
    named: kind.named ?? false,
    root: kind.root,
  }));
  return {
    machinery: raw.machinery,
    kinds: new Map(kinds.map((kind) => [kind.kind, kind])),
    types: parseShapes(raw.types),
    messages: raw.messages,
    functions: raw.functions,
    runtimeSpec: { root: raw.runtimeSpec.root, types: parseShapes(raw.runtimeSpec.types) },
  };
}

type RawShapes = Readonly<Record<string, RawShape>>;

function parseShapes(raw: RawShapes): ReadonlyMap<string, TypeShape> {
  return new Map(Object.keys(raw).map((name) => [name, parseShape(raw, name)]));
}

function parseShape(raw: RawShapes, name: string): TypeShape {
  const shape = raw[name] ?? { go: 'struct' };
  const fields: FieldShape[] = [];
  let rest: TypeRef | undefined;
  for (const field of shape.fields ?? []) {
    if (field.inline !== true) {
      fields.push({
        key: field.key ?? '',
        type: parseTypeRef(field.type),
        omitEmpty: field.omitempty ?? false,
        replace: field.merge === 'replace',
      });
      continue;
    }
    const type = parseTypeRef(field.type);
    if (type.kind === 'map') rest = type.of;
    else if (type.kind === 'named') {
      const inlined = parseShape(raw, type.name);
      fields.push(...inlined.fields);
      rest = inlined.rest ?? rest;
    }
  }
  return {
    go: shape.go,
    fields,
    rest,
    element: shape.element === undefined ? undefined : parseTypeRef(shape.element),
    values: shape.values ?? [],
    ownFormat: shape.ownFormat ?? false,
    ownMerge: shape.ownMerge ?? false,
    ownWrite: shape.ownWrite ?? false,
  };
}

const CONTAINER = /^(list|map|ptr)<(.*)>$/;
const SCALARS: ReadonlySet<string> = new Set<ScalarName>([
  'string',
  'bool',
  'bytes',
  'duration',
  'int',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float64',
]);

function parseTypeRef(text: string): TypeRef {
  const container = CONTAINER.exec(text);
  if (container !== null) {
    const of = parseTypeRef(container[2] ?? '');
    if (container[1] === 'ptr') return { kind: 'pointer', of };
    return { kind: container[1] === 'list' ? 'list' : 'map', of };
  }
  if (text === 'any') return { kind: 'any' };
  return isScalarName(text) ? { kind: 'scalar', name: text } : { kind: 'named', name: text };
}

function isScalarName(text: string): text is ScalarName {
  return SCALARS.has(text);
}
