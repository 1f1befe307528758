/** A plan: what would be done, why, how long it takes, and what was seen but is left alone. Versioned JSON data without secrets. */
import type { Finding } from '../spec/finding.ts';
import type { ConfigDifference } from './observation.ts';
import type { Step } from './step.ts';

export interface Plan {
  readonly v: 1;
  readonly cluster: string;
  /** Keyed digest over the rendered configs: whether spec and secrets are still those that were planned from. */
  readonly specDigest: string;
  /** Milliseconds since the epoch, by the run's clock. */
  readonly createdAt: number;
  /** In an order in which they may run one after another. */
  readonly steps: readonly Step[];
  /** Nodes whose running config differs from the spec and that are left alone. */
  readonly differences: readonly NodeDifference[];
  readonly findings: readonly Finding[];
  /** Along the critical path, for unlimited parallelism. */
  readonly estimateMs: number;
}

export interface NodeDifference {
  readonly node: string;
  readonly differences: readonly ConfigDifference[];
  /** Why it is not a step. */
  readonly why: string;
}

/** Nothing to do and nothing differs: what a second run after success plans. */
export function isEmpty(plan: Plan): boolean {
  return plan.steps.length === 0 && plan.differences.length === 0;
}
