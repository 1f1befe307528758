/** What patches of one node say against each other or against the spec, before Talos sees them. */
import type { SourcePosition } from '../../errors.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { controlPlanes } from '../model.ts';
import type { PatchDocument } from '../patch-facts.ts';
import { listAt, mapAt, valueAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const patchRules: readonly LintRule[] = [
  { name: 'every patch can be read', check: (cluster) => onEachNode(cluster, checkReadable) },
  { name: 'a file path stands once in machine.files', check: (cluster) => onEachNode(cluster, checkFiles) },
  { name: 'the host name comes from the spec alone', check: (cluster) => onEachNode(cluster, checkHostname) },
  { name: 'no ${…} is left', check: checkPlaceholders },
  { name: 'evictionHard is given in full', check: (cluster) => onEachNode(cluster, checkEviction) },
  { name: 'etcd has the same arguments on all members', check: checkEtcdArguments },
];

function onEachNode(
  cluster: LintedCluster,
  check: (cluster: LintedCluster, node: NodeSpec) => readonly Finding[],
): readonly Finding[] {
  return cluster.nodes.flatMap((node) => check(cluster, node));
}

function checkReadable(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const encrypted = cluster.patchesOf(node).documents.flatMap((document) => {
    if (valueAt(document.value, 'sops', 'mac') === undefined) return [];
    const where = document.place(['sops']);
    const message =
      'this patch file is encrypted by SOPS; patches are read as they stand, and Talos would be sent the ciphertext';
    const hint = 'Keep the secret in a file of its own and refer to it from a feature.';
    return [{ severity: 'error', rule: 'patch-encrypted', message, hint, ...(where && { where }) } satisfies Finding];
  });
  const broken = cluster.patchesOf(node).broken.map(
    ({ why, where }) =>
      ({
        severity: 'error',
        rule: 'patch-unreadable',
        message: `a patch is not valid YAML: ${why}`,
        ...(where && { where }),
      }) satisfies Finding,
  );
  return [...broken, ...encrypted];
}

/** Talos answers `EtcFileSpecs … already exists` and the node never comes up (F1-18). */
function checkFiles(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const first = new Map<string, SourcePosition | undefined>();
  const found: Finding[] = [];
  for (const document of cluster.patchesOf(node).documents) {
    for (const [index, file] of listAt(document.value, 'machine', 'files').entries()) {
      const path = valueAt(file, 'path');
      if (typeof path !== 'string') continue;
      const where = document.place(['machine', 'files', index]);
      if (!first.has(path)) first.set(path, where);
      else
        found.push({
          severity: 'error',
          rule: 'duplicate-file',
          message: `${path} is written twice on \`${node.name}\` (also at ${placeText(first.get(path))}): Talos refuses the second, and the node does not come up`,
          hint: 'Make one file of the two; lists of files are joined, not merged by path.',
          node: node.name,
          ...(where && { where }),
        });
    }
  }
  return found;
}

function checkHostname(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster.patchesOf(node).documents.flatMap((document) => {
    const path = document.kind === 'HostnameConfig' ? ['hostname'] : ['machine', 'network', 'hostname'];
    const hostname =
      document.kind === 'HostnameConfig' || document.kind === 'v1alpha1' ? valueAt(document.value, ...path) : undefined;
    if (typeof hostname !== 'string') return [];
    const where = document.place(path);
    const message = `a patch of \`${node.name}\` sets the host name ${JSON.stringify(hostname)}; the node's name in \`nodes:\` is its host name`;
    return [
      {
        severity: 'error',
        rule: 'hostname-in-patch',
        message,
        hint: 'Leave it out, or rename the node.',
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}

/** A template that nobody filled in would be sent as it stands (S1-13). */
function checkPlaceholders(cluster: LintedCluster): readonly Finding[] {
  // Most documents reach many nodes, and none holds a placeholder.
  const known = new Map<PatchDocument, readonly Placeholder[]>();
  return cluster.nodes.flatMap((node) =>
    cluster.patchesOf(node).documents.flatMap((document) => {
      const found = known.get(document) ?? placeholdersIn(document.value, []);
      known.set(document, found);
      return found.map((placeholder) => placeholderFinding(node, document, placeholder));
    }),
  );
}

function placeholderFinding(node: NodeSpec, document: PatchDocument, { path, text }: Placeholder): Finding {
  const where = document.place(path);
  const message = `\`${text}\` is sent as it stands: patches are not templates`;
  return {
    severity: 'error',
    rule: 'unresolved-placeholder',
    message,
    hint: 'Write the value; a secret goes into a feature as a reference.',
    node: node.name,
    ...(where && { where }),
  };
}

interface Placeholder {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Scripts in files and manifests may well hold `${…}` of their own; only upper-case names in short values are meant here. */
function placeholdersIn(value: unknown, path: readonly (string | number)[]): readonly Placeholder[] {
  if (typeof value === 'string') {
    const match = value.includes('\n') ? null : /\$\{[A-Z][A-Z0-9_]*\}/.exec(value);
    return match === null ? [] : [{ path, text: match[0] }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => placeholdersIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => placeholdersIn(item, [...path, key]));
}

const EVICTION_SIGNALS = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available'];

/** The map replaces the kubelet's defaults as a whole (F0-18). */
function checkEviction(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster.patchesOf(node).documents.flatMap((document) => {
    const path =
      document.kind === 'KubeletConfig'
        ? ['config', 'evictionHard']
        : ['machine', 'kubelet', 'extraConfig', 'evictionHard'];
    const written = mapAt(document.value, ...path);
    const missing = EVICTION_SIGNALS.filter((signal) => written[signal] === undefined);
    if (Object.keys(written).length === 0 || missing.length === 0) return [];
    const where = document.place(path);
    const message = `\`evictionHard\` of \`${node.name}\` replaces all defaults of the kubelet: without ${missing.join(', ')} the node is not guarded there`;
    return [
      {
        severity: 'warning',
        rule: 'eviction-incomplete',
        message,
        hint: `Give all of ${EVICTION_SIGNALS.join(', ')}.`,
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}

function checkEtcdArguments(cluster: LintedCluster): readonly Finding[] {
  const members = controlPlanes(cluster).map((node) => ({
    node,
    args: etcdArguments(cluster.patchesOf(node).documents),
  }));
  const names = new Set(members.flatMap(({ args }) => [...args.keys()]));
  return [...names].flatMap((name) => {
    const values = new Map<string, string[]>();
    for (const { node, args } of members) {
      const value = args.get(name)?.value ?? 'not set';
      values.set(value, [...(values.get(value) ?? []), node.name]);
    }
    if (values.size < 2) return [];
    const odd = members.find(({ args }) => args.has(name));
    const where = odd?.args.get(name)?.where;
    const message = `etcd argument \`${name}\` differs between members: ${[...values].map(([value, nodes]) => `${value} on ${nodes.join(', ')}`).join('; ')}`;
    const finding = findingAt(
      cluster,
      {
        severity: 'warning',
        rule: 'etcd-args-differ',
        message,
        hint: 'Put it into a patch of the class of all control planes.',
      },
      ['nodes', odd?.node.name ?? '', 'patches'],
    );
    return [where === undefined ? finding : { ...finding, where }];
  });
}

interface Argument {
  readonly value: string;
  readonly where?: SourcePosition;
}

function etcdArguments(documents: readonly PatchDocument[]): ReadonlyMap<string, Argument> {
  const found = new Map<string, Argument>();
  for (const document of documents) {
    for (const [name, value] of Object.entries(mapAt(document.value, 'cluster', 'etcd', 'extraArgs'))) {
      const where = document.place(['cluster', 'etcd', 'extraArgs', name]);
      found.set(name, { value: JSON.stringify(value), ...(where && { where }) });
    }
  }
  return found;
}

function placeText(where: SourcePosition | undefined): string {
  return where === undefined ? 'another patch' : `${where.file}:${where.line}`;
}
