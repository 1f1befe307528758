/** Turns what zod finds into findings: at the place in the file, in plain words, with the nearest right word. */
import { z } from 'zod';
import { nearest } from '../../catalog/nearest.ts';
import type { Finding } from '../finding.ts';
import type { MapTree, Path, Tree } from '../tree.ts';
import { keyWhereAt, treeAt } from '../tree.ts';

type Issue = z.core.$ZodIssue;

export interface PlacedFinding {
  readonly finding: Finding;
  /** The value to leave out so that the rest of the file can still be read. */
  readonly path: Path;
  /** For an unknown key: the path that was probably meant. */
  readonly meant?: Path;
  /** The value may be a secret: the lines around it must not be shown as they are. */
  readonly isHidden?: boolean;
}

export function findingsOf(schema: z.ZodType, tree: MapTree, issues: readonly Issue[]): readonly PlacedFinding[] {
  const found = issues.flatMap((issue) => findingsOfIssue({ schema, tree }, issue, []));
  // `nmae` beside a missing `name` is one mistake, not two.
  const meant = new Set(found.flatMap(({ meant: path }) => (path === undefined ? [] : [path.join('\0')])));
  return found.filter(({ finding, path }) => finding.rule !== 'missing-key' || !meant.has(path.join('\0')));
}

interface Context {
  readonly schema: z.ZodType;
  readonly tree: MapTree;
}

function findingsOfIssue(context: Context, issue: Issue, under: Path): readonly PlacedFinding[] {
  const path = [...under, ...issue.path.map(pathKey)];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(context, path, key));
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => findingsOfIssue(context, inner, path));
  }
  const value = treeAt(context.tree, path);
  if (value === undefined && path.length > 0) return [missingKey(context, path)];
  if (issue.code === 'invalid_key') return [badName(context, path, issue)];
  return [wrongValue(context, path, issue)];
}

function pathKey(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}

/** Of a union's branches the one that the value was surely meant for: right kind of value, and the fewest mistakes. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const meant = branches.filter(
    (issues) =>
      issues.length > 0 && issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  return meant.toSorted((left, right) => left.length - right.length)[0];
}

function unknownKey(context: Context, parent: Path, key: string): PlacedFinding {
  const path = [...parent, key];
  const known = keysAt(context.schema, parent);
  const guess = nearest(key, known);
  const hint = guess === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean \`${guess}\`?`;
  const where = keyWhereAt(context.tree, path);
  const message = `unknown key \`${key}\`${parent.length === 0 ? '' : ` in \`${dotted(parent)}\``}`;
  return {
    path,
    finding: { severity: 'error', rule: 'unknown-key', message, hint, ...(where && { where }), ...nodeOf(path) },
    ...(guess !== undefined && { meant: [...parent, guess] }),
  };
}

function missingKey(context: Context, path: Path): PlacedFinding {
  const parent = path.slice(0, -1);
  const where = keyWhereAt(context.tree, parent) ?? treeAt(context.tree, parent)?.origin.where;
  const message = `\`${String(path.at(-1))}\` is missing${parent.length === 0 ? '' : ` in \`${dotted(parent)}\``}`;
  return {
    path,
    finding: { severity: 'error', rule: 'missing-key', message, ...(where && { where }), ...nodeOf(path) },
  };
}

function badName(context: Context, path: Path, issue: Issue & { readonly code: 'invalid_key' }): PlacedFinding {
  const why = issue.issues[0]?.message ?? 'not a valid name';
  const where = keyWhereAt(context.tree, path);
  const message = `\`${String(path.at(-1))}\` cannot be a name here: ${why}`;
  return {
    path,
    finding: { severity: 'error', rule: 'invalid-name', message, ...(where && { where }), ...nodeOf(path) },
  };
}

function wrongValue(context: Context, path: Path, issue: Issue): PlacedFinding {
  const value = treeAt(context.tree, path);
  const hint = valueHint(context, path, issue);
  const where = value?.origin.where;
  const isHidden = mayBeSecret(path);
  const message = `\`${dotted(path)}\`: ${explained(issue)}${value === undefined || isHidden ? '' : foundText(value)}`;
  return {
    path,
    isHidden,
    finding: {
      severity: 'error',
      rule: 'invalid-value',
      message,
      ...(hint !== undefined && { hint }),
      ...(where && { where }),
      ...nodeOf(path),
    },
  };
}

function mayBeSecret(path: Path): boolean {
  return path[0] === 'features' || /key|secret|token|password|credential/i.test(String(path.at(-1)));
}

function foundText(value: Tree): string {
  if (value.kind !== 'scalar') return `, found a ${value.kind}`;
  return `, found ${typeof value.value === 'string' ? JSON.stringify(value.value) : String(value.value)}`;
}

function explained(issue: Issue): string {
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid'))
    return `expected ${issue.values
      .map(String)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1')}`;
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid'))
    return `expected ${kindName(issue.expected)}`;
  return issue.message;
}

function kindName(expected: string): string {
  const named: Readonly<Record<string, string>> = {
    record: 'a map',
    object: 'a map',
    array: 'a list',
    string: 'text',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
  };
  return named[expected] ?? expected;
}

function valueHint(context: Context, path: Path, issue: Issue): string | undefined {
  const value = treeAt(context.tree, path);
  const written = value?.kind === 'scalar' ? String(value.value) : undefined;
  if (written === undefined) return undefined;
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : wordsAt(context.schema, path);
  if (words.includes('true') || issue.message.includes('true or false'))
    return /^(yes|on|no|off)$/i.test(written)
      ? `Write \`${/^(yes|on)$/i.test(written) ? 'true' : 'false'}\`: YAML 1.2 reads \`${written}\` as text.`
      : undefined;
  const guess = nearest(written, words);
  return guess === undefined ? undefined : `Did you mean \`${guess}\`?`;
}

function wordsAt(schema: z.ZodType, path: Path): readonly string[] {
  return schemasAt(schema, path).flatMap((found) => {
    if (found instanceof z.ZodEnum) return found.options.map(String);
    return found instanceof z.ZodLiteral ? [...found.values].map(String) : [];
  });
}

/** The keys that the schema knows at a path. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  return [
    ...new Set(
      schemasAt(schema, path).flatMap((found) => (found instanceof z.ZodObject ? Object.keys(found.shape) : [])),
    ),
  ];
}

function schemasAt(schema: z.ZodType, path: Path): readonly z.ZodType[] {
  let current = unwrapped(schema);
  for (const key of path) current = current.flatMap((found) => stepInto(found, key)).flatMap(unwrapped);
  return current;
}

function stepInto(schema: z.ZodType, key: string | number): readonly z.ZodType[] {
  let next: unknown;
  if (schema instanceof z.ZodObject)
    next = Object.hasOwn(schema.shape, String(key)) ? schema.shape[String(key)] : undefined;
  else if (schema instanceof z.ZodRecord) next = schema.valueType;
  else if (schema instanceof z.ZodArray) next = schema.element;
  return next instanceof z.ZodType ? [next] : [];
}

function unwrapped(schema: unknown): readonly z.ZodType[] {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrapped);
  return schema instanceof z.ZodType ? [schema] : [];
}

function nodeOf(path: Path): { readonly node?: string } {
  return path[0] === 'nodes' && path[1] !== undefined ? { node: String(path[1]) } : {};
}

export function dotted(path: Path): string {
  let text = '';
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : `${text === '' ? '' : '.'}${key}`;
  return text;
}
