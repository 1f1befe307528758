/** All rules of the lint, in the order of reading. A rule that is not in this list does not exist. */
import type { Finding } from '../finding.ts';
import type { Cluster, NodeSpec } from '../model.ts';
import type { EffectiveNetwork } from '../network/effective.ts';
import { effectiveNetwork } from '../network/effective.ts';
import type { PatchFacts } from '../patch-facts.ts';
import { createPatchReader } from '../patch-facts.ts';
import { addressRules } from './addresses.ts';
import { endpointRules } from './endpoint.ts';
import { featureRules } from './features.ts';
import { imageRules } from './image.ts';
import { installRules } from './install.ts';
import { networkRules } from './network.ts';
import { notActedOnRule } from './not-acted-on.ts';
import { patchRules } from './patches.ts';
import { placeholderRule } from './placeholders.ts';
import { rangeRules } from './ranges.ts';
import { referenceRules } from './references.ts';
import { registrationRules } from './registration.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { secretRules } from './secrets.ts';
import { topologyRules } from './topology.ts';
import { versionRules } from './versions.ts';

export const LINT_RULES: readonly LintRule[] = [
  ...topologyRules,
  ...endpointRules,
  ...addressRules,
  ...rangeRules,
  ...networkRules,
  ...versionRules,
  ...installRules,
  ...featureRules,
  ...imageRules,
  ...referenceRules,
  ...registrationRules,
  ...patchRules,
  ...secretRules,
  placeholderRule,
  notActedOnRule,
];

/** A class or cluster patch is seen on every node that has it; it is reported once, at its place. */
export function lintCluster(cluster: Cluster): readonly Finding[] {
  const seen = new Set<string>();
  const linted = prepared(cluster);
  return LINT_RULES.flatMap((rule) => rule.check(linted)).filter((finding) => {
    if (finding.where === undefined) return true;
    const key = [
      finding.rule,
      finding.where.file,
      finding.where.line,
      finding.where.column,
      finding.node === undefined ? finding.message : '',
    ].join('\0');
    return !seen.has(key) && seen.add(key);
  });
}

function prepared(cluster: Cluster): LintedCluster {
  const readPatches = createPatchReader();
  const patches = new Map(cluster.nodes.map((node) => [node, readPatches(node)]));
  const networks = new Map<NodeSpec, EffectiveNetwork>();
  const patchesOf = (node: NodeSpec): PatchFacts => patches.get(node) ?? readPatches(node);
  const networkOf = (node: NodeSpec): EffectiveNetwork => {
    const network = networks.get(node) ?? effectiveNetwork(cluster, node, patchesOf(node));
    networks.set(node, network);
    return network;
  };
  return { ...cluster, patchesOf, networkOf };
}
