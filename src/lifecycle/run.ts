/**
 * A whole run: observe, plan, act, observe again, until nothing is left to do; then the health of the cluster. There is no other way
 * in which anything is changed, and nothing is remembered from one run to the next.
 */
import { ERROR_CODES, IchorError, type IchorErrorCode } from '../errors.ts';
import { isSettled } from '../health/health.ts';
import type { Condition } from '../health/condition.ts';
import type { Cluster } from '../spec/model.ts';
import type { Clock } from '../system.ts';
import type { Digest } from './digest.ts';
import { runSteps, type Emit, type StepOutcome } from './engine.ts';
import type { RunExit } from './event.ts';
import { barringFindings } from './findings.ts';
import { violationsOf } from './invariants.ts';
import type { Observation } from './observation.ts';
import { ALL_FACTS } from './observe.ts';
import type { Observer } from './observer.ts';
import { selectNodes, whyMoved, type Plan } from './plan.ts';
import { planCluster, type WantedConfig } from './planner.ts';
import type { NodeActions } from './step-kind.ts';

export interface RunParts {
  readonly cluster: Cluster;
  readonly rendered: ReadonlyMap<string, WantedConfig>;
  readonly observer: Observer;
  readonly actions: NodeActions;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly emit: Emit;
  readonly parallel: number;
  readonly confirmed: ReadonlySet<string>;
  /** Looks at the health conditions, until they hold or for so long; emits them itself. */
  readonly verify: (patienceMs: number, signal: AbortSignal) => Promise<readonly Condition[]>;
}

export interface RunRequest {
  readonly command: string;
  /** Only these nodes are changed; all are observed. */
  readonly nodes?: ReadonlySet<string>;
  /** A plan that was reviewed: it is run as it is or not at all. */
  readonly expected?: Plan;
  /** Asked once, before anything is changed. */
  readonly approve?: (plan: Plan) => Promise<boolean>;
}

export interface RunResult {
  readonly exit: RunExit;
  readonly message: string;
  readonly hint?: string;
  /** The last plan: what is left to do. */
  readonly plan?: Plan;
  readonly outcomes: readonly StepOutcome[];
  readonly conditions: readonly Condition[];
}

/** Each round ends with another observation; what a machine only tells after it was reached is done in the next. */
const MAX_ROUNDS = 5;
/** For what comes up by itself once every step is done: the last pods, CoreDNS. */
const HEALTH_PATIENCE_MS = 10 * 60_000;

/** What is observed and planned now, without changing anything. Rejects only when stopped or when the spec is wrong. */
export async function planOnly(
  parts: RunParts,
  request: Pick<RunRequest, 'nodes'>,
  signal: AbortSignal,
): Promise<{ readonly observation: Observation; readonly plan: Plan }> {
  const { cluster, clock, rendered, digest, confirmed, emit } = parts;
  const observation = await parts.observer.observe(
    { nodes: cluster.nodes.map((node) => node.name), facts: ALL_FACTS, kubernetes: true, effort: 'thorough' },
    signal,
  );
  emit({ kind: 'observed', nodes: observation.nodes, complete: true });
  const whole = planCluster({ cluster, rendered, observation, now: clock.now(), digest, confirmed });
  const plan = request.nodes === undefined ? whole : selectNodes(whole, request.nodes);
  emit({ kind: 'plan', plan });
  return { observation, plan };
}

/** Never rejects: how a run ends is its result, and the last event. */
export async function applyCluster(parts: RunParts, request: RunRequest, signal: AbortSignal): Promise<RunResult> {
  const progress: Progress = { outcomes: [], conditions: [] };
  parts.emit({ kind: 'run-started', cluster: parts.cluster.name, command: request.command });
  let ending: Ending;
  try {
    ending = await runRounds(parts, request, progress, signal);
  } catch (reason) {
    ending = signal.aborted ? INTERRUPTED : endingOf(reason);
  }
  parts.emit({ kind: 'run-finished', ...ending });
  return { ...ending, ...progress };
}

interface Progress {
  plan?: Plan;
  outcomes: readonly StepOutcome[];
  conditions: readonly Condition[];
}

