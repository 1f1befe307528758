/**
 * What an imported cluster file renders to, held against what the old tool made: value by value, whatever the order of keys and documents,
 * each difference with its reason. An empty value counts as none: Talos drops it.
 */
import { isRecord } from '../patch-facts.ts';
import type { Document } from '../../talos/documents-text.ts';
import { jsonText } from './draft.ts';
import type { PlainMap } from './plain-yaml.ts';

export interface ConfigDifference {
  readonly node: string;
  /** `v1alpha1`, `LinkConfig/eth0`. */
  readonly document: string;
  /** `machine.certSANs`; empty when the whole document is meant. */
  readonly path: string;
  /** As JSON; absent when that side does not say it. */
  readonly was?: string;
  readonly is?: string;
  readonly reason: string;
  /** Talos does the same with either. */
  readonly isSameMeaning: boolean;
}

interface Reason {
  readonly matches: (found: Found) => boolean;
  readonly reason: string;
  readonly isSameMeaning: boolean;
}

export interface Found {
  readonly document: string;
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

export function configDifferences(
  node: string,
  made: readonly Document[],
  rendered: readonly Document[],
): readonly ConfigDifference[] {
  const [before, after] = [byName(made), byName(rendered)];
  const found: Found[] = [];
  for (const document of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(document), after.get(document)];
    if (was === undefined || is === undefined) found.push({ document, path: '', was, is });
    else compare({ document, path: '', was, is }, found);
  }
  return found.map((one) => {
    const known = REASONS.find(({ matches }) => matches(one));
    return {
      node,
      document: one.document,
      path: one.path,
      ...(one.was !== undefined && { was: jsonText(one.was) }),
      ...(one.is !== undefined && { is: jsonText(one.is) }),
      reason: known?.reason ?? 'not explained: compare the two before you apply',
      isSameMeaning: known?.isSameMeaning ?? false,
    };
  });
}

function byName(documents: readonly Document[]): ReadonlyMap<string, unknown> {
  return new Map(
    documents.map(({ kind, name, value }) => [
      kind === undefined ? 'v1alpha1' : name === undefined ? kind : `${kind}/${name}`,
      withoutEmpty(value) ?? {},
    ]),
  );
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? item);
  if (!isRecord(value)) return value ?? undefined;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const kept = withoutEmpty(inner);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return entries.length === 0 ? undefined : sorted(Object.fromEntries(entries));
}

