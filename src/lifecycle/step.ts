/**
 * A step of a plan: versioned JSON data that can be printed, stored, reviewed and run by somebody else (design §4). What a step does
 * and when it is done belongs to its kind, a file in `steps/`.
 */

/** What running the step disturbs, from least to most. */
export type Impact = 'none' | 'live' | 'restart' | 'reboot' | 'resize' | 'upgrade' | 'reinstall' | 'destroys';

export interface Step {
  readonly v: 1;
  /** Stable for the same work on the same node: `apply-config/cp-1`. */
  readonly id: string;
  /** A key of the registry in `steps/registry.ts`. */
  readonly kind: string;
  /** Absent for steps about the whole cluster. */
  readonly node?: string;
  readonly args: StepArguments;
  readonly reason: StepReason;
  readonly impact: Impact;
  /** What must hold on the live node right before it runs, in words; the kind checks it. */
  readonly preconditions: readonly string[];
  /** The facts that the planner rested this step on. */
  readonly facts: readonly FactDigest[];
  /** Ids of the steps that must be done before. */
  readonly waitsFor: readonly string[];
  /** In words, what the step waits for while it is not done: `etcd on cp-2 to become a voter`. */
  readonly waitingFor: string;
  readonly estimateMs: number;
}

export type StepArguments = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface StepReason {
  /** The line of the spec that asks for it, `cluster.yaml:24:3`. */
  readonly spec?: string;
  /** The observed fact that makes it necessary. */
  readonly fact: string;
}

export interface FactDigest {
  /** `nodes/cp-1/stage` */
  readonly path: string;
  readonly digest: string;
}
