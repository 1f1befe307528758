/** A plan in the making: gives sketches of steps their ids, reasons and digests, and knows which steps there are already. */
import { canonicalJson } from './digest.ts';
import { valueOf, type FactName, type NodeObservation } from './observation.ts';
import type { PlanInput } from './planner.ts';
import type { FactDigest, Impact, Step, StepArguments } from './step.ts';

export interface Draft {
  readonly input: PlanInput;
  readonly barred: ReadonlySet<string>;
  readonly steps: Step[];
}

export interface Sketch {
  readonly kind: string;
  readonly node?: string;
  readonly args?: StepArguments;
  readonly because: string;
  readonly impact?: Impact;
  readonly preconditions?: readonly string[];
  readonly facts: readonly FactDigest[];
  readonly waitsFor: readonly string[];
  readonly waitingFor: string;
  readonly estimateMs: number;
}

export function add(draft: Draft, sketch: Sketch): void {
  draft.steps.push(finish(draft, sketch));
}

export function finish(draft: Draft, sketch: Sketch): Step {
  const where = sketch.node === undefined ? undefined : draft.input.cluster.originOf(['nodes', sketch.node])?.where;
  const spec = where === undefined ? undefined : `${where.file}:${where.line}:${where.column}`;
  return {
    v: 1,
    id: sketch.node === undefined ? sketch.kind : `${sketch.kind}/${sketch.node}`,
    kind: sketch.kind,
    ...(sketch.node === undefined ? {} : { node: sketch.node }),
    args: sketch.args ?? {},
    reason: { ...(spec === undefined ? {} : { spec }), fact: sketch.because },
    impact: sketch.impact ?? 'none',
    preconditions: sketch.preconditions ?? [],
    facts: sketch.facts,
    waitsFor: sketch.waitsFor,
    waitingFor: sketch.waitingFor,
    estimateMs: sketch.estimateMs,
  };
}

/** Those of the ids that are steps of this plan: what is done already need not be waited for. */
export function planned(draft: Draft, ids: readonly string[]): readonly string[] {
  return ids.filter((id) => wasPlanned(draft, id));
}

export function wasPlanned(draft: Draft, id: string): boolean {
  return draft.steps.some((step) => step.id === id);
}

export function reachedDigest(draft: Draft, observed: NodeObservation): FactDigest {
  return { path: `nodes/${observed.node}/reached`, digest: draft.input.digest(observed.reached.kind) };
}

export function factDigests(
  draft: Draft,
  observed: NodeObservation,
  names: readonly FactName[],
): readonly FactDigest[] {
  return names.map((name) => ({
    path: `nodes/${observed.node}/${name}`,
    digest: draft.input.digest(canonicalJson(valueOf<unknown>(observed.facts[name]) ?? null)),
  }));
}
