/**
 * Runs the steps of a plan: each as soon as those that it waits for are done, side by side, generic over their kinds. Around every
 * action stands an observation; nothing is done twice, and "done" is what was seen afterwards.
 */
import type { Cluster, NodeSpec } from '../spec/model.ts';
import type { Clock } from '../system.ts';
import { DisruptionLog } from './disruption.ts';
import type { EventBody } from './event.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import type { Observer } from './observer.ts';
import { StepRun } from './step-run.ts';
import { kindOf } from './steps/registry.ts';
import type { NodeActions, StepKind } from './step-kind.ts';
import type { Step } from './step.ts';
import type { IchorError } from '../errors.ts';

export interface Engine {
  readonly cluster: Cluster;
  readonly observer: Observer;
  readonly actions: NodeActions;
  readonly clock: Clock;
  readonly confirmed: ReadonlySet<string>;
  readonly emit: Emit;
  /** How many actions run at once, of control planes and of workers each. */
  readonly parallel: number;
  readonly kindOf?: (step: Step) => StepKind;
}

/** Adds head and sequence number; `about` names the step and node of the event. */
export type Emit = (body: EventBody, about?: { readonly node?: string; readonly step?: string }) => void;

export type StepOutcome =
  | { readonly kind: 'done' | 'skipped'; readonly step: Step }
  | { readonly kind: 'failed'; readonly step: Step; readonly error: IchorError }
  | { readonly kind: 'blocked'; readonly step: Step; readonly by: string }
  | { readonly kind: 'interrupted'; readonly step: Step };

/** Resolves when every step has an outcome; a failed one blocks only those that wait for it. Never rejects. */
export async function runSteps(
  engine: Engine,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<readonly StepOutcome[]> {
  const outcomes = new Map<string, Promise<StepOutcome>>();
  const shared: Shared = {
    engine,
    looks: createLimiter(LOOKS_AT_ONCE),
    actions: { controlplane: createLimiter(engine.parallel), worker: createLimiter(engine.parallel) },
    disruptions: new DisruptionLog(steps),
  };
  for (const step of steps) {
    // Steps come after those that they wait for, so these have their promises already.
    const before = step.waitsFor.flatMap((id) => outcomes.get(id) ?? []);
    outcomes.set(step.id, runInTurn(shared, step, before, signal));
  }
  return Promise.all(outcomes.values());
}

/** Many more than actions: a look at a silent machine takes seconds and costs nothing, and must not keep others from being looked at. */
const LOOKS_AT_ONCE = 256;

interface Shared {
  readonly engine: Engine;
  readonly looks: Limiter;
  /** The cluster waits for its control planes, so they do not queue behind a hundred workers. */
  readonly actions: Readonly<Record<NodeSpec['role'], Limiter>>;
  readonly disruptions: DisruptionLog;
}

async function runInTurn(
  shared: Shared,
  step: Step,
  before: readonly Promise<StepOutcome>[],
  signal: AbortSignal,
): Promise<StepOutcome> {
  const { engine, disruptions } = shared;
  const earlier = await Promise.all(before);
  const obstacle = earlier.find((outcome) => outcome.kind !== 'done' && outcome.kind !== 'skipped');
  let outcome: StepOutcome;
  if (obstacle) {
    engine.emit(
      { kind: 'step-blocked', by: obstacle.step.id },
      { step: step.id, ...(step.node === undefined ? {} : { node: step.node }) },
    );
    outcome = { kind: 'blocked', step, by: obstacle.step.id };
  } else {
    const kind = (engine.kindOf ?? kindOf)(step);
    const role = engine.cluster.nodes.find((node) => node.name === step.node)?.role ?? 'controlplane';
    outcome = await new StepRun({ ...shared, actions: shared.actions[role], step, kind }).run(signal);
  }
  disruptions.settle(step);
  return outcome;
}
