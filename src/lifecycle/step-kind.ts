/**
 * What a kind of step must know: how to say what it does, what to read, when it is done, whether it may act, and how it acts. The
 * engine is generic over this; judging is pure, so that "done" is always something observed (design §1.6).
 */
import type { IchorErrorCode } from '../errors.ts';
import type { Clock } from '../system.ts';
import type { FactName, Observation } from './observation.ts';
import type { Step } from './step.ts';

/** Which nodes are read to judge a step. */
export type Scope = 'node' | 'control-planes' | 'all';

export type Judgement =
  | { readonly kind: 'done'; readonly evidence: string }
  /** Not yet: what it waits for now, and what to look at should that never end. */
  | { readonly kind: 'pending'; readonly waitingFor: string; readonly hint?: string }
  | { readonly kind: 'failed'; readonly code: IchorErrorCode; readonly message: string; readonly hint?: string };

/** Whether the step may change the world in the state observed. */
export type Admission =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly waitingFor: string; readonly hint?: string };

export interface StepKind {
  readonly kind: string;
  readonly scope: Scope;
  readonly reads: readonly FactName[];
  /** Kubernetes' own view of the nodes is part of what is judged. */
  readonly readsKubernetes: boolean;
  /** How long the step may take in all before it counts as failed. */
  readonly deadlineMs: number;
  /** An imperative sentence without full stop. */
  describe(step: Step): string;
  judge(step: Step, observation: Observation): Judgement;
  /** Absent for steps that only wait. */
  readonly action?: StepAction;
}

export interface StepAction {
  admit(step: Step, observation: Observation): Admission;
  /**
   * After an accepted call the world must look different by this time; if it still looks as if nothing had been asked (a machine
   * that lost power before it wrote its config), the call is made again.
   */
  readonly repeatAfterMs: number;
  /**
   * Makes the one change. It is called again only when its outcome is unknown (a lost reply), when it asked for that with `retry`, or
   * after `repeatAfterMs`; and then only after a new observation that is neither done nor forbids it.
   */
  run(step: Step, context: StepContext, signal: AbortSignal): Promise<ActionOutcome>;
}

export type ActionOutcome =
  | { readonly kind: 'accepted' }
  /** The node is not ready to be asked; nothing has changed. */
  | { readonly kind: 'retry'; readonly why: string };

/** What actions may touch. Sessions are borrowed by node name; addresses are none of a step's business. */
export interface StepContext {
  readonly clock: Clock;
  readonly nodes: NodeActions;
  report(message: string): void;
}

/** The changing calls of bring-up, by name of the node. */
export interface NodeActions {
  /**
   * Sends the rendered config to a node in maintenance, after its identity and its own dry run have agreed. Open maintenance streams
   * are closed first, so that the node's API switches over at once (FINDINGS 3.1).
   */
  applyInMaintenance(node: string, signal: AbortSignal): Promise<ActionOutcome>;
  bootstrap(node: string, signal: AbortSignal): Promise<ActionOutcome>;
}

export function done(evidence: string): Judgement {
  return { kind: 'done', evidence };
}

export function pending(waitingFor: string, hint?: string): Judgement {
  return { kind: 'pending', waitingFor, ...(hint === undefined ? {} : { hint }) };
}
