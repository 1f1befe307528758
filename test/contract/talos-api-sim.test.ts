/**
 * The Talos API contract against the simulator, through both doors and for every minor. One machine is configured and waits for its
 * etcd, the other is in maintenance. The world's time is moved by hand to there; then it flows as fast as the process gets its turns.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createInProcessNetwork } from '../../src/sim/doors/in-process.ts';
import { openSockets } from '../../src/sim/doors/sockets.ts';
import { applyConfiguration } from '../../src/sim/machine/apply.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { createSystemClock } from '../../src/system.ts';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';
import type { TalosConnector } from '../../src/talos-api/port.ts';
import { readBootId } from '../../src/talos-api/resources/machine.ts';
import { createTalosConnector } from '../../src/talos-api/sockets.ts';
import { makeCluster, makeConfig, makeMachine, talosCredentials, type TestCluster } from './sim-support.ts';
import { runTalosApiContract, type TalosApiSubject } from './talos-api.ts';

const MINORS = ['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1'];

interface Bench {
  readonly clock: VirtualClock;
  readonly cluster: TestCluster;
  readonly simulation: Simulation;
  stop(): void;
}

async function bench(talos: string): Promise<Bench> {
  const clock = createVirtualClock({ startMs: Date.now() });
  const cluster = await makeCluster('https://10.0.4.101:6443');
  const simulation = createSimulation({
    clock,
    seed: 'contract',
    machines: [makeMachine(1, { talos }), makeMachine(2, { talos })],
  });
  for (const name of simulation.names) simulation.power(name, 'on');
  await clock.advance(60_000);
  const { definition } = simulation.view('m1').machine;
  const text = makeConfig(cluster, {
    role: 'controlplane',
    hostname: 'cp-1',
    address: '10.0.4.101',
    mac: definition.links[0]?.mac ?? '',
    talos,
  });
  simulation.act('m1', (now) => applyConfiguration(now, { text, mode: 'auto', isDryRun: false }, simulation.validator));
  await clock.advance(180_000);
  expect(simulation.inspect().map(({ stage, etcd }) => [stage, etcd])).toEqual([
    ['booting', 'waiting'],
    ['maintenance', 'absent'],
  ]);
  return { clock, cluster, simulation, stop: flow(clock) };
}

/** Lets the world's time pass in the background; returns what stops it. */
function flow(clock: VirtualClock): () => void {
  let isFlowing = true;
  void (async () => {
    while (isFlowing) {
      await clock.advance(20);
      await turn();
    }
  })();
  return () => {
    isFlowing = false;
  };
}

async function subjectOf(connector: TalosConnector, made: Bench, close: () => Promise<void>): Promise<TalosApiSubject> {
  const other = await makeCluster('https://10.0.9.1:6443');
  const [admin, foreign, otherCluster] = await Promise.all([
    talosCredentials(made.cluster),
    talosCredentials(other),
    talosCredentials(other),
  ]);
  const expired = await talosCredentials(made.cluster, ['os:admin'], new Date(Date.now() - 400 * 86_400_000));
  return {
    connector,
    target: { node: 'cp-1', host: '10.0.4.101', port: 50_000 },
    admin,
    refused: { 'of another CA': { ...foreign, caPem: admin.caPem }, expired },
    otherCluster,
    maintenance: { node: 'm2', host: '10.0.4.152', port: 50_000 },
    nobody: { node: 'nobody', host: '10.0.4.250', port: 50_000 },
    filtersTypes: true,
    etcdWaits: true,
    async close() {
      made.stop();
      made.simulation.close();
      await close();
    },
  };
}

const OFFERS = ['otherCluster', 'maintenance', 'nobody', 'filtersTypes', 'etcdWaits'] as const;

for (const minor of MINORS) {
  runTalosApiContract(`simulator in-process, ${minor}`, new Set([...OFFERS, 'refused']), async () => {
    const made = await bench(minor);
    const connector = createInProcessConnector({ clock: made.clock, network: createInProcessNetwork(made.simulation) });
    return subjectOf(connector, made, async () => {});
  });

  // Not `refused`: a TLS server of Node's cannot send the alert of a foreign or expired client certificate, it closes.
  runTalosApiContract(`simulator over sockets, ${minor}`, new Set(OFFERS), async () => {
    const made = await bench(minor);
    const door = openSockets({ simulation: made.simulation, speed: 1 });
    await door.settled();
    const connector = createTalosConnector({
      clock: createSystemClock(),
      dialer: { dial: (host, port) => door.sockets()[`${host}:${port}`] },
    });
    return subjectOf(connector, made, () => door.close());
  });
}

describe('the boot id', () => {
  it.each(MINORS)('is read on %s, and is another one after a reboot', async (minor) => {
    const made = await bench(minor);
    const connector = createInProcessConnector({ clock: made.clock, network: createInProcessNetwork(made.simulation) });
    const session = connector.secure(
      { node: 'cp-1', host: '10.0.4.101', port: 50_000 },
      await talosCredentials(made.cluster),
    );
    const before = await readBootId(session);

    await session.reboot();
    while (
      made.simulation.inspect()[0]?.bootId === before ||
      made.simulation.view('m1').machine.run?.api.kind !== 'secure'
    )
      await turn();
    const after = await readBootId(session);

    expect(after).not.toBe(before);
    session.close();
    made.stop();
    made.simulation.close();
  });
});
