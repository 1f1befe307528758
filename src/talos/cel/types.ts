/** Types of CEL and how one is assignable to another, as cel-go's checker decides it (`checker/types.go`). */

export type CelType =
  | { readonly kind: 'scalar'; readonly name: string }
  /** A parameter of a function's signature, or a type not known yet. */
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'message'; readonly name: string }
  /** list, map, optional_type, type */
  | { readonly kind: 'applied'; readonly name: string; readonly of: readonly CelType[] };

/** What the variables of an expression were found to be. */
export type Substitution = Map<string, CelType>;

export const BOOL: CelType = { kind: 'scalar', name: 'bool' };
export const DYN: CelType = { kind: 'scalar', name: 'dyn' };
export const STRING: CelType = { kind: 'scalar', name: 'string' };

export function scalar(name: string): CelType {
  return { kind: 'scalar', name };
}

export function listOf(of: CelType): CelType {
  return { kind: 'applied', name: 'list', of: [of] };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'applied', name: 'map', of: [key, value] };
}

export function typeOf(of: CelType): CelType {
  return { kind: 'applied', name: 'type', of: [of] };
}

const SCALARS = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'null_type',
  'dyn',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
]);

/** As the tables write them: `list(<A>)`, `map<string,uint>`, `talos.resource.definitions.block.DiskSpec`. */
export function parseType(text: string): CelType {
  const trimmed = text.trim();
  const parameter = /^<([A-Z])>$/.exec(trimmed);
  if (parameter !== null) return { kind: 'variable', name: parameter[1] ?? '' };
  const applied = /^(list|map|optional_type|type)[(<](.*)[)>]$/.exec(trimmed);
  if (applied !== null)
    return { kind: 'applied', name: applied[1] ?? '', of: splitTypes(applied[2] ?? '').map(parseType) };
  return SCALARS.has(trimmed) ? scalar(trimmed) : { kind: 'message', name: trimmed };
}

/** At commas that stand in no bracket. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '(' || character === '<') depth += 1;
    if (character === ')' || character === '>') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return part.trim() === '' ? parts : [...parts, part];
}

export function typeText(type: CelType): string {
  if (type.kind === 'variable') return 'dyn';
  if (type.kind !== 'applied') return type.name;
  return `${type.name}(${type.of.map(typeText).join(', ')})`;
}

/** Notes in `found` what variables must be; on failure `found` may be half filled, so that callers try on a copy. */
export function assignable(from: CelType, to: CelType, found: Substitution): boolean {
  if (!fits(from, to, found)) return false;
  // What is dyn once is dyn for all that shares the variable (`mostGeneral`).
  if (isDyn(resolved(from, found))) widen(to, found);
  if (isDyn(resolved(to, found))) widen(from, found);
  return true;
}

function widen(type: CelType, found: Substitution): void {
  let current = type;
  while (current.kind === 'variable') {
    const next = found.get(current.name);
    if (next === undefined || next.kind !== 'variable') {
      found.set(current.name, DYN);
      return;
    }
    current = next;
  }
}

function fits(from: CelType, to: CelType, found: Substitution): boolean {
  const [one, other] = [resolved(from, found), resolved(to, found)];
  if (one.kind === 'variable') return bind(one.name, other, found);
  if (other.kind === 'variable') return bind(other.name, one, found);
  if (isDyn(one) || isDyn(other)) return true;
  if (isNull(one) || isNull(other)) return takesNull(isNull(one) ? other : one);
  if (one.kind === 'applied' && other.kind === 'applied') {
    if (one.name !== other.name) return false;
    return one.name === 'type' || one.of.every((inner, index) => assignable(inner, other.of[index] ?? DYN, found));
  }
  return one.kind === other.kind && one.name === other.name;
}

/** The type with all that is known put in; what is not known is dyn when asked for at the end. */
export function substituted(type: CelType, found: Substitution, isFinal: boolean): CelType {
  const known = resolved(type, found);
  if (known.kind === 'variable') return isFinal ? DYN : known;
  return known.kind === 'applied'
    ? { ...known, of: known.of.map((inner) => substituted(inner, found, isFinal)) }
    : known;
}

export function isDyn(type: CelType): boolean {
  return type.kind === 'scalar' && type.name === 'dyn';
}

function resolved(type: CelType, found: Substitution): CelType {
  let current = type;
  while (current.kind === 'variable') {
    const next = found.get(current.name);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

function bind(name: string, type: CelType, found: Substitution): boolean {
  if (type.kind !== 'variable' || type.name !== name) found.set(name, type);
  return true;
}

function isNull(type: CelType): boolean {
  return type.kind === 'scalar' && type.name === 'null_type';
}

function takesNull(type: CelType): boolean {
  if (type.kind === 'scalar')
    return ['null_type', 'google.protobuf.Duration', 'google.protobuf.Timestamp'].includes(type.name);
  return type.kind === 'message' || (type.kind === 'applied' && type.name === 'optional_type');
}
