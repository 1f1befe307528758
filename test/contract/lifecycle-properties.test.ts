/**
 * Properties of whole runs over simulated machines with scripted faults (design §4). A failing case prints its seed and path; run it
 * again with `ICHOR_SEED=… ICHOR_PATH=…`. The virtual clock makes a run the same every time.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { votersOf } from '../../src/sim/cluster/etcd.ts';
import type { CallFault, FaultRule } from '../../src/sim/faults.ts';
import { createTwin, makeTwinSecrets, type Twin } from '../support/twin.ts';
import type { TestCluster } from './sim-support.ts';

let secrets: TestCluster;

beforeAll(async () => {
  secrets = await makeTwinSecrets();
});

interface Script {
  readonly talos: string;
  readonly controlPlanes: number;
  readonly workers: number;
  readonly cni: 'flannel' | 'none';
  readonly attempts: readonly Attempt[];
}

interface Attempt {
  readonly rules: readonly FaultRule[];
  readonly kill:
    | { readonly machine: number; readonly method: string; readonly nth: number; readonly delayMs: number }
    | undefined;
  readonly befalls: readonly {
    readonly machine: number;
    readonly atMs: number;
    readonly kind: 'silent' | 'restart';
    readonly forMs: number;
  }[];
}

test('S2-37 S2-38 whatever befalls calls, machines and the run itself: one etcd, born on the first control plane, the same end, and then nothing left to do', async () => {
  await fc.assert(
    fc.asyncProperty(scripts(), async (script) => {
      const twin = await createTwin(secrets, script);
      const watch = watchInvariants(twin);

      for (const attempt of script.attempts) await runWithFaults(twin, attempt);
      heal(twin);
      const healed = await applyUntilDone(twin);
      const again = await twin.apply();

      expect(healed.exit, healed.message).toBe(0);
      expect(again.plan).toMatchObject({ steps: [], differences: [] });
      expect(again.outcomes).toEqual([]);
      expect(watch.broken).toEqual([]);
      expect(twin.births()).toBe(1);
      expect(twin.simulation.inspect().map((machine) => [machine.stage, machine.installedOn, machine.isVoter])).toEqual(
        twin.cluster.nodes.map((node) => ['running', 'sda', node.role === 'controlplane']),
      );
    }),
    parameters(),
  );
}, 600_000);

/** A machine that was restarted in the middle of its install falls back into maintenance: that run fails, the next one mends it. */
async function applyUntilDone(twin: Twin): ReturnType<Twin['apply']> {
  const first = await twin.apply();
  return first.exit === 0 ? first : twin.apply();
}

/** What must hold at every moment, looked at after each change of the world. */
function watchInvariants(twin: Twin): { readonly broken: string[] } {
  const broken: string[] = [];
  let votersBefore = 0;
  twin.simulation.onChange(() => {
    if (twin.births() > 1) broken.push('a second etcd was born');
    const calls = [...twin.simulation.faults.calls.keys()];
    if (calls.some((call) => call.endsWith(' Bootstrap') && call !== 'm1 Bootstrap'))
      broken.push('another node than the first control plane was bootstrapped');
    if (
      calls.some((call) => / (Reset|Reboot|Shutdown|BlockDeviceWipe|EtcdRemoveMemberByID|EtcdLeaveCluster)$/.test(call))
    )
      broken.push(`something was taken away: ${calls.join(', ')}`);
    // By membership: a machine that a fault restarts stays a voter. Only a removal or a leave would take one away.
    const voters = Object.values(twin.simulation.world().clusters).reduce(
      (sum, { etcd }) => sum + votersOf(etcd).length,
      0,
    );
    if (voters < votersBefore) broken.push(`voters fell from ${votersBefore} to ${voters}`);
    votersBefore = voters;
  });
  return { broken };
}

async function runWithFaults(twin: Twin, attempt: Attempt): Promise<void> {
  const stop = new AbortController();
  for (const rule of attempt.rules) twin.simulation.faults.add(rule);
  const cancels = attempt.befalls.flatMap(({ machine, atMs, kind, forMs }) => {
    const name = nameOf(twin, machine);
    const begin = twin.clock.setTimer(atMs, () => twin.simulation.fault(name, { kind }));
    return kind === 'silent'
      ? [begin, twin.clock.setTimer(atMs + forMs, () => twin.simulation.fault(name, { kind: 'heal' }))]
      : [begin];
  });
  const { kill } = attempt;
  const before = new Map(twin.simulation.faults.calls);
  const unwatch =
    kill === undefined
      ? () => undefined
      : twin.simulation.onChange(() => {
          const call = `${nameOf(twin, kill.machine)} ${kill.method}`;
          const count = (twin.simulation.faults.calls.get(call) ?? 0) - (before.get(call) ?? 0);
          if (count >= kill.nth) twin.clock.setTimer(kill.delayMs, () => stop.abort());
        });
  // Whatever is not killed ends by itself before long: no run is waited for to its last deadline.
  cancels.push(twin.clock.setTimer(10 * 60_000, () => stop.abort()));
  await twin.apply(stop.signal);
  unwatch();
  for (const cancel of cancels) cancel();
  heal(twin);
}

function heal(twin: Twin): void {
  twin.simulation.faults.clear();
  for (const name of twin.simulation.names) twin.simulation.fault(name, { kind: 'heal' });
}

function nameOf(twin: Twin, index: number): string {
  return `m${(index % twin.simulation.names.length) + 1}`;
}

function scripts(): fc.Arbitrary<Script> {
  const machine = fc.nat(5);
  const method = fc.constantFrom(
    'ApplyConfiguration',
    'Bootstrap',
    'Get',
    'List',
    'ServiceList',
    'EtcdMemberList',
    'EtcdStatus',
    'Read',
  );
  const fault = fc.oneof(
    fc.constantFrom<CallFault>({ kind: 'silent' }, { kind: 'reply-held' }, { kind: 'reply-lost' }, { kind: 'broken' }),
    fc.record({ kind: fc.constant('slow' as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
  );
  const rule = fc.record({
    machine: machine.map((index) => `m${index + 1}`),
    method,
    nth: fc.integer({ min: 1, max: 8 }),
    fault,
  });
  const attempt: fc.Arbitrary<Attempt> = fc.record({
    rules: fc.array(rule, { maxLength: 6 }),
    kill: fc.option(
      fc.record({
        machine,
        method: fc.constantFrom('ApplyConfiguration', 'Bootstrap'),
        nth: fc.integer({ min: 1, max: 2 }),
        delayMs: fc.constantFrom(0, 1, 500, 20_000),
      }),
      { nil: undefined },
    ),
    befalls: fc.array(
      fc.record({
        machine,
        atMs: fc.nat(180_000),
        kind: fc.constantFrom('silent' as const, 'restart' as const),
        forMs: fc.integer({ min: 1_000, max: 120_000 }),
      }),
      { maxLength: 3 },
    ),
  });
  return fc.record({
    talos: fc.constantFrom('v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1'),
    controlPlanes: fc.constantFrom(1, 3, 5),
    workers: fc.nat(2),
    cni: fc.constantFrom('flannel' as const, 'none' as const),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 2 }),
  });
}

function parameters(): fc.Parameters<[Script]> {
  const { ICHOR_SEED: seed, ICHOR_PATH: path, ICHOR_RUNS: runs } = process.env;
  return {
    numRuns: Number(runs ?? 6),
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}
