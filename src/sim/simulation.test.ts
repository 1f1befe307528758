import { beforeAll, describe, expect, it } from 'vitest';
import { makeCluster, makeConfig, makeMachine, type TestCluster } from '../../test/contract/sim-support.ts';
import { applyConfiguration, type ApplyReply } from './machine/apply.ts';
import { bootstrap } from './machine/etcd.ts';
import { votersOf } from './cluster/etcd.ts';
import { createSimulation, type Simulation } from './simulation.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

const VIP = '10.0.4.100';
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await makeCluster(`https://${VIP}:6443`);
});

interface Bench {
  readonly clock: VirtualClock;
  readonly simulation: Simulation;
}

function bench(count: number, talos = 'v1.13.9'): Bench {
  const clock = createVirtualClock();
  const simulation = createSimulation({
    clock,
    seed: 'unit',
    machines: Array.from({ length: count }, (_, index) => makeMachine(index + 1, { talos })),
  });
  for (const name of simulation.names) simulation.power(name, 'on');
  return { clock, simulation };
}

function configFor(
  simulation: Simulation,
  name: string,
  options: { readonly role?: 'controlplane' | 'worker'; readonly cni?: 'none'; readonly talos?: string } = {},
): string {
  const index = Number(name.slice(1));
  const { definition } = simulation.view(name).machine;
  const role = options.role ?? 'controlplane';
  return makeConfig(cluster, {
    role,
    hostname: `node-${index}`,
    address: `10.0.4.10${index}`,
    mac: definition.links[0]?.mac ?? '',
    ...(role === 'controlplane' ? { vip: VIP } : {}),
    ...(options.cni === undefined ? {} : { cni: options.cni }),
    ...(options.talos === undefined ? {} : { talos: options.talos }),
  });
}

function apply(simulation: Simulation, name: string, text: string): ApplyReply {
  const reply = simulation.act(name, (turn) =>
    applyConfiguration(turn, { text, mode: 'auto', isDryRun: false }, simulation.validator),
  );
  if (reply.kind === 'refused') throw new Error(`${name}: ${reply.message}`);
  return reply;
}

async function bringUp(
  { clock, simulation }: Bench,
  options: { readonly cni?: 'none'; readonly talos?: string } = {},
): Promise<void> {
  await clock.advance(60_000);
  for (const name of simulation.names) apply(simulation, name, configFor(simulation, name, options));
  await clock.advance(180_000);
  simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
  await clock.advance(180_000);
}

