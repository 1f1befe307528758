/** The order of events as real nodes sent them, against the simulator's: hand-over and boot, bootstrap, reboot (recordings 05, 09, 14). */
import { beforeAll, describe, expect, it } from 'vitest';
import { applyConfiguration } from '../../src/sim/machine/apply.ts';
import { bootstrap } from '../../src/sim/machine/etcd.ts';
import { startSequence } from '../../src/sim/machine/sequences.ts';
import type { TalosEventData } from '../../src/sim/machine/state.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { readRecording } from './sim-replay.ts';
import { makeCluster, makeConfig, makeMachine, type TestCluster } from './sim-support.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await makeCluster('https://10.5.0.2:6443');
});

interface Bench {
  readonly clock: VirtualClock;
  readonly simulation: Simulation;
}

async function maintenance(talos: string): Promise<Bench> {
  const clock = createVirtualClock();
  const machine = makeMachine(1, { talos, platform: 'container', disks: [] });
  const simulation = createSimulation({ clock, seed: talos, machines: [machine] });
  simulation.power('m1', 'on');
  await clock.advance(60_000);
  return { clock, simulation };
}

function apply({ simulation }: Bench): void {
  const text = makeConfig(cluster, { role: 'controlplane', hostname: 'wire-1' }).replace(
    '\ncluster:',
    '\n  features: {hostDNS: {enabled: true, forwardKubeDNSToHost: true}}\ncluster:',
  );
  const reply = simulation.act('m1', (turn) =>
    applyConfiguration(turn, { text, mode: 'auto', isDryRun: false }, simulation.validator),
  );
  if (reply.kind === 'refused') throw new Error(reply.message);
}

/** What the recording's first Events stream showed, one line an event. */
function recorded(
  version: string,
  step: string,
  line: (type: string, data: Readonly<Record<string, string>>) => string | undefined,
): readonly string[] {
  const lines: string[] = [];
  for (const record of readRecording(version, step)) {
    // A second stream replays the history: it begins with the hello again.
    if (record.stream !== '/machine.MachineService/Events') continue;
    const { message } = JSON.parse(JSON.stringify(record));
    if (message.data?.['@type'] === undefined) {
      if (lines.length > 0) break;
      continue;
    }
    const found = line(message.data['@type'].replace('talos/runtime/machine.', ''), message.data);
    if (found !== undefined) lines.push(found);
  }
  return lines;
}

function simulated(
  { simulation }: Bench,
  since: number,
  line: (data: TalosEventData) => string | undefined,
): readonly string[] {
  return (simulation.view('m1').run?.events ?? []).slice(since).flatMap((event) => line(event.data) ?? []);
}

function count({ simulation }: Bench): number {
  return simulation.view('m1').run?.events.length ?? 0;
}

const recordedStep = (type: string, data: Readonly<Record<string, string>>): string | undefined => {
  // Only containers have this phase; the simulator's own container skips it.
  if (data['phase'] === 'sharedFilesystems') return undefined;
  if (type === 'SequenceEvent') return `sequence ${data['sequence']} ${data['action'] ?? 'NOOP'}`;
  return type === 'PhaseEvent' ? `phase ${data['phase']} ${data['action'] ?? 'START'}` : undefined;
};

const simulatedStep = (data: TalosEventData): string | undefined => {
  if (data.kind === 'sequence') return `sequence ${data.sequence} ${data.action.toUpperCase()}`;
  return data.kind === 'phase' ? `phase ${data.phase} ${data.action.toUpperCase()}` : undefined;
};

describe('events in the order of real nodes', () => {
  it.each(['v1.13.9', 'v1.14.1'])('from the apply to the boot sequence, %s', async (version) => {
    const world = await maintenance(version);
    const since = count(world);

    apply(world);
    await world.clock.advance(30_000);

    expect(simulated(world, since, simulatedStep)).toEqual(recorded(version, '05-apply-and-boot', recordedStep));
  });

  // 1.11 words its waits otherwise and says that the waiting etcd failed; on 1.14.1 the second call came before the first had prepared.
  it.each(['v1.12.11', 'v1.13.9'])('of etcd from Bootstrap to its first health check, %s', async (version) => {
    const world = await maintenance(version);
    apply(world);
    await world.clock.advance(60_000);
    const since = count(world);

    world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(500);
    world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(20_000);

    const state = (text: string): string => text.replace(/ ?\(PID \d+\)/, '');
    const real = recorded(version, '09-etcd-bootstrap', (type, data) =>
      type === 'ServiceStateEvent' && data['service'] === 'etcd'
        ? state(`${data['action']} ${data['message']}`)
        : undefined,
    );
    const ours = simulated(world, since, (data) =>
      data.kind === 'service' && data.service === 'etcd'
        ? state(`${data.state.toUpperCase()} ${data.message}`)
        : undefined,
    );
    expect(ours).toEqual(real);
  });

  it('of a reboot until the stream ends', async () => {
    const world = await maintenance('v1.13.9');
    apply(world);
    await world.clock.advance(60_000);
    const since = count(world);

    world.simulation.act('m1', (turn) => startSequence(turn, 'reboot', {}));

    expect(simulated(world, since, simulatedStep)).toEqual(recorded('v1.13.9', '14-reboot-clean', recordedStep));
  });
});
