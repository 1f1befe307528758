/** The simulator's socket door, driven with plain Connect clients: no code of Ichor's own client takes part. */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { Code, ConnectError, createClient, type Client, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { State } from '../../src/gen/proto/cosi/state_pb.ts';
import { ApplyConfigurationRequest_Mode, MachineService } from '../../src/gen/proto/machine/machine_pb.ts';
import { keyForNode } from '../../src/pki/keys.ts';
import { runSimulator, type RunningSimulator } from '../../src/sim/run.ts';
import { parseWorld, socketKey } from '../../src/world.ts';
import {
  kubernetesCredentials,
  makeCluster,
  makeConfig,
  makeMachine,
  talosCredentials,
  type TestCluster,
  type TestCredentials,
} from './sim-support.ts';

const SPEED = 60;
const VIP = '10.0.4.100';
const folder = mkdtempSync(join(tmpdir(), 'ichor-sim-'));
const worldFile = join(folder, 'world.json');
let cluster: TestCluster;
let admin: TestCredentials;
let simulator: RunningSimulator;

beforeAll(async () => {
  cluster = await makeCluster(`https://${VIP}:6443`);
  admin = await talosCredentials(cluster);
  simulator = await runSimulator({ machines: [1, 2, 3].map((index) => makeMachine(index)), speed: SPEED, worldFile });
});

afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

function dial(host: string, port = 50_000): { readonly host: string; readonly port: number } | undefined {
  return parseWorld(readFileSync(worldFile, 'utf8'), worldFile).sockets[socketKey(host, port)];
}

function transport(host: string, credentials?: TestCredentials): Transport {
  const socket = dial(host);
  if (socket === undefined) throw new Error(`nothing at ${host}`);
  return createGrpcTransport({
    baseUrl: `https://${socket.host}:${socket.port}`,
    nodeOptions:
      credentials === undefined
        ? { rejectUnauthorized: false }
        : {
            ca: credentials.caPem,
            cert: credentials.certPem,
            key: keyForNode(credentials.keyPem),
            servername: '',
            checkServerIdentity: () => undefined,
          },
  });
}

function machine(host: string, credentials?: TestCredentials): Client<typeof MachineService> {
  return createClient(MachineService, transport(host, credentials));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 200);
    await simulator.simulation.nextChange(controller.signal);
    clearTimeout(timer);
  }
  await simulator.door.settled();
}

describe('the socket door', () => {
  it('brings three control planes from maintenance to Ready over gRPC with TLS', async () => {
    await until(() => simulator.simulation.inspect().every((summary) => summary.stage === 'maintenance'));
    expect(dial(VIP, 6443)).toBeUndefined();

    for (const index of [1, 2, 3]) {
      const { definition } = simulator.simulation.view(`m${index}`).machine;
      const text = makeConfig(cluster, {
        role: 'controlplane',
        hostname: `cp-${index}`,
        address: `10.0.4.10${index}`,
        mac: definition.links[0]?.mac ?? '',
        vip: VIP,
      });
      const reply = await machine(`10.0.4.15${index}`).applyConfiguration({
        data: new Uint8Array(Buffer.from(text)),
        mode: ApplyConfigurationRequest_Mode.AUTO,
      });
      expect(reply.messages[0]?.mode).toBe(ApplyConfigurationRequest_Mode.NO_REBOOT);
    }
    await until(() => simulator.simulation.inspect().every((summary) => summary.etcd === 'waiting'));
    expect(dial('10.0.4.151')).toBeUndefined();

    const first = machine('10.0.4.101', admin);
    expect((await first.version({})).messages[0]?.version?.tag).toBe('v1.13.9');
    await first.bootstrap({});
    await until(() =>
      simulator.simulation.inspect().every((summary) => summary.isVoter && summary.nodeReady && summary.ready),
    );

    const members = (await first.etcdMemberList({})).messages[0]?.members ?? [];
    expect(members.map((member) => member.hostname).sort()).toEqual(['cp-1', 'cp-2', 'cp-3']);
    const status = await createClient(State, transport('10.0.4.102', admin)).get({
      namespace: 'runtime',
      type: 'MachineStatuses.runtime.talos.dev',
      id: 'machine',
      options: {},
    });
    expect(status.resource?.spec?.yamlSpec).toContain('stage: running');
    const nodes = await kubernetesGet(VIP, '/api/v1/nodes');
    expect(
      nodes.items.map((node) => node.status.conditions.find((condition) => condition.type === 'Ready')?.status),
    ).toEqual(['True', 'True', 'True']);
  });

  it("shows a certificate of the config's own authority, for exactly the names of 1.13", async () => {
    const socket = dial('10.0.4.101');
    const certificate = await new Promise<{ subjectaltname?: string | undefined; issuer: unknown }>(
      (resolve, reject) => {
        const tls = tlsConnect(
          {
            host: socket?.host ?? '',
            port: socket?.port ?? 0,
            ca: admin.caPem,
            cert: admin.certPem,
            key: keyForNode(admin.keyPem),
            ALPNProtocols: ['h2'],
            checkServerIdentity: () => undefined,
          },
          () => {
            resolve(tls.getPeerCertificate());
            tls.destroy();
          },
        );
        tls.on('error', reject);
      },
    );

    const owner = simulator.simulation.inspect().find((summary) => summary.ownsVip)?.name;
    const names = (certificate.subjectaltname ?? '').split(', ').sort();
    expect(names).toEqual(
      [
        'DNS:cp-1',
        'IP Address:10.0.4.101',
        ...(owner === 'm1' ? [`IP Address:${VIP}`] : []),
        'IP Address:127.0.0.1',
      ].sort(),
    );
    expect(certificate.issuer).toMatchObject({ O: 'talos' });
  });

  it('does not answer without a client certificate once it is configured', async () => {
    await expect(machine('10.0.4.101').version({})).rejects.toThrow();
  });

  it('lets a reader read and not act', async () => {
    const reader = machine('10.0.4.101', await talosCredentials(cluster, ['os:reader']));

    await expect(reader.serviceList({})).resolves.toBeDefined();
    await expect(reader.reboot({})).rejects.toThrow('not authorized');
  });

  it('boots again with another boot id after a Reboot, and ends the Events stream before', async () => {
    const before = simulator.simulation.inspect().find((summary) => summary.name === 'm3')?.bootId;
    const client = machine('10.0.4.103', admin);
    const kinds: string[] = [];
    const stream = client.events({ tailEvents: 0 });
    const reading = (async () => {
      for await (const event of stream) kinds.push(event.data?.typeUrl ?? '');
    })();
    await client.version({});

    await client.reboot({});
    await reading;
    await until(
      () =>
        simulator.simulation.inspect().find((summary) => summary.name === 'm3')?.ready === true &&
        simulator.simulation.inspect().find((summary) => summary.name === 'm3')?.bootId !== before,
    );

    expect(kinds).toContain('talos/runtime/machine.TaskEvent');
    expect((await machine('10.0.4.103', admin).version({})).messages).toHaveLength(1);
    expect(simulator.simulation.inspect().every((summary) => summary.isVoter)).toBe(true);
  });
});

