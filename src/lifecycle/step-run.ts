/**
 * One step from its first observation to its outcome: look, judge, act if need be and allowed, look again. The only loop in which
 * anything waits; how often it looks is decided here and nowhere else.
 */
import { assertNever, IchorError, messageOf, type IchorErrorCode } from '../errors.ts';
import { sleep } from '../system.ts';
import { canonicalJson } from './digest.ts';
import type { DisruptionLog } from './disruption.ts';
import type { Engine, StepOutcome } from './engine.ts';
import type { EventBody } from './event.ts';
import { isDisruption, violationsOfStart } from './invariants.ts';
import type { Limiter } from './limiter.ts';
import type { Observation } from './observation.ts';
import type { Step } from './step.ts';
import type { ActionOutcome, StepAction, StepKind } from './step-kind.ts';

export interface StepRunParts {
  readonly engine: Engine;
  readonly looks: Limiter;
  readonly actions: Limiter;
  readonly disruptions: DisruptionLog;
  readonly step: Step;
  readonly kind: StepKind;
}

/** A wait is announced again so often, for those who began to watch later. */
const ANNOUNCE_MS = 10_000;
/** After a lost reply the node gets this long to show what it made of the call. */
const LOST_REPLY_MS = 5_000;

/** What the step waits for while it is not done. */
interface Wait {
  readonly what: string;
  readonly hint?: string;
}

type Turn = { readonly kind: 'end'; readonly outcome: StepOutcome } | { readonly kind: 'wait'; readonly wait: Wait };

export class StepRun {
  readonly #parts: StepRunParts;
  readonly #startedAt: number;
  #isAnnounced = false;
  /** When the action may be called (again); undefined before its first call. */
  #repeatAt: number | undefined;
  #wait: { readonly what: string; readonly since: number; readonly announcedAt: number } | undefined;
  #lastSeen = '';

  constructor(parts: StepRunParts) {
    this.#parts = parts;
    this.#startedAt = parts.engine.clock.now();
  }

  async run(signal: AbortSignal): Promise<StepOutcome> {
    try {
      return await this.#loop(signal);
    } catch (reason) {
      if (signal.aborted) return { kind: 'interrupted', step: this.#parts.step };
      return this.#fail(
        reason instanceof IchorError
          ? reason
          : new IchorError('internal', `${this.#title()}: ${messageOf(reason)}`, { cause: reason }),
      );
    }
  }

