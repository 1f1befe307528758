/** Properties of whole runs over faulty worlds. A failing case prints its seed and the world's calls; fast-check replays it by seed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../sim/virtual-clock.ts';
import type { Cluster } from '../spec/model.ts';
import { smallCluster } from '../../test/support/small-cluster.ts';
import { SmallWorld, type CallTrouble } from '../../test/support/small-world.ts';
import { createDigest } from './digest.ts';
import { createEmitter } from './emitter.ts';
import type { RunEvent } from './event.ts';
import { applyCluster, type RunParts, type RunResult } from './run.ts';

interface Bench {
  readonly cluster: Cluster;
  readonly clock: VirtualClock;
  readonly world: SmallWorld;
  readonly events: RunEvent[];
}

function bench(cluster: Cluster): Bench {
  const clock = createVirtualClock({ idleTurns: 1 });
  return { cluster, clock, world: new SmallWorld(cluster, clock), events: [] };
}

function run(
  on: Bench,
  signal: AbortSignal = new AbortController().signal,
  confirmed: readonly string[] = [],
): Promise<RunResult> {
  const parts: RunParts = {
    cluster: on.cluster,
    rendered: new Map(on.cluster.nodes.map((node) => [node.name, { config: node.name }])),
    observer: on.world,
    actions: on.world,
    clock: on.clock,
    digest: createDigest('test'),
    emit: createEmitter('run', on.clock, [(event) => on.events.push(event)]),
    parallel: 16,
    confirmed: new Set(confirmed),
    verify: async () => [],
  };
  return on.clock.run(applyCluster(parts, { command: 'ichor apply' }, signal));
}

describe('bring-up', () => {
  test('S2-36 S2-53 three control planes and two workers come up, and a second run does nothing', async () => {
    const on = bench(smallCluster({ controlPlanes: 3, workers: 2 }));

    const first = await run(on);
    const callsOfFirst = on.world.calls.length;
    const second = await run(on);

    expect(first).toMatchObject({ exit: 0 });
    expect(second).toMatchObject({ exit: 0, outcomes: [], plan: { steps: [], differences: [] } });
    expect(on.world.calls.length).toBe(callsOfFirst);
    expect(on.world.births).toEqual(['cp-1']);
  });

  test('every wait says what for and since when, and every step that ran ends with what was seen', async () => {
    const on = bench(smallCluster({ controlPlanes: 3 }));

    await run(on);

    const waits = on.events.filter((event) => event.kind === 'step-waiting');
    expect(waits.length).toBeGreaterThan(5);
    expect(waits.every((event) => event.what !== '' && event.time - event.sinceMs === event.since)).toBe(true);
    const started = on.events.filter((event) => event.kind === 'step-started').map((event) => event.step);
    const done = on.events
      .filter((event) => event.kind === 'step-done' && event.evidence !== '')
      .map((event) => event.step);
    expect(done.toSorted()).toEqual(started.toSorted());
    expect(on.events.map((event) => event.seq)).toEqual(on.events.map((_, index) => index + 1));
  });

  test('F2-8 with `cni: none` nodes end registered, and it is said that they wait for a CNI', async () => {
    const on = bench(smallCluster({ controlPlanes: 1, cni: 'none' }));

    const result = await run(on);

    expect(result.exit).toBe(0);
    const end = on.events.find(
      (event) => (event.kind === 'step-done' || event.kind === 'step-skipped') && event.step === 'node-ready/cp-1',
    );
    expect(end).toMatchObject({ evidence: expect.stringContaining('waits for a CNI') });
  });

  test('S2-38 an unreachable control plane is unknown: nothing is bootstrapped until it answers', async () => {
    const on = bench(smallCluster({ controlPlanes: 3 }));
    on.world.machine('cp-3').isSilent = true;
    const stop = new AbortController();
    on.clock.setTimer(10 * 60_000, () => stop.abort());

    const result = await run(on, stop.signal);

    expect(result.exit).toBe(130);
    expect(on.world.births).toEqual([]);
    expect(
      on.events.filter((event) => event.kind === 'step-waiting' && event.step === 'bootstrap-etcd/cp-1').at(-1),
    ).toMatchObject({ what: expect.stringContaining('no etcd exists on cp-3') });
  });

  test('a control plane that is confirmed to be gone is not waited for', async () => {
    const on = bench(smallCluster({ controlPlanes: 3 }));
    on.world.machine('cp-3').isSilent = true;

    const result = await run(on, undefined, ['cp-3']);

    expect(on.world.births).toEqual(['cp-1']);
    expect(result).toMatchObject({ exit: 5, message: expect.stringContaining('cp-3') });
  });

  test('killed right after the bootstrap, with the first control plane silent on the second run, no second etcd is born', async () => {
    const on = bench(smallCluster({ controlPlanes: 3 }));
    const kill = new AbortController();
    on.world.onCall = (moment) => {
      if (moment === 'after' && on.world.calls.at(-1) === 'bootstrap cp-1') kill.abort();
    };
    await run(on, kill.signal);
    on.world.machine('cp-1').isSilent = true;
    on.world.onCall = () => undefined;

    const second = await run(on);
    on.world.machine('cp-1').isSilent = false;
    const third = await run(on);

    expect(second.exit).toBe(5);
    expect(third.exit).toBe(0);
    expect(on.world.births).toEqual(['cp-1']);
  });

  test('a first control plane that was replaced joins the etcd of the others, and waits while they are silent', async () => {
    const on = bench(smallCluster({ controlPlanes: 3 }));
    await run(on);
    Object.assign(on.world.machine('cp-1'), { configuredAt: undefined, etcd: undefined });
    for (const name of ['cp-2', 'cp-3']) on.world.machine(name).isSilent = true;

    const alone = await run(on);
    const birthsAlone = [...on.world.births];
    for (const name of ['cp-2', 'cp-3']) on.world.machine(name).isSilent = false;
    const together = await run(on);

    expect(alone.exit).toBe(5);
    expect(birthsAlone).toEqual(['cp-1']);
    expect(together.exit).toBe(0);
    expect(on.world.births).toEqual(['cp-1']);
    expect(on.world.machine('cp-1').etcd?.cluster).toBe(1);
  });

  test('a machine that lost its config after accepting it gets it again', async () => {
    const on = bench(smallCluster({ controlPlanes: 1 }));
    on.clock.setTimer(1_000, () => {
      on.world.machine('cp-1').configuredAt = undefined;
    });

    const result = await run(on);

    expect(result.exit).toBe(0);
    expect(on.world.machine('cp-1').configs).toBe(2);
  });

  test('whatever is lost, held, broken, silenced or killed, every cluster ends up with one etcd, the same state, and nothing left to do', async () => {
    await fc.assert(
      fc.asyncProperty(faultyRuns(), async (script) => {
        const on = bench(
          smallCluster({ controlPlanes: script.controlPlanes, workers: script.workers, cni: script.cni }),
        );
        const clean = bench(on.cluster);
        await run(clean);

        for (const attempt of script.attempts) await runWithFaults(on, attempt);
        on.world.trouble = () => undefined;
        on.world.onCall = () => undefined;
        for (const machine of on.world.machines.values()) machine.isSilent = false;
        const healed = await run(on);
        const again = await run(on);

        expect(healed.exit, healed.message).toBe(0);
        expect(again.outcomes).toEqual([]);
        expect(on.world.births).toEqual(['cp-1']);
        expect(on.world.summary()).toEqual(clean.world.summary());
        for (const machine of on.world.machines.values()) expect(machine.configs, machine.node).toBe(1);
      }),
      { numRuns: 20 },
    );
  }, 120_000);
});

interface Attempt {
  readonly troubles: readonly { readonly n: number; readonly trouble: CallTrouble }[];
  readonly kill: { readonly moment: 'before' | 'during' | 'after'; readonly n: number } | undefined;
  readonly killAfterMs: number | undefined;
  readonly silent: readonly { readonly machine: number; readonly fromMs: number; readonly toMs: number }[];
}

function faultyRuns(): fc.Arbitrary<{
  controlPlanes: number;
  workers: number;
  cni: 'flannel' | 'none';
  attempts: Attempt[];
}> {
  const call = fc.integer({ min: 1, max: 12 });
  const attempt = fc.record({
    troubles: fc.array(
      fc.record({ n: call, trouble: fc.constantFrom('broken' as const, 'reply-lost' as const, 'reply-held' as const) }),
      { maxLength: 4 },
    ),
    kill: fc.option(
      fc.record({ moment: fc.constantFrom('before' as const, 'during' as const, 'after' as const), n: call }),
      { nil: undefined },
    ),
    killAfterMs: fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
    silent: fc.array(fc.record({ machine: fc.nat(7), fromMs: fc.nat(60_000), toMs: fc.nat(400_000) }), {
      maxLength: 3,
    }),
  });
  return fc.record({
    controlPlanes: fc.constantFrom(1, 3, 5),
    workers: fc.nat(3),
    cni: fc.constantFrom('flannel' as const, 'none' as const),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
  });
}

async function runWithFaults(on: Bench, attempt: Attempt): Promise<void> {
  const stop = new AbortController();
  const offset = on.world.calls.length;
  on.world.trouble = (_, n) => attempt.troubles.find((trouble) => trouble.n === n - offset)?.trouble;
  on.world.onCall = (moment, n) => {
    if (attempt.kill?.moment === moment && attempt.kill.n === n - offset) stop.abort();
  };
  const timers = attempt.silent.flatMap(({ machine, fromMs, toMs }) => {
    const target = [...on.world.machines.values()][machine % on.world.machines.size];
    if (target === undefined) return [];
    return [
      on.clock.setTimer(fromMs, () => (target.isSilent = true)),
      on.clock.setTimer(Math.max(fromMs, toMs), () => (target.isSilent = false)),
    ];
  });
  if (attempt.killAfterMs !== undefined) timers.push(on.clock.setTimer(attempt.killAfterMs, () => stop.abort()));
  await run(on, stop.signal);
  for (const cancel of timers) cancel();
}
