/**
 * The door to the cluster file: reads it with its layers, checks it, makes the model and lints it. Every problem is reported at
 * once, each at its place with the lines around it. Nothing but `readFile` touches the outside.
 */
import type { SourcePosition } from '../errors.ts';
import { assembleCluster } from './assemble.ts';
import type { Finding } from './finding.ts';
import { codeFrame } from './frame.ts';
import type { ReadFile } from './layers.ts';
import { readLayers, resolveNodes } from './layers.ts';
import type { Cluster } from './model.ts';
import type { PlacedFinding } from './schema/issues.ts';
import type { MapTree, Path, Tree } from './tree.ts';
import { plainValue } from './tree.ts';

export interface LoadOptions {
  readonly path: string;
  /** The text of a file, or undefined when there is none. */
  readonly readFile: ReadFile;
}

export interface LoadResult {
  /** Present when the file could be read in full; `findings` may still hold errors of the lint: ask `hasErrors` before acting on it. */
  readonly cluster?: Cluster;
  readonly findings: readonly Finding[];
}

export async function loadCluster(options: LoadOptions): Promise<LoadResult> {
  const sources = new Map<string, string>();
  const readFile = recording(options.readFile, sources);
  const layers = readLayers(options.path, readFile);
  const found: Finding[] = [...layers.findings];
  if (layers.tree === undefined) return { findings: framed(found, sources) };
  // What a base file that could not be read would have said is unknown, not missing.
  const isWholeFile = !hasErrors(layers.findings);
  const checked = (await checkDocument(layers.tree)).filter(
    ({ finding }) => isWholeFile || finding.rule !== 'missing-key',
  );
  found.push(...checked.map(({ finding }) => finding));
  let readable = layers.tree;
  for (const { path } of checked) readable = withoutPath(readable, path);
  const made = await makeCluster({ path: options.path, readFile }, readable, leftOutPaths(checked));
  if (isWholeFile) found.push(...made.findings);
  const isWhole = !hasErrors(found);
  if (made.cluster !== undefined) {
    const { lintCluster } = await import('./lint/registry.ts');
    found.push(...lintCluster(made.cluster));
  }
  const hidden = checked.flatMap(({ isHidden, finding }) =>
    isHidden === true && finding.where ? [finding.where] : [],
  );
  return { ...(isWhole && made.cluster && { cluster: made.cluster }), findings: framed(found, sources, hidden) };
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

/** Keeps the text of every file that is read, for the code frames. */
function recording(readFile: ReadFile, sources: Map<string, string>): ReadFile {
  return (path) => {
    const text = readFile(path);
    if (text !== undefined) sources.set(path, text);
    return text;
  };
}

async function checkDocument(tree: MapTree): Promise<readonly PlacedFinding[]> {
  const { documentSchema } = await import('./schema/document.ts');
  const { findingsOf } = await import('./schema/issues.ts');
  const result = documentSchema.safeParse(plainValue(tree));
  return result.success ? [] : findingsOf(documentSchema, tree, result.error.issues);
}

/** What was reported already: wrong values, and the right names of misspelt keys. */
function leftOutPaths(checked: readonly PlacedFinding[]): ReadonlySet<string> {
  return new Set(
    checked.flatMap(({ path, meant }) => (meant === undefined ? [path] : [path, meant])).map((path) => path.join('\0')),
  );
}

/** Undefined cluster when something that must be there was left out as wrong; that was reported already. */
async function makeCluster(
  options: LoadOptions,
  tree: MapTree,
  leftOut: ReadonlySet<string>,
): Promise<{ readonly cluster?: Cluster; readonly findings: readonly Finding[] }> {
  const resolved = resolveNodes(tree);
  const { documentSchema } = await import('./schema/document.ts');
  const result = documentSchema.safeParse(plainValue(resolved.tree));
  if (!result.success) {
    const { findingsOf } = await import('./schema/issues.ts');
    const issues = findingsOf(documentSchema, resolved.tree, result.error.issues);
    return {
      findings: [
        ...resolved.findings,
        ...issues.filter(({ path }) => !leftOut.has(path.join('\0'))).map(({ finding }) => finding),
      ],
    };
  }
  const made = assembleCluster({
    file: options.path,
    document: result.data,
    tree: resolved.tree,
    classes: resolved.classes,
    readFile: options.readFile,
  });
  return { cluster: made.cluster, findings: [...resolved.findings, ...made.findings] };
}

function withoutPath(tree: MapTree, path: Path): MapTree {
  const pruned = prune(tree, path);
  return pruned?.kind === 'map' ? pruned : { ...tree, entries: new Map() };
}

function prune(tree: Tree, path: Path): Tree | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  if (tree.kind === 'list') {
    const items = tree.items.flatMap((item, index) => (index === Number(key) ? (prune(item, rest) ?? []) : item));
    return { ...tree, items };
  }
  if (tree.kind !== 'map') return undefined;
  const entries = new Map(tree.entries);
  const name = entries.has(String(key)) ? String(key) : `${key}+`;
  const entry = entries.get(name);
  const value = entry === undefined ? undefined : prune(entry.value, rest);
  if (entry !== undefined && value !== undefined) entries.set(name, { keyWhere: entry.keyWhere, value });
  else entries.delete(name);
  return { ...tree, entries };
}

/** In the order of the file, each once, with the lines around it. */
function framed(
  found: readonly Finding[],
  sources: ReadonlyMap<string, string>,
  hidden: readonly SourcePosition[] = [],
): readonly Finding[] {
  const seen = new Set<string>();
  const unique = found.filter((finding) => {
    const key = JSON.stringify([finding.rule, finding.where, finding.message]);
    return !seen.has(key) && seen.add(key);
  });
  const files = [...sources.keys()];
  const secrets = [...hidden, ...unique.flatMap(({ rule, where }) => (where && isSecretRule(rule) ? [where] : []))];
  return unique
    .toSorted((left, right) => comparePlaces(files, left, right))
    .map((finding) => {
      const text = finding.where === undefined ? undefined : sources.get(finding.where.file);
      const frame =
        finding.where === undefined || text === undefined
          ? undefined
          : codeFrame(
              text,
              finding.where,
              secrets.filter(({ file }) => file === finding.where?.file),
            );
      return frame === undefined ? finding : { ...finding, frame };
    });
}

/** What such a finding points at must not be printed, by whatever other finding stands near it. */
function isSecretRule(rule: string): boolean {
  return rule === 'secret-as-text' || rule === 'secret-in-patch';
}

function comparePlaces(files: readonly string[], left: Finding, right: Finding): number {
  if (left.where === undefined || right.where === undefined)
    return Number(left.where === undefined) - Number(right.where === undefined);
  return (
    files.indexOf(left.where.file) - files.indexOf(right.where.file) ||
    left.where.line - right.where.line ||
    left.where.column - right.where.column
  );
}