  async #loop(signal: AbortSignal): Promise<StepOutcome> {
    const { engine, kind } = this.#parts;
    for (;;) {
      signal.throwIfAborted();
      const lookedAt = engine.clock.now();
      const turn = await this.#turn(await this.#look(signal), signal);
      if (turn.kind === 'end') return turn.outcome;
      const spent = engine.clock.now() - this.#startedAt;
      if (spent >= kind.deadlineMs) return this.#fail(this.#pastDeadline(turn.wait, spent));
      this.#announceWait(turn.wait);
      await sleep(engine.clock, pauseMs(spent, engine.clock.now() - lookedAt), signal);
    }
  }

  async #turn(observation: Observation, signal: AbortSignal): Promise<Turn> {
    const { step, kind } = this.#parts;
    const judgement = kind.judge(step, observation);
    switch (judgement.kind) {
      case 'done':
        return { kind: 'end', outcome: this.#finish(judgement.evidence) };
      case 'failed':
        return { kind: 'end', outcome: this.#fail(errorOf(judgement.code, judgement.message, judgement.hint)) };
      case 'pending':
        this.#announceStart();
        if (kind.action !== undefined && this.#mayCall()) return this.#act(kind.action, observation, signal);
        return { kind: 'wait', wait: waitOf(judgement.waitingFor, judgement.hint) };
      default:
        return assertNever(judgement);
    }
  }

  async #act(action: StepAction, observation: Observation, signal: AbortSignal): Promise<Turn> {
    const { engine, step, disruptions } = this.#parts;
    const admission = action.admit(step, observation);
    if (admission.kind === 'wait') return { kind: 'wait', wait: waitOf(admission.waitingFor, admission.hint) };
    const { cluster, confirmed } = engine;
    const violations = violationsOfStart(step, disruptions.inProgress(), { cluster, observation, confirmed });
    const lasting = violations.find((violation) => violation.invariant !== 'max-unavailable');
    if (lasting)
      return {
        kind: 'end',
        outcome: this.#fail(errorOf('refused', `${this.#title()}: ${lasting.message}`, lasting.hint)),
      };
    const [limit] = violations;
    if (limit) return { kind: 'wait', wait: waitOf(`its turn: ${limit.message}`) };
    // Waiting for a place would let the observation grow old; it is made again when there is one.
    if (this.#parts.actions.isFull()) return { kind: 'wait', wait: waitOf('its turn') };
    if (isDisruption(step, observation)) disruptions.begin(step);
    return { kind: 'wait', wait: waitOf(await this.#call(action, signal)) };
  }

  /** Makes the call and says in words what came of it. */
  async #call(action: StepAction, signal: AbortSignal): Promise<string> {
    const { engine, step } = this.#parts;
    const context = {
      clock: engine.clock,
      nodes: engine.actions,
      report: (message: string) => this.#emit({ kind: 'step-progress', message }),
    };
    let outcome: ActionOutcome;
    try {
      outcome = await this.#parts.actions.run(() => action.run(step, context, signal));
    } catch (reason) {
      if (signal.aborted || !isLostReply(reason)) throw reason;
      this.#repeatAt = engine.clock.now() + LOST_REPLY_MS;
      this.#emit({
        kind: 'step-progress',
        message: `the answer was lost (${messageOf(reason)}); looking at what became of it`,
      });
      return `${step.node ?? 'the cluster'} to show whether the call arrived`;
    }
    if (outcome.kind === 'retry') return outcome.why;
    this.#repeatAt = engine.clock.now() + action.repeatAfterMs;
    this.#emit({ kind: 'step-progress', message: 'accepted' });
    return step.waitingFor;
  }

  #mayCall(): boolean {
    return this.#repeatAt === undefined || this.#parts.engine.clock.now() >= this.#repeatAt;
  }

  async #look(signal: AbortSignal): Promise<Observation> {
    const { engine, looks, step, kind } = this.#parts;
    const request = { nodes: namesInScope(engine, kind, step), facts: kind.reads, kubernetes: kind.readsKubernetes };
    const observation = await looks.run(() => engine.observer.observe(request, signal));
    const seen = canonicalJson([observation.nodes, observation.kubernetes]);
    if (seen !== this.#lastSeen) this.#emit({ kind: 'observed', nodes: observation.nodes, complete: false });
    this.#lastSeen = seen;
    return observation;
  }

  #announceStart(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#emit({ kind: 'step-started', description: this.#title(), expectedMs: this.#parts.step.estimateMs });
  }

  #announceWait(wait: Wait): void {
    const now = this.#parts.engine.clock.now();
    const since = this.#wait?.what === wait.what ? this.#wait.since : now;
    const isNews = this.#wait?.what !== wait.what || now - this.#wait.announcedAt >= ANNOUNCE_MS;
    if (isNews) {
      const { step, kind } = this.#parts;
      this.#emit({
        kind: 'step-waiting',
        what: wait.what,
        since,
        sinceMs: now - since,
        expectedMs: step.estimateMs,
        deadlineMs: kind.deadlineMs,
      });
    }
    this.#wait = { what: wait.what, since, announcedAt: isNews ? now : (this.#wait?.announcedAt ?? now) };
  }

  #finish(evidence: string): StepOutcome {
    const { step, engine } = this.#parts;
    if (this.#isAnnounced) {
      this.#emit({ kind: 'step-done', evidence, tookMs: engine.clock.now() - this.#startedAt });
      return { kind: 'done', step };
    }
    this.#emit({ kind: 'step-skipped', evidence });
    return { kind: 'skipped', step };
  }

  #fail(error: IchorError): StepOutcome {
    const { step } = this.#parts;
    this.#announceStart();
    this.#emit({
      kind: 'step-failed',
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    return { kind: 'failed', step, error };
  }

  #pastDeadline(wait: Wait, spent: number): IchorError {
    return errorOf(
      'deadline',
      `${this.#title()}: after ${Math.round(spent / 1000)} s still waiting for ${wait.what}`,
      wait.hint ?? 'Nothing is lost: run the same command again to go on waiting.',
    );
  }

  #title(): string {
    return this.#parts.kind.describe(this.#parts.step);
  }

  #emit(body: EventBody): void {
    const { engine, step } = this.#parts;
    engine.emit(body, { step: step.id, ...(step.node === undefined ? {} : { node: step.node }) });
  }
}

const LONGEST_PAUSE_MS = 2_000;

/**
 * Quick at first, when most things happen, slower the longer it takes, and never more time looking than not: a hundred waiting nodes
 * must not keep themselves and this machine busy with being asked.
 */
function pauseMs(spentMs: number, lookMs: number): number {
  const wanted = spentMs < 10_000 ? 250 : spentMs < 120_000 ? 500 : LONGEST_PAUSE_MS;
  return Math.min(Math.max(wanted, lookMs), LONGEST_PAUSE_MS);
}

function namesInScope(engine: Engine, kind: StepKind, step: Step): readonly string[] {
  if (kind.scope === 'node') return step.node === undefined ? [] : [step.node];
  return engine.cluster.nodes
    .filter((node) => kind.scope === 'all' || node.role === 'controlplane')
    .map((node) => node.name);
}

/** The call may have arrived although no answer came back. */
function isLostReply(reason: unknown): boolean {
  return reason instanceof IchorError && (reason.code === 'unreachable' || reason.code === 'deadline');
}

function waitOf(what: string, hint?: string): Wait {
  return hint === undefined ? { what } : { what, hint };
}

function errorOf(code: IchorErrorCode, message: string, hint: string | undefined): IchorError {
  return new IchorError(code, message, hint === undefined ? {} : { hint });
}
