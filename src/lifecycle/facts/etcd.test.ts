import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { sessionOver } from '../../../test/support/router-session.ts';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import { State } from '../../gen/proto/cosi/state_pb.ts';
import type { ServiceInfo, TalosNodeSession } from '../../talos-api/port.ts';
import { readEtcd, readEtcdInMaintenance } from './etcd.ts';

const signal = new AbortController().signal;

function etcdService(state: string, before: readonly string[] = []): readonly ServiceInfo[] {
  return [
    {
      id: 'etcd',
      state,
      health: state === 'Running' ? 'healthy' : 'unknown',
      message: '',
      events: [...before, state].map((past) => ({ state: past, message: '', atMs: 0 })),
    },
  ];
}

/** What reading a path answers: `path must be a regular file` for a directory. */
function machineWith(data: 'directory' | 'nothing' | 'refused'): TalosNodeSession {
  return sessionOver((router) =>
    router.service(MachineService, {
      read: async function* () {
        yield* [];
        if (data === 'directory') throw new ConnectError('path must be a regular file', Code.Unknown);
        if (data === 'refused') throw new ConnectError('not authorized', Code.PermissionDenied);
        throw new ConnectError('stat /var/lib/etcd/member: no such file or directory', Code.NotFound);
      },
    }),
  );
}

interface Answering {
  readonly isLearner?: boolean;
  readonly leader?: bigint;
  readonly errors?: readonly string[];
}

function memberWith({ isLearner = false, leader = 1n, errors = [] }: Answering): TalosNodeSession {
  return sessionOver((router) =>
    router.service(MachineService, {
      etcdStatus: () => ({
        messages: [{ memberStatus: { memberId: 0xabcn, leader, isLearner, errors: [...errors] } }],
      }),
      etcdMemberList: () => ({
        messages: [
          {
            members: [
              { id: 1n, hostname: 'cp-1' },
              { id: 0xabcn, hostname: 'cp-2', isLearner, peerUrls: ['https://10.0.4.102:2380'] },
            ],
          },
        ],
      }),
    }),
  );
}

describe('readEtcd', () => {
  test('nothing where the data would be, after the volumes are mounted: none', async () => {
    expect(await readEtcd(machineWith('nothing'), etcdService('Preparing'), { signal })).toMatchObject({
      kind: 'read',
      value: { kind: 'none' },
    });
    expect(
      await readEtcd(machineWith('nothing'), etcdService('Finished', ['Preparing', 'Running']), { signal }),
    ).toMatchObject({ kind: 'read', value: { kind: 'none' } });
  });

  test('nothing seen before the volumes are mounted proves nothing', async () => {
    expect(await readEtcd(machineWith('nothing'), etcdService('Waiting', ['Starting']), { signal })).toMatchObject({
      kind: 'unread',
      why: expect.stringContaining('Waiting'),
    });
  });

  test.each(['Waiting', 'Preparing', 'Failed', 'Finished'])(
    'data beside a service that is %s counts as an etcd',
    async (state) => {
      expect(await readEtcd(machineWith('directory'), etcdService(state), { signal })).toMatchObject({
        kind: 'read',
        value: { kind: 'silent', why: expect.stringContaining('data') },
      });
    },
  );

  test('what may not be looked at is unknown', async () => {
    expect(await readEtcd(machineWith('refused'), etcdService('Preparing'), { signal })).toMatchObject({
      kind: 'unread',
      why: expect.stringContaining('not authorized'),
    });
    expect(await readEtcd(machineWith('nothing'), [], { signal })).toMatchObject({ kind: 'unread' });
  });

  test('a member with a leader is healthy; ids are 16 hexadecimal digits', async () => {
    const fact = await readEtcd(memberWith({}), etcdService('Running'), { signal });

    expect(fact).toMatchObject({
      kind: 'read',
      value: {
        kind: 'member',
        healthy: true,
        self: { id: '0000000000000abc', hostname: 'cp-2', learner: false, peerUrls: ['https://10.0.4.102:2380'] },
      },
    });
    expect(fact).toMatchObject({ value: { members: [{ id: '0000000000000001' }, { id: '0000000000000abc' }] } });
  });

  test.each([
    ['without a leader', { leader: 0n }],
    ['with an error', { errors: ['etcdserver: corrupt'] }],
  ])('a member %s is not healthy', async (_, answering) => {
    expect(await readEtcd(memberWith(answering), etcdService('Running'), { signal })).toMatchObject({
      value: { kind: 'member', healthy: false },
    });
  });

  test('a learner is said to be one', async () => {
    expect(await readEtcd(memberWith({ isLearner: true }), etcdService('Running'), { signal })).toMatchObject({
      value: { kind: 'member', self: { learner: true } },
    });
  });

  test('an etcd that runs and does not answer is silent, never none', async () => {
    const session = sessionOver((router) =>
      router.service(MachineService, {
        etcdStatus: () => {
          throw new ConnectError('context deadline exceeded', Code.DeadlineExceeded);
        },
        etcdMemberList: () => ({ messages: [{}] }),
      }),
    );

    expect(await readEtcd(session, etcdService('Running'), { signal })).toMatchObject({
      kind: 'read',
      value: { kind: 'silent' },
    });
  });
});

describe('readEtcdInMaintenance', () => {
  function machineWithPartitions(labels: readonly string[]): TalosNodeSession {
    return sessionOver((router) =>
      router.service(State, {
        list: async function* () {
          for (const label of labels)
            yield {
              resource: {
                metadata: { namespace: 'runtime', type: 'DiscoveredVolumes.block.talos.dev', id: label, version: '1' },
                spec: { yamlSpec: `partition_label: ${label}\n` },
              },
            };
        },
      }),
    );
  }

  test('an empty disk holds no etcd', async () => {
    expect(await readEtcdInMaintenance(machineWithPartitions([]), { signal })).toMatchObject({
      kind: 'read',
      value: { kind: 'none' },
    });
    expect(await readEtcdInMaintenance(machineWithPartitions(['META', 'BOOT']), { signal })).toMatchObject({
      kind: 'read',
      value: { kind: 'none' },
    });
  });

  test('an EPHEMERAL partition may hold one, which is not known before the node runs', async () => {
    expect(await readEtcdInMaintenance(machineWithPartitions(['META', 'EPHEMERAL']), { signal })).toMatchObject({
      kind: 'unread',
      why: expect.stringContaining('EPHEMERAL'),
    });
  });
});
