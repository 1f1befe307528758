/**
 * The Talos API port against refnode: Talos' own COSI server, resource types, PKI and validation behind grpc-go. First the contract,
 * then what only sockets show: dead peers, killed servers, whose name a certificate carries.
 */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeEvent, TalosNodeSession } from '../../src/talos-api/port.ts';
import { bootExamples } from '../support/resource-examples.ts';
import { createTalosConnector } from '../../src/talos-api/sockets.ts';
import { isTalosError } from '../../src/talos-api/errors.ts';
import { readAll, watch } from '../../src/talos-api/resources/kind.ts';
import { readActiveMachineConfig, readStoredMachineConfig } from '../../src/talos-api/resources/machine-config.ts';
import { machineStatusKind } from '../../src/talos-api/resources/machine-status.ts';
import { createSystemClock } from '../../src/system.ts';
import { directDialer } from '../../src/world.ts';
import { fails, runTalosApiContract } from '../contract/talos-api.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { howToBuild, real } from '../support/real.ts';
import { startRefnode, type Refnode } from './refnode-process.ts';

const program = real('refnode');
const clock = createSystemClock();
const connector = createTalosConnector({ clock, dialer: directDialer });

describe.skipIf(program === undefined)(`refnode (${program === undefined ? howToBuild('refnode') : 'built'})`, () => {
  runTalosApiContract(
    'refnode',
    new Set(['refused', 'otherCluster', 'maintenance', 'nobody', 'changeStage', 'etcdWaits']),
    async () => {
      const refnode = await startRefnode(program ?? '');
      return {
        connector,
        target: refnode.target,
        admin: refnode.credentials('talosconfig'),
        refused: {
          'of another CA': refnode.credentials('foreign'),
          expired: refnode.credentials('expired'),
          'for servers': refnode.credentials('server-eku'),
        },
        otherCluster: refnode.credentials('other-cluster'),
        maintenance: refnode.maintenance,
        nobody: { node: 'nobody', host: '127.0.0.1', port: await freePort() },
        changeStage: (stage) => refnode.command(`stage ${stage}`),
        filtersTypes: false,
        etcdWaits: true,
        close: () => refnode.close(),
      };
    },
  );

  describe('what Talos writes', () => {
    let refnode: Refnode;
    let session: TalosNodeSession;
    beforeAll(async () => {
      refnode = await startRefnode(program ?? '');
      session = connector.secure(refnode.target, refnode.credentials('talosconfig'));
    });
    afterAll(async () => {
      session.close();
      await refnode.close();
    });

    for (const [name, { read, expected }] of Object.entries(bootExamples)) {
      it(`is read as it was meant: ${name}`, async () => {
        expect(await read(session)).toEqual(expected);
      });
    }

    it('decodes events by the last word of their type', async () => {
      const events: NodeEvent[] = [];
      for await (const event of session.events({ tailEvents: -1 })) {
        events.push(event);
        if (events.length === 8) break;
      }

      expect(events.map(({ payload }) => payload)).toEqual([
        { kind: 'hello' },
        { kind: 'sequence', sequence: 'boot', action: 'start' },
        {
          kind: 'sequence',
          sequence: 'reset',
          action: 'noop',
          error: { code: 'locked', message: 'sequence not started: locked' },
        },
        { kind: 'phase', phase: 'startEverything', action: 'stop' },
        { kind: 'task', task: 'startAllServices', action: 'start' },
        { kind: 'service', service: 'etcd', state: 'Failed', message: 'no', health: 'unhealthy' },
        {
          kind: 'machine-status',
          stage: 'shutting down',
          ready: false,
          unmet: [{ name: 'time', reason: 'not in sync' }],
        },
        { kind: 'address', hostname: 'ref-1', addresses: ['127.0.0.1'] },
      ]);
      expect(events[1]?.actorId).toBe('actor-1');
    });

    it('keeps etcd member ids whole beyond 2^53', async () => {
      await refnode.command('etcd on');

      const members = await session.etcdMemberList();

      expect(members.map(({ id, hostname, isLearner }) => ({ id, hostname, isLearner }))).toEqual([
        { id: 0xfedcba9876543210n, hostname: 'ref-1', isLearner: false },
        { id: 1n, hostname: '', isLearner: true },
      ]);
    });

    it('joins lines that arrive in pieces, and asks for the whole log', async () => {
      const lines: string[] = [];
      for await (const line of session.logs({ id: 'apid' })) lines.push(line);

      expect(lines.map((line) => line.length)).toEqual([10, 3007, 7]);
      expect(lines[2]).toBe('third ✓');
    });

    it('reads the kubeconfig out of a tar that was never closed', async () => {
      expect(await session.kubeconfig()).toBe('apiVersion: v1\nkind: Config\n');
    });

    it('reads a file of 4 MiB in messages of 1 KiB', async () => {
      const file = await session.readFile('/big');

      expect(file.length).toBe(4 * 1024 * 1024);
      await fails('not-found', session.readFile('/nosuch'));
    });

    it('speaks with credentials that the node made', async () => {
      const made = await session.generateClientConfiguration({ roles: ['os:reader'], ttlMs: 3_600_000 });
      const other = connector.secure(refnode.target, made);

      expect((await other.version()).tag).toBe('v1.14.1');
      other.close();
    });

    it('reads back the config that it applied, decoded twice', async () => {
      const config =
        'apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: ref-9\nauto: off\n---\napiVersion: v1alpha1\nkind: ResolverConfig\nnameservers:\n  - address: 1.1.1.1\n';
      const applied = await session.applyConfiguration({ config, mode: 'no-reboot' });

      const active = await readActiveMachineConfig(session);

      expect(applied).toMatchObject({ mode: 'no-reboot', details: 'applied', diff: '' });
      expect(active?.text).toContain('hostname: ref-9');
      expect(active?.text).toContain('kind: ResolverConfig');
      expect(await readStoredMachineConfig(session)).toEqual(active);
    });

    it('sees a resource go', async () => {
      const seen: string[] = [];
      for await (const event of session.watchResources({ namespace: 'runtime', type: 'Disks.block.talos.dev' })) {
        if (event.kind === 'bootstrapped') await refnode.command('rm-disk sda');
        if (event.kind === 'destroyed') {
          seen.push(event.id);
          break;
        }
      }

      expect(seen).toEqual(['sda']);
    });
  });

  describe('connections', () => {
    it('dials the socket that the world gives, and checks the identity of the spec', async () => {
      const refnode = await startRefnode(program ?? '');
      const elsewhere = createTalosConnector({
        clock,
        dialer: { dial: () => ({ host: refnode.target.host, port: refnode.target.port }) },
      });
      const credentials = refnode.credentials('talosconfig');

      // The certificate is for 127.0.0.1 only.
      await fails(
        'wrong-name',
        elsewhere.secure({ node: 'cp-1', host: '10.0.4.101', port: 50_000 }, credentials).version(),
      );
      expect(
        (await elsewhere.secure({ node: 'cp-1', host: '127.0.0.1', port: 50_000 }, credentials).version()).tag,
      ).toBe('v1.14.1');
      await refnode.close();
    });

    it('dials anew once the world has a machine at the address', async () => {
      const refnode = await startRefnode(program ?? '');
      let isThere = false;
      const dialer = { dial: (host: string, port: number) => (isThere ? { host, port } : undefined) };
      const session = createTalosConnector({ clock, dialer }).secure(
        refnode.target,
        refnode.credentials('talosconfig'),
      );

      const reason = await fails('unreachable', session.version());
      isThere = true;

      expect(reason.message).toContain('there is no machine at 127.0.0.1');
      expect((await session.version()).tag).toBe('v1.14.1');
      session.close();
      await refnode.close();
    });

    it('takes a server that is killed in mid-stream for unreachable, not for its own stop', async () => {
      const refnode = await startRefnode(program ?? '');
      const session = connector.secure(refnode.target, refnode.credentials('talosconfig'));
      const reading = (async () => {
        for await (const event of watch(session, machineStatusKind))
          if (event.kind === 'present') refnode.kill('SIGKILL');
      })();

      await fails('unreachable', reading);
      await refnode.close();
    });

    it('gives a dead connection up and dials again', async () => {
      const refnode = await startRefnode(program ?? '');
      const proxy = await startFlakyProxy(refnode.target);
      const session = createTalosConnector({
        clock: createSystemClock(10),
        dialer: { dial: () => proxy.address },
      }).secure(refnode.target, refnode.credentials('talosconfig'));
      await session.version();
      proxy.silence();

      await fails('deadline', session.version({ timeoutMs: 2_000 }));
      const answer = await session.version();

      expect(answer.tag).toBe('v1.14.1');
      expect(proxy.connections()).toBe(2);
      session.close();
      proxy.close();
      await refnode.close();
    });

    it('ends a followed stream whose peer died without a word', async () => {
      const refnode = await startRefnode(program ?? '');
      const proxy = await startFlakyProxy(refnode.target);
      const session = createTalosConnector({
        clock: createSystemClock(20),
        dialer: { dial: () => proxy.address },
      }).secure(refnode.target, refnode.credentials('talosconfig'));
      const reading = (async () => {
        for await (const event of watch(session, machineStatusKind)) if (event.kind === 'present') proxy.silence();
      })();

      const reason = await fails('unreachable', reading);

      expect(reason.message).toContain('stopped answering');
      session.close();
      proxy.close();
      await refnode.close();
    });

    it('keeps a followed stream that is merely silent', async () => {
      const refnode = await startRefnode(program ?? '');
      const session = createTalosConnector({ clock: createSystemClock(100), dialer: directDialer }).secure(
        refnode.target,
        refnode.credentials('talosconfig'),
      );
      const stages: string[] = [];
      const reading = (async () => {
        for await (const event of watch(session, machineStatusKind)) {
          if (event.kind !== 'present') continue;
          stages.push(event.value.stage);
          if (stages.length === 2) break;
        }
      })();
      // A minute of the session's time with nothing to say: six heartbeats.
      await new Promise((resolve) => createSystemClock(100).setTimer(60_000, () => resolve(undefined)));
      await refnode.command('stage running');
      await reading;

      expect(stages).toEqual(['booting', 'running']);
      session.close();
      await refnode.close();
    });

    it('lets nothing of a config reach a machine with another key than the pinned one', async () => {
      const refnode = await startRefnode(program ?? '');
      const pinned = connector.maintenance(refnode.maintenance, { fingerprint: 'A'.repeat(43) + '=' });

      await fails(
        'fingerprint-mismatch',
        pinned.applyConfiguration({
          config: 'apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\nauto: off\n',
          mode: 'auto',
        }),
      );

      const open = connector.maintenance(refnode.maintenance);
      expect(await readActiveMachineConfig(open)).toBeUndefined();
      open.close();
      await refnode.close();
    });

    it('calls what is not TLS unreachable', async () => {
      const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('not a TCP server');

      await fails('unreachable', connector.maintenance({ node: 'x', host: '127.0.0.1', port: address.port }).version());
      server.close();
    });

    it('gives up on a machine that swallows packets at the deadline', async () => {
      const server = createServer(() => {}).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('not a TCP server');
      const session = connector.maintenance({ node: 'x', host: '127.0.0.1', port: address.port });

      await fails('deadline', session.version({ timeoutMs: 100 }));
      session.close();
      server.close();
    });
  });

  it('reports all that it reads of a kind with the node that gave it when a spec has another form', async () => {
    const refnode = await startRefnode(program ?? '');
    const session = connector.secure(refnode.target, refnode.credentials('talosconfig'));
    const wrong = { ...machineStatusKind, type: 'Disks.block.talos.dev' };

    const reason = await readAll(session, wrong).catch((caught: unknown) => caught);

    expect(isTalosError(reason, 'failed')).toBe(true);
    expect(String(reason)).toContain('Disks.block.talos.dev(runtime/');
    session.close();
    await refnode.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