type Ending = Pick<RunResult, 'exit' | 'message' | 'hint'>;

const INTERRUPTED: Ending = {
  exit: 130,
  message: 'stopped',
  hint: 'Nothing is lost: run the same command again to go on.',
};

async function runRounds(
  parts: RunParts,
  request: RunRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<Ending> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { observation, plan } = await planOnly(parts, request, signal);
    progress.plan = plan;
    if (round === 0) await admitPlan(request, plan);
    if (plan.steps.length === 0) return close(parts, request, progress, signal);
    const { cluster, confirmed } = parts;
    const [violation] = violationsOf(plan.steps, { cluster, observation, confirmed });
    if (violation)
      throw new IchorError('refused', violation.message, violation.hint === undefined ? {} : { hint: violation.hint });
    const outcomes = await runSteps(parts, plan.steps, signal);
    progress.outcomes = [...progress.outcomes, ...outcomes];
    signal.throwIfAborted();
    const failure = worstOf(outcomes);
    if (failure) {
      progress.conditions = await parts.verify(0, signal);
      return failure;
    }
  }
  throw new IchorError('failed', `after ${MAX_ROUNDS} rounds there is still something to do`, {
    hint: 'A node seems to fall back again and again; `ichor status` shows its state.',
  });
}

async function admitPlan(request: RunRequest, plan: Plan): Promise<void> {
  const moved = request.expected === undefined ? undefined : whyMoved(request.expected, plan);
  if (moved !== undefined)
    throw new IchorError('world-moved', `the plan does not fit any more: ${moved}`, {
      hint: 'Make and review a new plan.',
    });
  if (plan.steps.length === 0 || request.approve === undefined || (await request.approve(plan))) return;
  throw new IchorError('refused', 'the plan was not approved', { hint: 'Nothing was changed.' });
}

async function close(parts: RunParts, request: RunRequest, progress: Progress, signal: AbortSignal): Promise<Ending> {
  const { plan } = progress;
  const [barring] = plan === undefined ? [] : barringFindings(plan);
  // Of a cluster of which a part was left out, health is told but not waited for.
  const isWhole = barring === undefined && request.nodes === undefined;
  progress.conditions = await parts.verify(isWhole ? HEALTH_PATIENCE_MS : 0, signal);
  if (barring)
    return {
      exit: ERROR_CODES.refused.exit,
      message: barring.message,
      ...(barring.hint === undefined ? {} : { hint: barring.hint }),
    };
  const failing = progress.conditions.filter((condition) => condition.state === 'failed');
  const [first] = failing;
  if (isWhole && !isSettled(progress.conditions) && first) {
    return {
      exit: ERROR_CODES.failed.exit,
      message: `${first.title}: ${first.message}`,
      hint: 'Every step is done, but the cluster is not healthy; `ichor status --watch` goes on looking.',
    };
  }
  if (plan !== undefined && plan.differences.length > 0) {
    const names = plan.differences.map((difference) => difference.node).join(', ');
    return {
      exit: ERROR_CODES['changes-pending'].exit,
      message: `the config of ${names} differs from the spec and was left alone`,
    };
  }
  const waits = progress.conditions.find((condition) => condition.state === 'waiting');
  return {
    exit: 0,
    message: waits === undefined ? `${parts.cluster.name} is up` : `${parts.cluster.name} is up; ${waits.message}`,
  };
}

/** A failure on a node says more than what was blocked by it; a refusal more than a deadline. */
function worstOf(outcomes: readonly StepOutcome[]): Ending | undefined {
  const failures = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : []));
  const rank = (code: IchorErrorCode): number => [4, 3, 1, 5].indexOf(ERROR_CODES[code].exit);
  const [worst] = failures.toSorted((left, right) => rank(left.code) - rank(right.code));
  if (worst === undefined) return undefined;
  const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`;
  return { ...endingOf(worst), message: `${worst.message}${more}` };
}

function endingOf(reason: unknown): Ending {
  const error =
    reason instanceof IchorError
      ? reason
      : new IchorError('internal', `a defect in Ichor: ${String(reason)}`, { cause: reason });
  return {
    exit: ERROR_CODES[error.code].exit,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
