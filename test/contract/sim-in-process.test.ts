/** The simulator's in-process door under Ichor's own ports, on a virtual clock: whole clusters without a socket, the same every time. */
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { beforeAll, describe, expect, it } from 'vitest';
import { MachineService } from '../../src/gen/proto/machine/machine_pb.ts';
import { State } from '../../src/gen/proto/cosi/state_pb.ts';
import { createInProcessKubernetesConnector } from '../../src/kubernetes/in-process.ts';
import type { MachineDefinition } from '../../src/sim/definition.ts';
import { createInProcessNetwork, type InProcessNetwork } from '../../src/sim/doors/in-process.ts';
import type { FaultScript } from '../../src/sim/faults.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';
import {
  kubernetesCredentials,
  makeCluster,
  makeConfig,
  makeMachine,
  talosCredentials,
  type TestCluster,
  type TestCredentials,
} from './sim-support.ts';

const START = Date.UTC(2026, 0, 15, 12);
let cluster: TestCluster;
let admin: TestCredentials;

beforeAll(async () => {
  cluster = await makeCluster('https://10.0.4.101:6443', new Date(START - 60_000));
  admin = await talosCredentials(cluster, ['os:admin'], new Date(START - 30_000));
});

interface Bench {
  readonly clock: VirtualClock;
  readonly simulation: Simulation;
  readonly network: InProcessNetwork;
}

function bench(machines: readonly MachineDefinition[], faults: FaultScript = []): Bench {
  const clock = createVirtualClock({ startMs: START });
  const simulation = createSimulation({ clock, seed: 'in-process', machines, faults });
  for (const name of simulation.names) simulation.power(name, 'on');
  return { clock, simulation, network: createInProcessNetwork(simulation) };
}

function transport({ network }: Bench, host: string, credentials?: TestCredentials): Transport {
  const met = network.connect(
    host,
    50_000,
    credentials === undefined ? { kind: 'maintenance' } : { kind: 'certificate', ...credentials },
  );
  if (met instanceof Error) throw met;
  return met;
}

function config(index: number, talos = 'v1.13.9', role: 'controlplane' | 'worker' = 'controlplane'): Uint8Array {
  const text = makeConfig(cluster, {
    role,
    hostname: `node-${index}`,
    address: `10.0.4.10${index}`,
    mac: `00:23:24:00:00:0${index}`,
    talos,
  });
  return new Uint8Array(Buffer.from(text));
}

async function configured(world: Bench, count = 1): Promise<void> {
  await world.clock.advance(60_000);
  for (let index = 1; index <= count; index += 1) {
    const client = createClient(MachineService, transport(world, `10.0.4.15${index}`));
    await world.clock.run(client.applyConfiguration({ data: config(index), mode: 1 }));
  }
  await world.clock.advance(150_000);
}

async function bootstrapped(world: Bench, count = 1): Promise<void> {
  await configured(world, count);
  await world.clock.run(createClient(MachineService, transport(world, '10.0.4.101', admin)).bootstrap({}));
  await world.clock.advance(180_000);
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'OK',
    (reason: unknown) => Code[ConnectError.from(reason).code] ?? 'unknown',
  );
}

