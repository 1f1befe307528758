/** What a field of a document is, as facts only: its type, since which minor, what it accepts and how patches merge it. */
import { documentTable, shapeOf, TALOS_MINORS, withoutPointer } from './tables.ts';
import type { DocumentTable, FieldShape, TalosMinor, TypeRef } from './tables.ts';

export interface FieldFacts {
  /** In words: text, list of numbers, duration, … */
  readonly type: string;
  /** The words that it accepts, when it is an enumeration. */
  readonly values: readonly string[];
  /** Keys below it, in the order of writing. */
  readonly keys: readonly string[];
  readonly merge: 'replace' | 'append' | 'by key' | 'own rule' | 'field by field';
  /** The first known minor that has it: 1.11 means 1.11 or before. */
  readonly since: TalosMinor;
}

/** Facts of a field of a kind (`v1alpha1` for the document without kind), or undefined when that minor does not have it. Indexes and keys of free maps are passed over. */
export function fieldFacts(
  kind: string,
  path: readonly (string | number)[],
  minor: TalosMinor,
): FieldFacts | undefined {
  const field = fieldAt(documentTable(minor), kind, path);
  if (field === undefined) return undefined;
  const shape = shapeOf(documentTable(minor), field.type);
  const since = TALOS_MINORS.find((known) => fieldAt(documentTable(known), kind, path) !== undefined) ?? minor;
  return {
    type: typeWords(field.type, documentTable(minor)),
    values: shape?.values ?? [],
    keys: shape?.fields.map(({ key }) => key) ?? [],
    merge: mergeOf(field, documentTable(minor)),
    since,
  };
}

function fieldAt(table: DocumentTable, kind: string, path: readonly (string | number)[]): FieldShape | undefined {
  const root = table.kinds.get(kind)?.root;
  let type: TypeRef | undefined = root === undefined ? undefined : { kind: 'named', name: root };
  let field: FieldShape | undefined;
  for (const step of path) {
    if (type === undefined) return undefined;
    const bare: TypeRef = withoutPointer(type);
    const shape = shapeOf(table, bare);
    const element: TypeRef | undefined = bare.kind === 'list' || bare.kind === 'map' ? bare.of : shape?.element;
    if (element !== undefined) type = element;
    else if (bare.kind === 'any' || shape?.rest !== undefined) type = { kind: 'any' };
    else {
      field = shape?.ownFormat === true ? undefined : shape?.fields.find(({ key }) => key === step);
      if (field === undefined) return undefined;
      type = field.type;
      continue;
    }
    field = field === undefined ? undefined : { ...field, type, replace: false };
  }
  return field;
}

const SCALAR_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  bool: 'true or false',
  duration: 'duration',
  bytes: 'base64',
};

const OWN_WORDS: Readonly<Record<string, string>> = {
  Addr: 'IP address',
  Prefix: 'address with prefix length',
  AddrPort: 'address with port',
  ByteSize: 'size',
  Size: 'size or percentage',
  DiskSize: 'size',
  Expression: 'expression in CEL',
  URL: 'URL',
  Endpoint: 'URL',
  HardwareAddr: 'hardware address',
  PortRange: 'port or range of ports',
  ArgValue: 'text or list of texts',
  Base64Bytes: 'base64',
  InstallDiskSizeMatcher: 'comparison with a size',
  PEMEncodedCertificate: 'certificate (crt in base64)',
  PEMEncodedKey: 'key (in base64)',
  PEMEncodedCertificateAndKey: 'certificate and key (crt, key in base64)',
};

function typeWords(type: TypeRef, table: DocumentTable): string {
  switch (type.kind) {
    case 'pointer':
      return typeWords(type.of, table);
    case 'any':
      return 'anything';
    case 'list':
      return `list of ${typeWords(type.of, table)}`;
    case 'map':
      return `map of ${typeWords(type.of, table)}`;
    case 'scalar':
      return SCALAR_WORDS[type.name] ?? 'number';
    case 'named':
      return namedWords(type.name, table);
  }
}

function namedWords(name: string, table: DocumentTable): string {
  const shape = table.types.get(name);
  if (shape?.element !== undefined)
    return `${shape.go === 'map' ? 'map' : 'list'} of ${typeWords(shape.element, table)}`;
  if ((shape?.values.length ?? 0) > 0) return 'one of its words';
  if (shape?.ownWrite === true) return 'file mode';
  if (shape?.rest !== undefined) return 'anything';
  return OWN_WORDS[name.slice(name.indexOf('.') + 1)] ?? 'section';
}

function mergeOf(field: FieldShape, table: DocumentTable): FieldFacts['merge'] {
  if (field.replace) return 'replace';
  const bare = withoutPointer(field.type);
  const shape = shapeOf(table, bare);
  if (shape?.ownMerge === true) return shape.go === 'slice' ? 'by key' : 'own rule';
  if (bare.kind === 'list' || shape?.go === 'slice') return 'append';
  if (bare.kind === 'map' || bare.kind === 'any') return 'field by field';
  return shape !== undefined && shape.go === 'struct' && !shape.ownFormat ? 'field by field' : 'replace';
}
