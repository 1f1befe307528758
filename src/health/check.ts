/** What a health condition is made of: a name, its stage, and a look at the running cluster. */
import type { KubernetesSession } from '../kubernetes/port.ts';
import type { Cluster, NodeSpec } from '../spec/model.ts';
import type { TalosNodeSession } from '../talos-api/port.ts';
import type { Condition, ConditionStage } from './condition.ts';

export interface HealthInput {
  readonly cluster: Cluster;
  readonly nodes: readonly HealthNode[];
  /** A session to a control plane's own API server, or why there is none. */
  readonly kubernetes:
    | { readonly kind: 'open'; readonly session: KubernetesSession }
    | { readonly kind: 'shut'; readonly why: string };
  readonly signal: AbortSignal;
}

export type HealthNode =
  | { readonly kind: 'open'; readonly spec: NodeSpec; readonly address: string; readonly session: TalosNodeSession }
  | { readonly kind: 'shut'; readonly spec: NodeSpec; readonly why: string };

export type OpenNode = HealthNode & { readonly kind: 'open' };

export interface HealthCheck {
  readonly name: string;
  readonly title: string;
  readonly stage: ConditionStage;
  check(input: HealthInput): Promise<Verdict>;
}

export type Verdict = Pick<Condition, 'state' | 'message' | 'evidence'> & {
  readonly state: 'succeeded' | 'skipped' | 'waiting' | 'failed';
};

export function succeeded(message: string, evidence: readonly string[] = []): Verdict {
  return { state: 'succeeded', message, evidence };
}

export function failed(message: string, evidence: readonly string[] = []): Verdict {
  return { state: 'failed', message, evidence };
}

export function skipped(message: string): Verdict {
  return { state: 'skipped', message, evidence: [] };
}

export function waiting(message: string, evidence: readonly string[] = []): Verdict {
  return { state: 'waiting', message, evidence };
}
