import { describe, expect, it } from 'vitest';
import { makeCluster, makeConfig, makeMachine } from '../../../test/contract/sim-support.ts';
import { createSimulation, type Simulation } from '../simulation.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { applyConfiguration } from './apply.ts';
import { bootstrap } from './etcd.ts';
import { startSequence } from './sequences.ts';
import type { TalosEventData } from './state.ts';

interface Bench {
  readonly clock: VirtualClock;
  readonly simulation: Simulation;
}

async function running(count = 1): Promise<Bench> {
  const clock = createVirtualClock();
  const cluster = await makeCluster('https://10.0.4.101:6443');
  const machines = Array.from({ length: count }, (_, index) => makeMachine(index + 1));
  const simulation = createSimulation({ clock, seed: 'sequences', machines });
  for (const name of simulation.names) simulation.power(name, 'on');
  await clock.advance(60_000);
  for (const [index, name] of simulation.names.entries()) {
    const text = makeConfig(cluster, {
      role: 'controlplane',
      hostname: `node-${index + 1}`,
      address: `10.0.4.10${index + 1}`,
      mac: `00:23:24:00:00:0${index + 1}`,
    });
    simulation.act(name, (turn) =>
      applyConfiguration(turn, { text, mode: 'auto', isDryRun: false }, simulation.validator),
    );
  }
  await clock.advance(150_000);
  simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
  await clock.advance(180_000);
  return { clock, simulation };
}

function sequenceEvents(
  simulation: Simulation,
  since: number,
): readonly Extract<TalosEventData, { kind: 'sequence' }>[] {
  const events = simulation.view('m1').run?.events ?? [];
  return events.slice(since).flatMap(({ data }) => (data.kind === 'sequence' ? [data] : []));
}

const RESET = { wholeDisk: false, labels: ['STATE', 'EPHEMERAL'], reboot: true, graceful: false };

describe('sequences', () => {
  it('a second Reboot takes over the first, which ends as canceled', async () => {
    const { simulation } = await running();
    const since = simulation.view('m1').run?.events.length ?? 0;

    const first = simulation.act('m1', (turn) => startSequence(turn, 'reboot', {}));
    const second = simulation.act('m1', (turn) => startSequence(turn, 'reboot', {}));

    expect(first).not.toBe(second);
    expect(sequenceEvents(simulation, since).map((event) => event.error?.code ?? event.action)).toEqual([
      'start',
      'canceled',
      'start',
    ]);
  });

  it('a Reset during a shutdown is answered and only an event without actor says that it is locked', async () => {
    const { simulation } = await running();
    simulation.act('m1', (turn) => startSequence(turn, 'shutdown', {}));

    const actor = simulation.act('m1', (turn) => startSequence(turn, 'reset', { reset: RESET }));

    const last = simulation.view('m1').run?.events.at(-1);
    expect(actor).not.toBe('');
    expect(last?.actor).toBeUndefined();
    expect(last?.data).toMatchObject({ kind: 'sequence', sequence: 'reset', error: { code: 'locked' } });
  });

  it('a Reset of STATE and EPHEMERAL keeps the installation and comes back in maintenance', async () => {
    const { clock, simulation } = await running();

    simulation.act('m1', (turn) => startSequence(turn, 'reset', { reset: RESET }));
    await clock.advance(90_000);

    expect(simulation.inspect()[0]).toMatchObject({ stage: 'maintenance', installedOn: 'sda' });
    expect(simulation.view('m1').machine.installation?.etcd).toBeUndefined();
  });

  it('a Reset of the whole disk leaves nothing to boot from it', async () => {
    const { clock, simulation } = await running();

    simulation.act('m1', (turn) => startSequence(turn, 'reset', { reset: { ...RESET, wholeDisk: true, labels: [] } }));
    await clock.advance(90_000);

    expect(simulation.inspect()[0]?.installedOn).toBeUndefined();
    expect(simulation.view('m1').run?.source).toBe('media');
  });

  it('a graceful Reset leaves etcd first, and the last member does not get away', async () => {
    const { clock, simulation } = await running(3);

    simulation.act('m3', (turn) => startSequence(turn, 'reset', { reset: { ...RESET, graceful: true } }));
    await clock.advance(1_000);
    const members = Object.values(simulation.world().clusters)[0]?.etcd.members.map((member) => member.machine);
    const single = await running();
    single.simulation.act('m1', (turn) => startSequence(turn, 'reset', { reset: { ...RESET, graceful: true } }));
    await single.clock.advance(310_000);

    expect(members).toEqual(['m1', 'm2']);
    expect(single.simulation.inspect()[0]).toMatchObject({ stage: 'running', boots: 2 });
  });

  it('comes back from a reboot as the member that it was', async () => {
    const { clock, simulation } = await running(3);
    const before = simulation.view('m2').member?.id;

    simulation.act('m2', (turn) => startSequence(turn, 'reboot', {}));
    await clock.advance(120_000);

    expect(simulation.view('m2').member?.id).toBe(before);
    expect(simulation.inspect()[1]).toMatchObject({ stage: 'running', ready: true, isVoter: true, boots: 3 });
  });
});
