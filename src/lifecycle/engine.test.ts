/** The engine with kinds of its own: what it guarantees whatever the steps are. */
import { describe, expect, test } from 'vitest';
import { smallCluster } from '../../test/support/small-cluster.ts';
import { SmallWorld } from '../../test/support/small-world.ts';
import { IchorError } from '../errors.ts';
import { createVirtualClock, type VirtualClock } from '../sim/virtual-clock.ts';
import { createEmitter } from './emitter.ts';
import { runSteps, type StepOutcome } from './engine.ts';
import type { RunEvent } from './event.ts';
import { read, unread, type Observation } from './observation.ts';
import { done, pending, type StepKind } from './step-kind.ts';
import type { Impact, Step } from './step.ts';

function step(
  id: string,
  options: { readonly node?: string; readonly waitsFor?: readonly string[]; readonly impact?: Impact } = {},
): Step {
  const { node, waitsFor = [], impact = 'none' } = options;
  return {
    v: 1,
    id,
    kind: 'test',
    ...(node === undefined ? {} : { node }),
    args: {},
    reason: { fact: 'test' },
    impact,
    preconditions: [],
    facts: [],
    waitsFor,
    waitingFor: `${id} to end`,
    estimateMs: 1_000,
  };
}

interface Bench {
  readonly clock: VirtualClock;
  readonly events: RunEvent[];
  /** Everything registered and running, as if brought up long ago. */
  readonly observe: () => Promise<Observation>;
  run(steps: readonly Step[], kind: StepKind, signal?: AbortSignal): Promise<readonly StepOutcome[]>;
}

function bench(workers = 0): Bench {
  const clock = createVirtualClock({ idleTurns: 1 });
  const cluster = smallCluster({ controlPlanes: 1, workers });
  const world = new SmallWorld(cluster, clock);
  const events: RunEvent[] = [];
  const observe = async (): Promise<Observation> => {
    const seen = await world.observe(
      { nodes: cluster.nodes.map((node) => node.name), facts: [], kubernetes: false },
      new AbortController().signal,
    );
    const nodes = seen.nodes.map((node) => ({
      ...node,
      reached: { kind: 'secure' as const, address: '10.0.4.9' },
      facts: {
        ...node.facts,
        etcd: unread<never>('test'),
        kubernetesNode: read(
          { name: node.node, internalIps: [], kubelet: '', ready: true, waitsForCni: false, schedulable: true },
          'test',
        ),
      },
    }));
    return { ...seen, nodes };
  };
  return {
    clock,
    events,
    observe,
    run(steps, kind, signal = new AbortController().signal) {
      const emit = createEmitter('run', clock, [(event) => events.push(event)]);
      return clock.run(
        runSteps(
          {
            cluster,
            observer: { observe },
            actions: world,
            clock,
            confirmed: new Set(),
            emit,
            parallel: 8,
            kindOf: () => kind,
          },
          steps,
          signal,
        ),
      );
    },
  };
}

/** Acts once, and is done so long after that. */
function timedKind(
  clock: VirtualClock,
  lastsMs: number,
  log: { readonly begun: string[]; busy: number; most: number },
): StepKind {
  const begunAt = new Map<string, number>();
  const ended = new Set<string>();
  return {
    kind: 'test',
    scope: 'node',
    reads: [],
    readsKubernetes: false,
    deadlineMs: 600_000,
    describe: (of) => of.id,
    judge(of) {
      const begun = begunAt.get(of.id);
      if (begun === undefined || clock.now() - begun < lastsMs) return pending(`${of.id} to end`);
      if (!ended.has(of.id)) log.busy -= 1;
      ended.add(of.id);
      return done('it ended');
    },
    action: {
      repeatAfterMs: 600_000,
      admit: () => ({ kind: 'go' }),
      async run(of) {
        begunAt.set(of.id, clock.now());
        log.begun.push(of.id);
        log.busy += 1;
        log.most = Math.max(log.most, log.busy);
        return { kind: 'accepted' };
      },
    },
  };
}

