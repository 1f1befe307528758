/** The shape of a lint rule and how it names places. */
import type { SourcePosition } from '../../errors.ts';
import type { Finding } from '../finding.ts';
import type { Cluster, NodeSpec } from '../model.ts';
import type { EffectiveNetwork } from '../network/effective.ts';
import type { PatchFacts } from '../patch-facts.ts';
import type { Path } from '../tree.ts';

/** The cluster with what many rules ask of a node, computed once. */
export interface LintedCluster extends Cluster {
  patchesOf(node: NodeSpec): PatchFacts;
  networkOf(node: NodeSpec): EffectiveNetwork;
}

export interface LintRule {
  /** What the rule guards, for the list of rules in the documentation. */
  readonly name: string;
  readonly check: (cluster: LintedCluster) => readonly Finding[];
}

export interface Problem {
  readonly severity: Finding['severity'];
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
  readonly node?: string;
}

/** A finding at the first of the paths that the file sets. */
export function findingAt(cluster: Cluster, problem: Problem, ...paths: readonly Path[]): Finding {
  const where = placeOf(cluster, ...paths);
  return { ...problem, ...(where && { where }) };
}

export function placeOf(cluster: Cluster, ...paths: readonly Path[]): SourcePosition | undefined {
  for (const path of paths) {
    const where = cluster.originOf(path)?.where;
    if (where !== undefined) return where;
  }
  return undefined;
}
