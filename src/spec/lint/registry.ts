/** All rules of the lint, in the order of reading. A rule that is not in this list does not exist. */
import type { Finding } from '../finding.ts';
import type { Cluster } from '../model.ts';
import type { LintRule } from './rule.ts';

export const LINT_RULES: readonly LintRule[] = [];

export function lintCluster(cluster: Cluster): readonly Finding[] {
  return LINT_RULES.flatMap((rule) => rule.check(cluster));
}
