/** A plan: what would be done, why, how long it takes, and what was seen but is left alone. Versioned JSON data without secrets. */
import type { Finding } from '../spec/finding.ts';
import { criticalPathMs } from './estimates.ts';
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

/** The part of a plan that is about some nodes only (`--node`); what other nodes' steps would have waited for is not waited for. */
export function selectNodes(plan: Plan, names: ReadonlySet<string>): Plan {
  const kept = plan.steps.filter((step) => step.node === undefined || names.has(step.node));
  const ids = new Set(kept.map((step) => step.id));
  const steps = kept.map((step) => ({ ...step, waitsFor: step.waitsFor.filter((id) => ids.has(id)) }));
  return {
    ...plan,
    steps,
    differences: plan.differences.filter((difference) => names.has(difference.node)),
    estimateMs: criticalPathMs(steps),
  };
}

/** Why a plan that was made earlier may not be run on the world as it is planned now; undefined when it may. */
export function whyMoved(earlier: Plan, now: Plan): string | undefined {
  if (earlier.cluster !== now.cluster) return `it is a plan for the cluster ${earlier.cluster}`;
  if (earlier.specDigest !== now.specDigest) return 'the spec or the secrets have changed since';
  const present = new Map(now.steps.map((step) => [step.id, step]));
  for (const step of earlier.steps) {
    const same = present.get(step.id);
    if (same === undefined) return `${step.id} is not needed any more`;
    const moved = step.facts.find(
      (fact) => same.facts.find((candidate) => candidate.path === fact.path)?.digest !== fact.digest,
    );
    if (moved) return `${moved.path} has changed since`;
    present.delete(step.id);
  }
  const [added] = present.keys();
  return added === undefined ? undefined : `${added} is needed now as well`;
}
