/** What differs between two machine configs, leaf by leaf, whatever their formatting, order of keys and of documents. Redacted. */
import { parseAllDocuments } from 'yaml';
import { IchorError } from '../errors.ts';
import { canonicalJson } from './digest.ts';
import { fieldsOf, isFields, textField, type Fields } from '../health/resource-fields.ts';
import type { ConfigDifference } from './observation.ts';
import { mayShow, SECRET } from './redact.ts';

type Documents = ReadonlyMap<string, unknown>;

/** Equal texts for configs that mean the same: for digests. */
export function canonicalConfig(config: string): string {
  return canonicalJson(
    [...parseConfig(config)]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, document]) => [name, withoutEmpty(document)]),
  );
}

/** How `from`, the running config, has to change to become `to`. Empty when they mean the same. */
export function diffConfigs(from: string, to: string): readonly ConfigDifference[] {
  const before = parseConfig(from);
  const after = parseConfig(to);
  const differences: ConfigDifference[] = [];
  for (const document of new Set([...before.keys(), ...after.keys()])) {
    if (!after.has(document)) differences.push({ document, path: '', change: 'removed' });
    else if (!before.has(document)) differences.push({ document, path: '', change: 'added' });
    else
      compare(
        { document, path: [], keys: [], into: differences },
        withoutEmpty(before.get(document)),
        withoutEmpty(after.get(document)),
      );
  }
  return differences;
}

function parseConfig(config: string): Documents {
  const documents = parseAllDocuments(config);
  const result = new Map<string, unknown>();
  if ('empty' in documents) return result;
  for (const document of documents) {
    const [problem] = document.errors;
    // The text is a config full of secrets: only where, never what.
    if (problem)
      throw new IchorError(
        'failed',
        `a machine config is not YAML (line ${problem.linePos?.[0].line ?? '?'}: ${problem.code})`,
      );
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    result.set(nameOf(fieldsOf(value), result), value);
  }
  return result;
}

function nameOf(fields: Fields, taken: ReadonlyMap<string, unknown>): string {
  const kind = textField(fields, 'kind');
  const name = textField(fields, 'name');
  const wanted = kind === undefined ? 'v1alpha1' : name === undefined ? kind : `${kind}/${name}`;
  let unique = wanted;
  for (let count = 2; taken.has(unique); count += 1) unique = `${wanted}#${count}`;
  return unique;
}

/** Talos drops what is empty when it writes a config again. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (!isFields(value)) return value ?? undefined;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const kept = withoutEmpty(inner);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

interface Place {
  readonly document: string;
  /** With list positions, for showing. */
  readonly path: readonly string[];
  /** Without them, for judging what may be shown. */
  readonly keys: readonly string[];
  readonly into: ConfigDifference[];
}

function compare(place: Place, from: unknown, to: unknown): void {
  if (canonicalJson(from) === canonicalJson(to)) return;
  if (isFields(from) && isFields(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      compare({ ...place, path: [...place.path, key], keys: [...place.keys, key] }, from[key], to[key]);
    }
    return;
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    for (let index = 0; index < Math.max(from.length, to.length); index += 1) {
      compare({ ...place, path: [...place.path, `[${index}]`] }, from[index], to[index]);
    }
    return;
  }
  place.into.push({
    document: place.document,
    path: place.path.join('.').replaceAll('.[', '['),
    change: from === undefined ? 'added' : to === undefined ? 'removed' : 'changed',
    ...(from === undefined ? {} : { from: shown(place.keys, from) }),
    ...(to === undefined ? {} : { to: shown(place.keys, to) }),
  });
}

/** Maps and lists that appear or vanish as a whole are named, not printed: any of their leaves may be a secret. */
function shown(keys: readonly string[], value: unknown): string {
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string' && mayShow(keys, item))
      ? JSON.stringify(value)
      : `(list of ${value.length})`;
  if (isFields(value)) return `(${Object.keys(value).join(', ')})`;
  const text = String(value);
  return mayShow(keys, text) ? text : SECRET;
}
