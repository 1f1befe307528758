/** Features as the catalogue defines them: known names, options of the right form, what must come first, and what each feature minds. */
import type { FeatureRemark } from '../../catalog/features/feature.ts';
import { FEATURES, findFeature } from '../../catalog/features/features.ts';
import { checkOptions } from '../../catalog/features/options.ts';
import { nearest } from '../../catalog/nearest.ts';
import type { Finding } from '../finding.ts';
import type { Feature, NodeSpec } from '../model.ts';
import { featureBefore, featuresOf } from '../node-features.ts';
import { listAt, valueAt } from '../patch-facts.ts';
import { parseSecretReference } from '../secret-reference.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const featureRules: readonly LintRule[] = [
  { name: 'features are in the catalogue, with options that it knows', check: checkNames },
  { name: 'what a feature waits for exists, and not in a circle', check: checkOrder },
  { name: 'each feature fits its nodes', check: checkNodes },
  { name: 'containerd’s configuration has one writer', check: checkContainerd },
];

function checkNames(cluster: LintedCluster): readonly Finding[] {
  return cluster.features.flatMap((feature) => {
    const lookup = findFeature(feature.name);
    if (lookup.kind === 'unknown') {
      const known = FEATURES.map(({ name }) => name).join(', ');
      const hint = lookup.nearest === undefined ? `It knows ${known}.` : `Did you mean \`${lookup.nearest}\`?`;
      return [
        findingAt(
          cluster,
          {
            severity: 'error',
            rule: 'unknown-feature',
            message: `the catalogue knows no feature \`${feature.name}\``,
            hint,
          },
          ['features', feature.name],
        ),
      ];
    }
    return checkOptions(
      lookup.definition,
      feature.options,
      (value) => parseSecretReference(value, cluster.file) !== undefined,
    ).map((remark) => placed(cluster, feature, remark));
  });
}

/** A volume must be on every node of the feature; a feature must be there as well. */
function checkOrder(cluster: LintedCluster): readonly Finding[] {
  return cluster.features.flatMap((feature) => {
    const after = feature.options['after'];
    if (after === undefined) return [];
    if (isCircle(cluster.features, feature)) {
      const message = `feature \`${feature.name}\` waits for itself, by way of \`${String(after)}\``;
      return [placed(cluster, feature, { severity: 'error', rule: 'feature-order', message, option: 'after' })];
    }
    if (cluster.features.some(({ name }) => name === after)) return [];
    const without = cluster.nodes.filter(
      ({ name, volumes }) => feature.nodes.includes(name) && !volumes.some((volume) => volume.name === after),
    );
    if (without.length === 0) return [];
    const known = [
      ...cluster.features.map(({ name }) => name),
      ...cluster.nodes.flatMap(({ volumes }) => volumes.map(({ name }) => name)),
    ];
    const guess = nearest(String(after), known);
    const message = `feature \`${feature.name}\` waits for \`${String(after)}\`, and ${without.map(({ name }) => `\`${name}\``).join(', ')} ${without.length === 1 ? 'has' : 'have'} no such volume, nor is it a feature`;
    return [
      placed(cluster, feature, {
        severity: 'error',
        rule: 'feature-order',
        message,
        ...(guess === undefined || guess === after ? {} : { hint: `Did you mean \`${guess}\`?` }),
        option: 'after',
      }),
    ];
  });
}

function isCircle(features: readonly Feature[], start: Feature): boolean {
  const seen = new Set<Feature>();
  for (let at = featureBefore(features, start); at !== undefined; at = featureBefore(features, at)) {
    if (at === start) return true;
    if (seen.has(at)) return false;
    seen.add(at);
  }
  return false;
}

/** The same remark for every node is said once. */
function checkNodes(cluster: LintedCluster): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const node of cluster.nodes) {
    for (const { feature, definition, use } of featuresOf(cluster, node)) {
      for (const remark of definition.lint?.(use) ?? []) {
        const finding = placed(cluster, feature, remark);
        const key = `${finding.rule}\0${finding.message}`;
        if (!found.has(key)) found.set(key, finding);
      }
    }
  }
  return [...found.values()];
}

const CONTAINERD_PART = '/etc/cri/conf.d/20-customization.part';

/** Two entries for the one file keep a node from coming up. */
function checkContainerd(cluster: LintedCluster): readonly Finding[] {
  return cluster.nodes.flatMap((node) => {
    const writers = containerdWriters(cluster, node);
    if (writers.length === 0) return [];
    return cluster.patchesOf(node).documents.flatMap((document) =>
      listAt(document.value, 'machine', 'files').flatMap((file, index) => {
        if (valueAt(file, 'path') !== CONTAINERD_PART) return [];
        const where = document.place(['machine', 'files', index]);
        return [
          {
            severity: 'error',
            rule: 'cri-reserved',
            message: `a patch of \`${node.name}\` writes ${CONTAINERD_PART}, which feature \`${writers.join('`, `')}\` writes as well: with two entries for it the node does not come up`,
            hint: 'Leave one of them out.',
            node: node.name,
            ...(where && { where }),
          } satisfies Finding,
        ];
      }),
    );
  });
}

function containerdWriters(cluster: LintedCluster, node: NodeSpec): readonly string[] {
  // Those that write there hold no secrets.
  return featuresOf(cluster, node)
    .filter(({ definition, use }) => definition.serviceConfigs === undefined && hasContainerd(definition.config?.(use)))
    .map(({ feature }) => feature.name);
}

function hasContainerd(config: { readonly containerd?: unknown } | undefined): boolean {
  return config?.containerd !== undefined;
}

function placed(cluster: LintedCluster, feature: Feature, remark: FeatureRemark): Finding {
  const { severity, rule, message, hint, option } = remark;
  const path = ['features', feature.name];
  return findingAt(
    cluster,
    { severity, rule, message, ...(hint === undefined ? {} : { hint }) },
    ...(option === undefined ? [] : [[...path, option]]),
    path,
  );
}