describe('runSteps', () => {
  test('a step begins when those that it waits for are done, and what waits for nothing runs beside', async () => {
    const on = bench();
    const log = { begun: [], busy: 0, most: 0 };

    const outcomes = await on.run(
      [step('a'), step('b'), step('c', { waitsFor: ['a', 'b'] })],
      timedKind(on.clock, 5_000, log),
    );

    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['done', 'done', 'done']);
    expect(log).toMatchObject({ begun: ['a', 'b', 'c'], most: 2 });
    const at = (kind: string, id: string): number =>
      on.events.find((event) => event.kind === kind && event.step === id)?.time ?? Number.NaN;
    expect(at('step-started', 'c')).toBeGreaterThanOrEqual(Math.max(at('step-done', 'a'), at('step-done', 'b')));
  });

  test('what is done already is skipped and not acted on', async () => {
    const on = bench();
    const log = { begun: [], busy: 0, most: 0 };
    const kind: StepKind = { ...timedKind(on.clock, 0, log), judge: () => done('seen') };

    expect(await on.run([step('a')], kind)).toMatchObject([{ kind: 'skipped' }]);
    expect(log.begun).toEqual([]);
    expect(on.events.at(-1)).toMatchObject({ kind: 'step-skipped', evidence: 'seen', step: 'a' });
  });

  test('a failure blocks what waits for it, directly or not, and nothing else', async () => {
    const on = bench();
    const log = { begun: [], busy: 0, most: 0 };
    const good = timedKind(on.clock, 1_000, log);
    const kind: StepKind = {
      ...good,
      judge: (of, seen) =>
        of.id === 'a' ? { kind: 'failed', code: 'failed', message: 'broken' } : good.judge(of, seen),
    };

    const outcomes = await on.run(
      [step('a'), step('b', { waitsFor: ['a'] }), step('c', { waitsFor: ['b'] }), step('d')],
      kind,
    );

    expect(outcomes.map((outcome) => `${outcome.step.id} ${outcome.kind}`)).toEqual([
      'a failed',
      'b blocked',
      'c blocked',
      'd done',
    ]);
  });

  test('a wait ends at its deadline and says what it waited for', async () => {
    const on = bench();
    const kind: StepKind = {
      kind: 'test',
      scope: 'node',
      reads: [],
      readsKubernetes: false,
      deadlineMs: 60_000,
      describe: (of) => `do ${of.id}`,
      judge: () => pending('the moon', 'Look up.'),
    };

    const [outcome] = await on.run([step('a')], kind);

    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'deadline',
        message: expect.stringMatching(/^do a: after 6\d s still waiting for the moon$/),
        hint: 'Look up.',
      },
    });
    const waits = on.events.filter((event) => event.kind === 'step-waiting');
    expect(waits.length).toBeGreaterThanOrEqual(6);
    expect(new Set(waits.map((event) => event.since)).size).toBe(1);
  });

  test('a reply that was lost is looked into before anything is asked again', async () => {
    const on = bench();
    let calls = 0;
    let arrived = false;
    const kind: StepKind = {
      kind: 'test',
      scope: 'node',
      reads: [],
      readsKubernetes: false,
      deadlineMs: 60_000,
      describe: (of) => of.id,
      judge: () => (arrived ? done('it had arrived') : pending('it')),
      action: {
        repeatAfterMs: 600_000,
        admit: () => ({ kind: 'go' }),
        async run() {
          calls += 1;
          on.clock.setTimer(2_000, () => (arrived = true));
          throw new IchorError('unreachable', 'the connection broke');
        },
      },
    };

    expect(await on.run([step('a')], kind)).toMatchObject([{ kind: 'done' }]);
    expect(calls).toBe(1);
  });

  test('an error that is no lost reply fails the step at once', async () => {
    const on = bench();
    const kind: StepKind = {
      kind: 'test',
      scope: 'node',
      reads: [],
      readsKubernetes: false,
      deadlineMs: 60_000,
      describe: (of) => of.id,
      judge: () => pending('it'),
      action: {
        repeatAfterMs: 1,
        admit: () => ({ kind: 'go' }),
        run: () => Promise.reject(new IchorError('failed', 'the node refuses')),
      },
    };

    expect(await on.run([step('a')], kind)).toMatchObject([
      { kind: 'failed', error: { code: 'failed', message: 'the node refuses' } },
    ]);
  });

  test('stopped, every step ends, and none is called failed', async () => {
    const on = bench();
    const stop = new AbortController();
    on.clock.setTimer(3_000, () => stop.abort());

    const outcomes = await on.run(
      [step('a'), step('b', { waitsFor: ['a'] })],
      timedKind(on.clock, 60_000, { begun: [], busy: 0, most: 0 }),
      stop.signal,
    );

    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['interrupted', 'blocked']);
    expect(on.events.some((event) => event.kind === 'step-failed')).toBe(false);
  });

  test('of workers that are taken away, one at a time: the others wait for their turn and say why', async () => {
    const on = bench(3);
    const log = { begun: [], busy: 0, most: 0 };
    const reboots = ['w-1', 'w-2', 'w-3'].map((node) => step(`reboot/${node}`, { node, impact: 'reboot' }));

    const outcomes = await on.run(reboots, timedKind(on.clock, 30_000, log));

    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['done', 'done', 'done']);
    expect(log.most).toBe(1);
    expect(on.events.some((event) => event.kind === 'step-waiting' && event.what.includes('its turn'))).toBe(true);
  });

  test('a control plane whose etcd was not read is not taken away', async () => {
    const on = bench();

    const [outcome] = await on.run(
      [step('reboot/cp-1', { node: 'cp-1', impact: 'reboot' })],
      timedKind(on.clock, 1, { begun: [], busy: 0, most: 0 }),
    );

    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'refused', message: expect.stringContaining('unknown') },
    });
  });
});