describe('faults over sockets', () => {
  it('silent: the connection is taken and nothing is ever said; healed it answers again', async () => {
    simulator.simulation.fault('m2', { kind: 'silent' });
    await simulator.door.settled();

    const answer = await machine('10.0.4.102', admin)
      .version({}, { timeoutMs: 300 })
      .then(
        () => 'answered',
        (reason: unknown) => ConnectError.from(reason).code,
      );
    simulator.simulation.fault('m2', { kind: 'heal' });
    await simulator.door.settled();

    expect(answer).toBe(Code.DeadlineExceeded);
    expect((await machine('10.0.4.102', admin).version({})).messages).toHaveLength(1);
  });

  it('a lost reply: the call took effect and the connection broke', async () => {
    simulator.simulation.faults.add({ machine: 'm2', method: 'MetaWrite', nth: 1, fault: { kind: 'reply-lost' } });

    await expect(
      machine('10.0.4.102', admin).metaWrite({ key: 12, value: new Uint8Array([104, 105]) }),
    ).rejects.toThrow();

    expect(simulator.simulation.view('m2').machine.meta).toMatchObject({ '0x0c': 'hi' });
  });

  it('a wrong certificate is not trusted by a client that checks', async () => {
    simulator.simulation.fault('m2', { kind: 'wrong-certificate' });
    await simulator.door.settled();

    await expect(machine('10.0.4.102', admin).version({})).rejects.toThrow();
    simulator.simulation.fault('m2', { kind: 'heal' });
    await simulator.door.settled();
  });

  it('a clock an hour ahead makes certificates that are not valid yet', async () => {
    simulator.simulation.fault('m2', { kind: 'clock-skew', ms: 3_600_000 });
    await simulator.door.settled();

    await expect(machine('10.0.4.102', admin).version({})).rejects.toThrow();
    simulator.simulation.fault('m2', { kind: 'heal' });
    await simulator.door.settled();
  });

  it('a dead machine is not in the world file any more', async () => {
    simulator.simulation.fault('m3', { kind: 'dead' });
    await simulator.door.settled();

    expect(dial('10.0.4.103')).toBeUndefined();
  });
});

interface NodeList {
  readonly items: readonly {
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

async function kubernetesGet(host: string, path: string): Promise<NodeList> {
  const socket = dial(host, 6443);
  const credentials = await kubernetesCredentials(cluster);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: socket?.host,
        port: socket?.port,
        path,
        ca: credentials.caPem,
        cert: credentials.certPem,
        key: credentials.keyPem,
        servername: 'kubernetes',
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => {
          text += part.toString();
        });
        response.on('end', () => resolve(JSON.parse(text)));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
