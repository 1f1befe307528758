/**
 * Reads the cluster file with the base files below it, and lays classes under nodes. The result is still a tree: every value
 * keeps the place and the layer that set it.
 */
import { dirname, join } from 'node:path';
import { nearest } from '../catalog/nearest.ts';
import type { SourcePosition } from '../errors.ts';
import type { Finding } from './finding.ts';
import { mergeTrees, pickKeys, settleMap, withoutKeys } from './merge.ts';
import type { Entry, MapTree, Tree } from './tree.ts';
import { parseTree } from './parse-tree.ts';
import { plainKey, treeAt } from './tree.ts';

export type ReadFile = (path: string) => string | undefined;

export interface Layers {
  /** Base files and the file itself as one; absent when nothing could be read. */
  readonly tree?: MapTree;
  readonly findings: readonly Finding[];
}

/** What the cluster level says of all machines, and a class or node may say anew. */
const MACHINE_KEYS = [
  'platform',
  'hardware',
  'install',
  'image',
  'volumes',
  'labels',
  'annotations',
  'taints',
  'certSANs',
  'boot',
  'proxmox',
  'power',
  'patches',
  'talos',
  'kubernetes',
];
const NETWORK_KEYS = ['nameservers', 'timeservers', 'gateway'];

export function readLayers(path: string, readFile: ReadFile): Layers {
  const reading: Reading = { readFile, findings: [] };
  const tree = readFileLayer(reading, { path, isBase: false, chain: [] });
  return { ...(tree && { tree }), findings: reading.findings };
}

export interface ResolvedNodes {
  /** The tree with each node as it stands on its classes and on what the cluster says of all machines. */
  readonly tree: MapTree;
  /** Class names of each node, base first. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly Finding[];
}

export function resolveNodes(tree: MapTree): ResolvedNodes {
  const findings: Finding[] = [];
  const classes = new Map<string, readonly string[]>();
  const nulls = new NullLedger();
  checkClasses(tree, findings);
  const nodes = treeAt(tree, ['nodes']);
  const entries = new Map<string, Entry>();
  for (const [name, entry] of nodes?.kind === 'map' ? nodes.entries : []) {
    const node = entry.value;
    if (node.kind !== 'map') {
      entries.set(name, entry);
      continue;
    }
    const chain = classChain(tree, node, { findings, node: name });
    classes.set(name, chain);
    entries.set(name, { keyWhere: entry.keyWhere, value: settleMap(layNode(tree, chain, node), nulls.note) });
  }
  // What a null in a class removes shows on the nodes that build on it.
  const rest = settleMap(withoutKeys(tree, ['classes', 'nodes']), nulls.note);
  const settled = new Map(rest.entries);
  for (const key of ['classes', 'nodes']) {
    const entry = tree.entries.get(key);
    if (entry?.value.kind !== 'map') continue;
    const value =
      key === 'nodes' ? settleMap({ ...entry.value, entries }, nulls.note) : settleMap(entry.value, () => undefined);
    settled.set(key, { keyWhere: entry.keyWhere, value });
  }
  return { tree: { ...rest, entries: settled }, classes, findings: [...findings, ...nulls.idle()] };
}

/** Nulls by their place: one in a class may remove something on one node and nothing on another. */
class NullLedger {
  readonly #removing = new Set<string>();
  readonly #all = new Map<string, { readonly key: string; readonly where: SourcePosition }>();

  readonly note = (key: string, entry: Entry, removes: boolean): void => {
    const place = `${entry.keyWhere.file}:${entry.keyWhere.line}:${entry.keyWhere.column}`;
    this.#all.set(place, { key: plainKey(key), where: entry.keyWhere });
    if (removes) this.#removing.add(place);
  };

  idle(): readonly Finding[] {
    return [...this.#all].flatMap(([place, { key, where }]) => {
      if (this.#removing.has(place)) return [];
      const message = `\`${key}\` is empty: that removes what is inherited, and nothing is`;
      return [
        {
          severity: 'warning',
          rule: 'null-removes-nothing',
          message,
          hint: `For an empty map write \`${key}: {}\`, else leave the key out.`,
          where,
        } satisfies Finding,
      ];
    });
  }
}

interface Reading {
  readonly readFile: ReadFile;
  readonly findings: Finding[];
}

interface FileLayer {
  readonly path: string;
  readonly isBase: boolean;
  /** The files that led here, to notice a circle. */
  readonly chain: readonly string[];
  readonly where?: SourcePosition;
}

function readFileLayer(reading: Reading, layer: FileLayer): MapTree | undefined {
  const { path, chain } = layer;
  const place = layer.where === undefined ? {} : { where: layer.where };
  if (chain.includes(path)) {
    reading.findings.push({
      severity: 'error',
      rule: 'extends-circle',
      message: `base files go in a circle: ${[...chain, path].join(' -> ')}`,
      ...place,
    });
    return undefined;
  }
  const text = reading.readFile(path);
  if (text === undefined) {
    const hint = layer.isBase
      ? `The path under \`extends\` is relative to ${chain.at(-1) ?? 'the file'}.`
      : 'Run `ichor init` to make one, or name it: --file PATH.';
    reading.findings.push({
      severity: 'error',
      rule: 'file-not-found',
      message: `${path} cannot be read: there is no such file`,
      hint,
      ...place,
    });
    return undefined;
  }
  const parsed = parseTree(path, text, layer.isBase ? { kind: 'base', file: path } : { kind: 'cluster' });
  reading.findings.push(...parsed.findings);
  if (parsed.tree === undefined) return undefined;
  noteSetAndAppended(parsed.tree, reading.findings);
  let under: MapTree | undefined;
  for (const base of basesOf(parsed.tree)) {
    const basePath = join(dirname(path), base.path);
    const tree = readFileLayer(reading, { path: basePath, isBase: true, chain: [...chain, path], where: base.where });
    if (tree !== undefined) under = under === undefined ? tree : mergeTrees(under, tree);
  }
  const own = withoutKeys(parsed.tree, ['extends']);
  return under === undefined ? own : mergeTrees(under, own);
}

function basesOf(tree: MapTree): readonly { readonly path: string; readonly where: SourcePosition }[] {
  const written = treeAt(tree, ['extends']);
  const items: readonly Tree[] = written === undefined ? [] : written.kind === 'list' ? written.items : [written];
  return items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ path: item.value, where: item.origin.where ?? noPlace(tree) }]
      : [],
  );
}

