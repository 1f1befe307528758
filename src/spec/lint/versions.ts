/** Versions that must fit each other: Kubernetes to Talos, an installer's tag to the Talos version, nodes to control planes. */
import { compareVersions, isAtLeastMinor, minorOf } from '../../catalog/version.ts';
import { lintKubernetes, versionAdvice } from '../../catalog/versions.ts';
import type { SourcePosition } from '../../errors.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { controlPlanes } from '../model.ts';
import { valueAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt, placeOf } from './rule.ts';

export const versionRules: readonly LintRule[] = [
  { name: 'Kubernetes is one that this Talos runs', check: checkKubernetes },
  { name: 'Talos is a version that Ichor manages and nobody warns of', check: checkTalos },
  {
    name: 'an installer image has the tag of the Talos version',
    check: (cluster) => cluster.nodes.flatMap((node) => checkInstaller(cluster, node)),
  },
  { name: 'no node is ahead of the control planes', check: checkSkew },
];

const OLDEST_TALOS = '1.11';

/** Once for each pair of versions, at the first node that has it. */
function distinct(cluster: LintedCluster, key: (node: NodeSpec) => string): readonly NodeSpec[] {
  const first = new Map<string, NodeSpec>();
  for (const node of cluster.nodes) if (!first.has(key(node))) first.set(key(node), node);
  return [...first.values()];
}

function checkKubernetes(cluster: LintedCluster): readonly Finding[] {
  return distinct(cluster, (node) => `${node.talos} ${node.kubernetes}`).flatMap((node) =>
    lintKubernetes(node.talos, node.kubernetes).map(({ severity, rule, message, hint }) =>
      findingAt(
        cluster,
        { severity, rule, message, ...(hint !== undefined && { hint }), ...whose(cluster, node) },
        ['nodes', node.name, 'kubernetes'],
        ['kubernetes'],
      ),
    ),
  );
}

function checkTalos(cluster: LintedCluster): readonly Finding[] {
  return distinct(cluster, (node) => node.talos).flatMap((node) => {
    const at = (problem: Pick<Finding, 'severity' | 'rule' | 'message' | 'hint'>): Finding =>
      findingAt(cluster, { ...problem, ...whose(cluster, node) }, ['nodes', node.name, 'talos'], ['talos']);
    const old = isAtLeastMinor(node.talos, OLDEST_TALOS)
      ? []
      : [
          at({
            severity: 'error',
            rule: 'talos-too-old',
            message: `Talos ${node.talos} is older than what Ichor manages (${OLDEST_TALOS} and later)`,
            hint: 'Upgrade it minor by minor with talosctl first, or write the version that it is to become.',
          }),
        ];
    return [
      ...old,
      ...versionAdvice(node.talos).map(({ severity, rule, message, hint }) =>
        at({ severity, rule, message, ...(hint !== undefined && { hint }) }),
      ),
    ];
  });
}

function whose(cluster: LintedCluster, node: NodeSpec): { readonly node?: string } {
  return node.talos === cluster.talos && node.kubernetes === cluster.kubernetes ? {} : { node: node.name };
}

function checkInstaller(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const written: { readonly image: string; readonly where?: SourcePosition }[] = [];
  if (node.image.installer !== undefined) {
    const where = placeOf(cluster, ['nodes', node.name, 'image', 'installer']);
    written.push({ image: node.image.installer, ...(where && { where }) });
  }
  for (const document of cluster.patchesOf(node).documents) {
    for (const path of [
      ['machine', 'install', 'image'],
      ['installer', 'image'],
    ]) {
      const image = valueAt(document.value, ...path);
      if (typeof image !== 'string') continue;
      const where = document.place(path);
      written.push({ image, ...(where && { where }) });
    }
  }
  return written.flatMap(({ image, where }) => {
    const tag = tagOfImage(image);
    if (tag === undefined || tag === node.talos) return [];
    const message = `installer ${image} of \`${node.name}\` has the tag ${tag}, but its Talos version is ${node.talos}: an upgrade would install ${tag}`;
    const hint =
      'Leave the image out (it follows from `talos`, `hardware` and `image`), or keep tag and version equal.';
    return [
      {
        severity: 'error',
        rule: 'installer-tag-differs',
        message,
        hint,
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}

/** Undefined when the image is pinned by digest only. */
function tagOfImage(image: string): string | undefined {
  return /:(v[\w.+-]+)(?:@sha256:[0-9a-f]+)?$/.exec(image)?.[1];
}

function checkSkew(cluster: LintedCluster): readonly Finding[] {
  const planes = controlPlanes(cluster).map(({ kubernetes }) => kubernetes);
  const oldest = planes.toSorted(compareVersions)[0];
  if (oldest === undefined) return [];
  return cluster.nodes.flatMap((node) => {
    const ahead = compareVersions(minorOf(node.kubernetes), minorOf(oldest));
    if (ahead <= 0) return [];
    const message = `\`${node.name}\` runs Kubernetes ${node.kubernetes}, ahead of the control plane's ${oldest}: a kubelet must not be newer than the API server`;
    return [
      findingAt(cluster, { severity: 'error', rule: 'kubelet-ahead', message, node: node.name }, [
        'nodes',
        node.name,
        'kubernetes',
      ]),
    ];
  });
}
