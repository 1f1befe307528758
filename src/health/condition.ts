/** A named health condition and its state: what `status` and the end of every run print (talos-6 §9.7, Talos' `pkg/conditions`). */

/** The order in which a cluster can come up (field.md F2-8): nothing of a later stage can hold while an earlier one fails. */
export type ConditionStage = 'talos-api' | 'kubernetes-api' | 'ready';

/**
 * `running`: being checked. `waiting`: not so yet, for a reason outside Ichor that is no failure (no CNI). `skipped`: does not apply
 * here. `failed`: checked and not so. A check that could not be made is `failed` with the reason, never passed.
 */
export type ConditionState = 'running' | 'succeeded' | 'skipped' | 'waiting' | 'failed';

export interface Condition {
  /** kebab-case, stable: `etcd-healthy`. */
  readonly name: string;
  readonly title: string;
  readonly stage: ConditionStage;
  readonly state: ConditionState;
  /** One sentence: what was seen, or why it is not so. */
  readonly message: string;
  /** Per node, what it was judged by. */
  readonly evidence: readonly string[];
}