/** `hardware:` and `hardware+:` in one map contradict each other: the first says that nothing is inherited. */
function noteSetAndAppended(tree: Tree, findings: Finding[]): void {
  if (tree.kind === 'list') for (const item of tree.items) noteSetAndAppended(item, findings);
  if (tree.kind !== 'map') return;
  for (const [key, entry] of tree.entries) {
    noteSetAndAppended(entry.value, findings);
    const plain = plainKey(key);
    if (plain === key || !tree.entries.has(plain)) continue;
    const message = `\`${plain}\` and \`${key}\` stand in the same map: one replaces what is inherited, the other appends to it`;
    findings.push({
      severity: 'error',
      rule: 'set-and-appended',
      message,
      hint: `Write one list under \`${key}\` to append, or under \`${plain}\` to replace.`,
      where: entry.keyWhere,
    });
  }
}

function layNode(tree: MapTree, chain: readonly string[], node: MapTree): MapTree {
  let result = pickKeys(tree, MACHINE_KEYS);
  const network = treeAt(tree, ['network']);
  if (network?.kind === 'map') result = mergeTrees(result, pickKeys(network, NETWORK_KEYS));
  for (const name of chain) {
    const found = treeAt(tree, ['classes', name]);
    if (found?.kind === 'map') result = mergeTrees(result, withoutKeys(found, ['extends']));
  }
  return mergeTrees(result, node);
}

function checkClasses(tree: MapTree, findings: Finding[]): void {
  const classes = treeAt(tree, ['classes']);
  if (classes?.kind !== 'map') return;
  for (const [name, { value }] of classes.entries) {
    if (value.kind !== 'map') continue;
    const parent = treeAt(value, ['extends']);
    if (parent?.kind !== 'scalar' || parent.value === null) continue;
    const where = parent.origin.where ?? noPlace(tree);
    if (!classes.entries.has(String(parent.value))) {
      findings.push(unknownClass(tree, String(parent.value), { where, who: `class \`${name}\`` }));
    } else if (chainFrom(tree, name).isCircle) {
      findings.push({
        severity: 'error',
        rule: 'class-circle',
        message: `class \`${name}\` extends itself, by way of ${chainFrom(tree, name).names.join(', ')}`,
        where,
      });
    }
  }
}

function classChain(
  tree: MapTree,
  node: MapTree,
  context: { readonly findings: Finding[]; readonly node: string },
): readonly string[] {
  const written = treeAt(node, ['class']);
  if (written?.kind !== 'scalar' || written.value === null) return [];
  const name = String(written.value);
  if (treeAt(tree, ['classes', name]) === undefined) {
    const where = written.origin.where ?? noPlace(tree);
    context.findings.push({
      ...unknownClass(tree, name, { where, who: `node \`${context.node}\`` }),
      node: context.node,
    });
    return [];
  }
  return chainFrom(tree, name).names;
}

/** The class and those below it, base first. A circle is cut where it closes. */
function chainFrom(tree: MapTree, start: string): { readonly names: readonly string[]; readonly isCircle: boolean } {
  const names: string[] = [];
  let current: string | undefined = start;
  while (current !== undefined) {
    if (names.includes(current)) return { names, isCircle: true };
    if (treeAt(tree, ['classes', current]) === undefined) break;
    names.unshift(current);
    const parent: Tree | undefined = treeAt(tree, ['classes', current, 'extends']);
    current = parent?.kind === 'scalar' && parent.value !== null ? String(parent.value) : undefined;
  }
  return { names, isCircle: false };
}

function unknownClass(
  tree: MapTree,
  name: string,
  at: { readonly where: SourcePosition; readonly who: string },
): Finding {
  const classes = treeAt(tree, ['classes']);
  const known = classes?.kind === 'map' ? [...classes.entries.keys()] : [];
  const guess = nearest(name, known);
  const hint =
    guess === undefined ? `Classes of this file: ${known.join(', ') || 'none'}.` : `Did you mean \`${guess}\`?`;
  return {
    severity: 'error',
    rule: 'unknown-class',
    message: `${at.who} builds on class \`${name}\`, which does not exist`,
    hint,
    where: at.where,
  };
}

function noPlace(tree: MapTree): SourcePosition {
  return tree.origin.where ?? { file: '', line: 1, column: 1 };
}