describe('the in-process door', () => {
  it('serves the Talos port of Ichor from maintenance to a bootstrapped member', async () => {
    const world = bench([makeMachine(1)]);
    const connector = createInProcessConnector({ clock: world.clock, network: world.network });
    await world.clock.advance(60_000);

    const maintenance = connector.maintenance({ node: 'node-1', host: '10.0.4.151', port: 50_000 });
    const version = await world.clock.run(maintenance.version());
    await bootstrapped(world);
    const secure = connector.secure({ node: 'node-1', host: '10.0.4.101', port: 50_000 }, admin);
    const members = await world.clock.run(secure.etcdMemberList());

    expect(version).toMatchObject({ tag: 'v1.13.9' });
    expect(members).toHaveLength(1);
  });

  it('serves the Kubernetes port of Ichor', async () => {
    const world = bench([makeMachine(1)]);
    await bootstrapped(world);
    const credentials = await kubernetesCredentials(cluster, new Date(START));
    const session = createInProcessKubernetesConnector(world.clock, world.network).connect(
      { host: '10.0.4.101', port: 6443 },
      credentials,
    );

    const nodes = await world.clock.run(session.nodes());
    await world.clock.run(session.ready());

    expect(nodes.map((node) => node.name)).toEqual(['node-1']);
    expect(await world.clock.run(session.version())).toBe('v1.36.3');
  });

  it('gives dialling errors as sockets would', async () => {
    const world = bench([makeMachine(1)]);
    await configured(world);
    const stranger = await talosCredentials(
      await makeCluster('https://x:6443', new Date(START)),
      ['os:admin'],
      new Date(START),
    );
    const connect = (host: string, credentials?: TestCredentials): unknown =>
      world.network.connect(
        host,
        50_000,
        credentials === undefined ? { kind: 'maintenance' } : { kind: 'certificate', ...credentials },
      );

    expect(connect('10.0.4.199')).toMatchObject({ code: 'EHOSTUNREACH' });
    expect(connect('10.0.4.101')).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
    expect(connect('10.0.4.101', stranger)).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    world.simulation.fault('m1', { kind: 'wrong-certificate' });
    expect(connect('10.0.4.101', admin)).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    world.simulation.fault('m1', { kind: 'heal' });
    world.simulation.fault('m1', { kind: 'clock-skew', ms: 3_600_000 });
    expect(connect('10.0.4.101', admin)).toMatchObject({ code: 'CERT_NOT_YET_VALID' });
  });

  it('lets Etcd calls hang before there is an etcd', async () => {
    const world = bench([makeMachine(1)]);
    await configured(world);
    const client = createClient(MachineService, transport(world, '10.0.4.101', admin));
    const controller = new AbortController();
    let isSettled = false;

    const call = client
      .etcdMemberList({}, { signal: controller.signal })
      .catch(() => undefined)
      .finally(() => {
        isSettled = true;
      });
    await world.clock.advance(600_000);
    const settledByItself = isSettled;
    controller.abort();
    await call;

    expect(settledByItself).toBe(false);
  });

  it('watches MachineStatus through a reboot until the node goes away', async () => {
    const world = bench([makeMachine(1)]);
    await bootstrapped(world);
    const stages: string[] = [];
    const watching = (async () => {
      const stream = createClient(State, transport(world, '10.0.4.101', admin)).watch({
        namespace: 'runtime',
        type: 'MachineStatuses.runtime.talos.dev',
        id: 'machine',
        options: {},
        apiVersion: 1,
      });
      for await (const message of stream)
        for (const event of message.event)
          stages.push(/stage: (.*)/.exec(event.resource?.spec?.yamlSpec ?? '')?.[1] ?? '');
    })();
    const ended = codeOf(watching);
    await world.clock.advance(1_000);

    await world.clock.run(createClient(MachineService, transport(world, '10.0.4.101', admin)).reboot({}));
    await world.clock.advance(30_000);

    expect(stages).toEqual(['running', 'rebooting']);
    expect(await ended).toBe('Unavailable');
  });

  it('waits up to 10 s with the secured API while maintenance streams are open', async () => {
    const world = bench([makeMachine(1)]);
    await world.clock.advance(60_000);
    const controller = new AbortController();
    const stream = createClient(State, transport(world, '10.0.4.151')).watch(
      {
        namespace: 'runtime',
        type: 'MachineStatuses.runtime.talos.dev',
        options: { bootstrapContents: true },
        apiVersion: 1,
      },
      { signal: controller.signal },
    );
    const reading = codeOf(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    await world.clock.settle();
    await world.clock.advance(1_000);

    await world.clock.run(
      createClient(MachineService, transport(world, '10.0.4.151')).applyConfiguration({ data: config(1), mode: 1 }),
    );
    await world.clock.advance(9_000);
    const during = world.network.connect('10.0.4.101', 50_000, { kind: 'certificate', ...admin });
    await world.clock.advance(2_000);
    const after = world.network.connect('10.0.4.101', 50_000, { kind: 'certificate', ...admin });

    expect(during).toMatchObject({ code: 'ECONNREFUSED' });
    expect(after).not.toBeInstanceOf(Error);
    expect(await reading).toBe('Unavailable');
  });
});

describe('the hand-over', () => {
  it('does not wait any longer once the last maintenance stream is closed', async () => {
    const world = bench([makeMachine(1)]);
    await world.clock.advance(60_000);
    const controller = new AbortController();
    const stream = createClient(MachineService, transport(world, '10.0.4.151')).events(
      {},
      { signal: controller.signal },
    );
    const reading = codeOf(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    await world.clock.advance(1_000);
    await world.clock.run(
      createClient(MachineService, transport(world, '10.0.4.151')).applyConfiguration({ data: config(1), mode: 1 }),
    );
    await world.clock.advance(1_000);
    const before = world.network.connect('10.0.4.101', 50_000, { kind: 'certificate', ...admin });

    controller.abort();
    await reading;
    await world.clock.advance(400);

    expect(before).toMatchObject({ code: 'ECONNREFUSED' });
    expect(world.network.connect('10.0.4.101', 50_000, { kind: 'certificate', ...admin })).not.toBeInstanceOf(Error);
  });
});

describe('scripted faults', () => {
  it('a held reply: Bootstrap has taken effect, nothing is answered until it is released', async () => {
    const world = bench(
      [makeMachine(1)],
      [{ machine: 'm1', method: 'Bootstrap', nth: 1, fault: { kind: 'reply-held' } }],
    );
    await configured(world);
    const client = createClient(MachineService, transport(world, '10.0.4.101', admin));
    let answer = '';

    const call = codeOf(client.bootstrap({})).then((code) => {
      answer = code;
    });
    await world.clock.advance(60_000);
    const before = answer;
    world.simulation.faults.release();
    await world.clock.run(call);

    expect(before).toBe('');
    expect(answer).toBe('OK');
    expect(world.simulation.inspect()[0]).toMatchObject({ isVoter: true });
  });

  it.each([
    ['reply-lost', { kind: 'reply-lost' }, 'Unavailable', 'waiting for etcd'],
    ['broken', { kind: 'broken' }, 'Unavailable', 'nothing'],
    [
      'refused',
      { kind: 'refused', code: 'FailedPrecondition', message: 'time is not in sync yet' },
      'FailedPrecondition',
      'nothing',
    ],
  ] as const)('%s: the caller sees a failure, and the effect is as it says', async (_, fault, code, effect) => {
    const world = bench([makeMachine(1)], [{ method: 'Bootstrap', nth: 1, fault }]);
    await configured(world);
    const client = createClient(MachineService, transport(world, '10.0.4.101', admin));

    const first = await world.clock.run(codeOf(client.bootstrap({})));
    await world.clock.advance(30_000);

    expect(first).toBe(code);
    expect(world.simulation.inspect()[0]?.isVoter).toBe(effect !== 'nothing');
    expect(world.simulation.faults.calls.get('m1 Bootstrap')).toBe(1);
  });

  it('slow: the answer takes its time on the simulated clock', async () => {
    const world = bench([makeMachine(1)], [{ method: 'Version', fault: { kind: 'slow', ms: 30_000 } }]);
    await world.clock.advance(60_000);
    const before = world.clock.now();

    await world.clock.run(createClient(MachineService, transport(world, '10.0.4.151')).version({}));

    expect(world.clock.now() - before).toBeGreaterThanOrEqual(30_000);
  });

  it('silent: nothing is answered, and healed it goes on', async () => {
    const world = bench([makeMachine(1)]);
    await world.clock.advance(60_000);
    world.simulation.fault('m1', { kind: 'silent' });
    const controller = new AbortController();
    const call = codeOf(
      createClient(MachineService, transport(world, '10.0.4.151')).version({}, { signal: controller.signal }),
    );
    await world.clock.advance(300_000);
    controller.abort();
    world.simulation.fault('m1', { kind: 'heal' });

    expect(await call).toBe('Canceled');
    expect(
      await world.clock.run(codeOf(createClient(MachineService, transport(world, '10.0.4.151')).version({}))),
    ).toBe('OK');
  });

  it('a stream that is cut ends as if the server had been killed', async () => {
    const world = bench([makeMachine(1)], [{ method: 'Events', fault: { kind: 'cut-stream', afterMessages: 3 } }]);
    await world.clock.advance(60_000);
    let count = 0;

    const code = await world.clock.run(
      codeOf(
        (async () => {
          for await (const _ of createClient(MachineService, transport(world, '10.0.4.151')).events({ tailEvents: -1 }))
            count += 1;
        })(),
      ),
    );

    expect([code, count]).toEqual(['Unavailable', 3]);
  });

  it('an address that changes after the install is where the machine answers next', async () => {
    const world = bench([makeMachine(1)]);
    await world.clock.advance(60_000);
    world.simulation.fault('m1', { kind: 'address', ip: '10.0.4.177', atOnce: false });
    const text = makeConfig(cluster, { role: 'controlplane', hostname: 'node-1', talos: 'v1.13.9' });
    await world.clock.run(
      createClient(MachineService, transport(world, '10.0.4.151')).applyConfiguration({
        data: new Uint8Array(Buffer.from(text)),
        mode: 1,
      }),
    );

    await world.clock.advance(150_000);

    expect(world.simulation.inspect()[0]?.addresses).toEqual(['10.0.4.177']);
    expect(world.network.connect('10.0.4.151', 50_000, { kind: 'certificate', ...admin })).toBeInstanceOf(Error);
  });

  it('without a majority etcd answers nobody, and two of three are enough', async () => {
    const world = bench([makeMachine(1), makeMachine(2), makeMachine(3)]);
    await bootstrapped(world, 3);
    const list = (): Promise<string> => {
      const controller = new AbortController();
      const call = codeOf(
        createClient(MachineService, transport(world, '10.0.4.101', admin)).etcdMemberList(
          {},
          { signal: controller.signal },
        ),
      );
      return world.clock.advance(10_000).then(() => {
        controller.abort();
        return call;
      });
    };

    world.simulation.fault('m3', { kind: 'dead' });
    const withTwo = await list();
    world.simulation.fault('m2', { kind: 'dead' });
    const withOne = await list();

    expect([withTwo, withOne]).toEqual(['OK', 'Canceled']);
  });
});
