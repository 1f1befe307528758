/** The one stream of events of a run. The terminal, `--output json`, the journal and the web view all render these and nothing else. */
import type { IchorErrorCode } from '../errors.ts';
import type { Condition } from '../health/condition.ts';
import type { NodeObservation } from './observation.ts';
import type { Plan } from './plan.ts';

export type RunEvent = EventHead & EventBody;

interface EventHead {
  readonly v: 1;
  readonly runId: string;
  /** Counts from 1 without gaps in a run. */
  readonly seq: number;
  /** Milliseconds since the epoch, by the run's clock. */
  readonly time: number;
  readonly node?: string;
  /** Id of the step. */
  readonly step?: string;
}

export type EventBody =
  | { readonly kind: 'run-started'; readonly cluster: string; readonly command: string }
  /** `complete` false: one node was read again while a step waited. */
  | { readonly kind: 'observed'; readonly nodes: readonly NodeObservation[]; readonly complete: boolean }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'step-started'; readonly description: string; readonly expectedMs: number }
  /** Sent when what is waited for changes, and again every ten seconds. `since` is the epoch time at which this wait began. */
  | {
      readonly kind: 'step-waiting';
      readonly what: string;
      readonly since: number;
      readonly sinceMs: number;
      readonly expectedMs: number;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'step-progress'; readonly message: string }
  | { readonly kind: 'step-done'; readonly evidence: string; readonly tookMs: number }
  | { readonly kind: 'step-skipped'; readonly evidence: string }
  /** Not run, because a step that it waits for failed or the run was stopped. */
  | { readonly kind: 'step-blocked'; readonly by: string }
  | { readonly kind: 'step-failed'; readonly code: IchorErrorCode; readonly message: string; readonly hint?: string }
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'run-finished'; readonly exit: RunExit; readonly message: string; readonly hint?: string };

/** Exit codes of design §4 as far as a run can end with them. */
export type RunExit = 0 | 1 | 2 | 3 | 4 | 5 | 130;

/** Takes every event in order. It must not throw; a sink that cannot write reports that by its own means. */
export type EventSink = (event: RunEvent) => void;