describe('a simulated cluster', () => {
  it('goes from power-on over install and bootstrap to three voters and Ready nodes', async () => {
    const world = bench(3);

    await world.clock.advance(60_000);
    expect(world.simulation.inspect().map((machine) => machine.stage)).toEqual([
      'maintenance',
      'maintenance',
      'maintenance',
    ]);
    const firstBoots = world.simulation.inspect().map((machine) => machine.bootId);
    for (const name of world.simulation.names)
      expect(apply(world.simulation, name, configFor(world.simulation, name)).kind).toBe('applied');
    await world.clock.advance(180_000);
    const waiting = world.simulation.inspect();
    world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(180_000);

    expect(waiting.map((machine) => [machine.stage, machine.etcd, machine.installedOn])).toEqual(
      Array.from({ length: 3 }, () => ['booting', 'waiting', 'sda']),
    );
    expect(waiting.every((machine, index) => machine.bootId !== firstBoots[index])).toBe(true);
    expect(
      world.simulation.inspect().map((machine) => [machine.stage, machine.ready, machine.isVoter, machine.nodeReady]),
    ).toEqual(Array.from({ length: 3 }, () => ['running', true, true, true]));
    expect(world.simulation.inspect().filter((machine) => machine.ownsVip)).toHaveLength(1);
  });

  it('never becomes Ready without a CNI, and does once one is installed', async () => {
    const world = bench(1);

    await bringUp(world, { cni: 'none' });
    const before = world.simulation.inspect();
    world.simulation.installCni();
    await world.clock.advance(30_000);

    expect(before[0]).toMatchObject({ stage: 'running', ready: false, nodeReady: false });
    expect(world.simulation.inspect()[0]).toMatchObject({ ready: true, nodeReady: true });
  });

  it('moves the VIP to another control plane when its owner dies, and keeps quorum', async () => {
    const world = bench(3);
    await bringUp(world);
    const owner = world.simulation.inspect().find((machine) => machine.ownsVip)?.name ?? '';

    world.simulation.fault(owner, { kind: 'dead' });
    await world.clock.advance(15_000);

    const next = world.simulation.inspect().find((machine) => machine.ownsVip)?.name;
    expect(next).toBeDefined();
    expect(next).not.toBe(owner);
  });

  it('answers a second Bootstrap OK within the first second and AlreadyExists after', async () => {
    const world = bench(1);
    await world.clock.advance(60_000);
    apply(world.simulation, 'm1', configFor(world.simulation, 'm1'));
    const early = world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(180_000);

    const first = world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(400);
    const second = world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(5_000);
    const third = world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));

    expect(early).toMatchObject({
      kind: 'refused',
      code: 'FailedPrecondition',
      message: 'bootstrap is not available yet',
    });
    expect([first.kind, second.kind]).toEqual(['accepted', 'accepted']);
    expect(third).toMatchObject({
      kind: 'refused',
      code: 'AlreadyExists',
      message: 'etcd data directory is not empty',
    });
    expect(Object.values(world.simulation.world().clusters)[0]?.etcd.generation).toBe(1);
  });

  it('says running as soon as Bootstrap is accepted, before etcd is up', async () => {
    const world = bench(1);
    await world.clock.advance(60_000);
    apply(world.simulation, 'm1', configFor(world.simulation, 'm1'));
    await world.clock.advance(180_000);

    world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));

    expect(world.simulation.inspect()[0]).toMatchObject({ stage: 'running', ready: false, isVoter: false });
  });

  it('goes back to maintenance when the disk to install to is missing', async () => {
    const world = bench(1);
    world.simulation.fault('m1', { kind: 'disk-missing', disk: 'sda' });
    await world.clock.advance(60_000);

    apply(world.simulation, 'm1', configFor(world.simulation, 'm1'));
    const events = world.simulation.view('m1').run?.events ?? [];
    await world.clock.advance(60_000);

    expect(events.some((event) => event.data.kind === 'sequence' && event.data.error?.code === 'fatal')).toBe(true);
    expect(world.simulation.inspect()[0]).toMatchObject({ stage: 'maintenance', boots: 2 });
  });

  it.each([
    ['v1.11.6', 46_000],
    ['v1.12.11', 46_000],
    ['v1.13.9', 17_000],
    ['v1.14.1', 3_000],
  ])('lets a second member of %s become a voter after its own time', async (talos, promotionMs) => {
    const world = bench(2, talos);
    await world.clock.advance(60_000);
    for (const name of world.simulation.names)
      apply(world.simulation, name, configFor(world.simulation, name, { talos }));
    await world.clock.advance(180_000);

    world.simulation.act('m1', (turn) => bootstrap(turn, { recoverEtcd: false }));
    await world.clock.advance(promotionMs - 500);
    const early = votersOf(
      Object.values(world.simulation.world().clusters)[0]?.etcd ?? {
        generation: 0,
        members: [],
        raftTerm: 0,
        raftIndex: 0,
      },
    ).length;
    await world.clock.advance(6_000);

    expect(early).toBe(1);
    expect(world.simulation.inspect().every((machine) => machine.isVoter)).toBe(true);
  });

  it('is the same world for the same seed', async () => {
    const first = bench(2);
    const second = bench(2);

    await bringUp(first);
    await bringUp(second);

    expect(first.simulation.world()).toEqual(second.simulation.world());
  });
});