function sorted(map: PlainMap): PlainMap {
  return Object.fromEntries(Object.entries(map).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function compare(at: Found, found: Found[]): void {
  if (jsonText(at.was) === jsonText(at.is)) return;
  if (isRecord(at.was) && isRecord(at.is)) {
    for (const key of new Set([...Object.keys(at.was), ...Object.keys(at.is)])) {
      compare({ ...at, path: at.path === '' ? key : `${at.path}.${key}`, was: at.was[key], is: at.is[key] }, found);
    }
    return;
  }
  if (isNameList(at.path) && sameSet(at.was, at.is)) return;
  const isReordered = sameEntries(at.was, at.is);
  if (
    !isNameList(at.path) &&
    !isReordered &&
    Array.isArray(at.was) &&
    Array.isArray(at.is) &&
    at.was.length === at.is.length
  ) {
    const [was, is]: readonly [readonly unknown[], readonly unknown[]] = [at.was, at.is];
    for (const [index, item] of was.entries())
      compare({ ...at, path: `${at.path}[${index}]`, was: item, is: is[index] }, found);
    return;
  }
  found.push(at);
}

/** The first that fits is the reason. */
const REASONS: readonly Reason[] = [
  {
    matches: ({ path, was, is }) => isNameList(path) && isWithin(was, is),
    reason:
      'Ichor puts every name of the endpoint, the VIP and `certSANs` into both certificates, each once; none that was there is missing',
    isSameMeaning: true,
  },
  {
    matches: ({ document, path, was, is }) => LINKS.test(document) && path === 'up' && was === undefined && is === true,
    reason: 'a link that is configured comes up by itself; Ichor says so',
    isSameMeaning: true,
  },
  {
    matches: ({ document, path, was, is }) =>
      document.startsWith('LinkConfig') && path === '' && was === undefined && saysOnlyUp(is),
    reason: 'Ichor writes a document for every link that it knows; this one says only that the link comes up',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) =>
      /interfaces\[\d+\](\.vlans\[\d+\])?\.dhcp$/.test(path) && was === undefined && is === false,
    reason: 'an interface without `dhcp` has none; Ichor says so',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) => path.endsWith('hardwareAddr') && lower(was) === lower(is),
    reason: 'MAC addresses are written in small letters',
    isSameMeaning: true,
  },
  {
    matches: ({ document, path, was, is }) =>
      document === 'ResolverConfig' && path.startsWith('searchDomains') && is === undefined && isFalse(was),
    reason: 'that is the default of Talos',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was }) => path.startsWith('cluster.network.cni') && was !== undefined,
    reason: 'only control planes install the CNI; Ichor leaves it out on workers',
    isSameMeaning: true,
  },
  {
    matches: ({ path, is }) => path === 'machine.install.extraKernelArgs' && is === undefined,
    reason: 'the arguments stand in the image; talhelper repeated them for old boot loaders',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) => path === 'machine.install.image' && sameSchematic(was, is),
    reason: 'the same image under the name that the factory gives it since Talos 1.10',
    isSameMeaning: true,
  },
  {
    matches: ({ path, is }) =>
      path.startsWith('machine.nodeTaints') ||
      path.startsWith('machine.kubelet.extraConfig.registerWithTaints') ||
      (path === 'machine.kubelet.extraConfig' && isRecord(is) && Object.keys(is).join() === 'registerWithTaints'),
    reason: 'a worker may not change its own taints later, so that its kubelet registers with them',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) => path === 'cluster.controlPlane.endpoint' && String(is).startsWith(String(was)),
    reason: 'the port of the endpoint is written out',
    isSameMeaning: true,
  },
  {
    matches: ({ document, path, was, is }) =>
      document === 'KubeSpanConfig' && path === '' && was === undefined && isRecord(is) && is['enabled'] === false,
    reason: 'KubeSpan is off unless it is switched on; Talos 1.13 and later write it down',
    isSameMeaning: true,
  },
  {
    matches: ({ was, is }) => sameEntries(was, is),
    reason: 'the same entries in another order: patches of the cluster come before those of a node here',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) => path.endsWith('diskSelector.size') && lower(was) === lower(is),
    reason: 'the unit is spelt as Talos spells it',
    isSameMeaning: true,
  },
  {
    matches: ({ path, was, is }) => path.endsWith('install.wipe') && was === undefined && is === false,
    reason: 'that is the default of Talos',
    isSameMeaning: true,
  },
  {
    matches: ({ document, path }) => document === 'HostnameConfig' || path === 'machine.network.hostname',
    reason: 'the name of a node in the cluster file is its host name',
    isSameMeaning: false,
  },
];

/** Names in a certificate have no order. */
function isNameList(path: string): boolean {
  return /(^|\.)(certSANs|certExtraSANs)$/.test(path);
}

function isWithin(some: unknown, all: unknown): boolean {
  const names = new Set(Array.isArray(all) ? all : []);
  return (Array.isArray(some) ? some : []).every((name) => names.has(name));
}

function sameEntries(left: unknown, right: unknown): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return false;
  return jsonText(left.map(jsonText).toSorted()) === jsonText(right.map(jsonText).toSorted());
}

function sameSet(left: unknown, right: unknown): boolean {
  return isWithin(left, right) && isWithin(right, left);
}

const LINKS = /^(Link|Bond|Bridge|VLAN)Config/;

function saysOnlyUp(value: unknown): boolean {
  return (
    isRecord(value) &&
    value['up'] === true &&
    Object.keys(value).every((key) => ['apiVersion', 'kind', 'name', 'up'].includes(key))
  );
}

function isFalse(value: unknown): boolean {
  return value === false || (isRecord(value) && Object.values(value).every((inner) => inner === false));
}

function lower(value: unknown): string {
  return String(value).toLowerCase();
}

function sameSchematic(was: unknown, is: unknown): boolean {
  const id = /\/([0-9a-f]{64}:v[\w.-]+)$/;
  const [left, right] = [id.exec(String(was))?.[1], id.exec(String(is))?.[1]];
  return left !== undefined && left === right;
}
