/** The etcd calls of the MachineService. */
import { EtcdMemberAlarm_AlarmType, type EtcdMemberAlarm } from '../../gen/proto/machine/etcd_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { TalosApiError } from '../errors.ts';
import type { EtcdAlarm, EtcdCalls, EtcdMemberStatus } from '../port.ts';
import type { EtcdMemberStatus as WireStatus } from '../../gen/proto/machine/etcd_pb.ts';
import { machineClient, type Machine } from './machine-client.ts';
import { bytesOf, ask, toNumber } from './reply.ts';

export function createEtcdCalls(caller: Caller): EtcdCalls {
  const machine = machineClient(caller);
  return { ...memberCalls(caller, machine), ...snapshotCalls(caller, machine), ...upkeepCalls(caller, machine) };
}

function memberCalls(
  caller: Caller,
  machine: Machine,
): Pick<EtcdCalls, 'etcdMemberList' | 'etcdStatus' | 'etcdForfeitLeadership' | 'etcdLeave' | 'etcdRemoveMember'> {
  return {
    async etcdMemberList(request, options) {
      const queryLocal = request?.local ?? false;
      const reply = await ask(caller, {
        call: 'EtcdMemberList',
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdMemberList({ queryLocal }, wire),
      });
      return reply.members.map(({ id, hostname, peerUrls, clientUrls, isLearner }) => ({
        id,
        hostname,
        peerUrls,
        clientUrls,
        isLearner,
      }));
    },
    async etcdStatus(options) {
      const reply = await ask(caller, {
        call: 'EtcdStatus',
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdStatus({}, wire),
      });
      const status = reply.memberStatus;
      if (status === undefined) throw new TalosApiError('failed', 'EtcdStatus: the answer holds no status');
      return memberStatus(status);
    },
    async etcdForfeitLeadership(options) {
      const reply = await ask(caller, {
        call: 'EtcdForfeitLeadership',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.etcdForfeitLeadership({}, wire),
      });
      const { member } = reply;
      return member === '' ? undefined : member;
    },
    async etcdLeave(options) {
      await ask(caller, {
        call: 'EtcdLeaveCluster',
        deadlineMs: DEADLINES_MS.etcdLeave,
        options,
        run: (wire) => machine.etcdLeaveCluster({}, wire),
      });
    },
    async etcdRemoveMember(id, options) {
      await ask(caller, {
        call: 'EtcdRemoveMemberByID',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.etcdRemoveMemberByID({ memberId: id }, wire),
      });
    },
  };
}

function snapshotCalls(caller: Caller, machine: Machine): Pick<EtcdCalls, 'etcdSnapshot' | 'etcdRecover'> {
  return {
    etcdSnapshot: (options) =>
      caller.stream({
        call: 'EtcdSnapshot',
        kind: 'finite',
        options,
        run: (wire) => bytesOf(machine.etcdSnapshot({}, wire), 'EtcdSnapshot'),
      }),
    async etcdRecover(snapshot, options) {
      await ask(caller, {
        call: 'EtcdRecover',
        deadlineMs: DEADLINES_MS.etcdRecover,
        options,
        run: (wire) => machine.etcdRecover(dataMessages(snapshot), wire),
      });
    },
  };
}

function upkeepCalls(
  caller: Caller,
  machine: Machine,
): Pick<EtcdCalls, 'etcdAlarms' | 'etcdDisarmAlarms' | 'etcdDefragment'> {
  return {
    async etcdAlarms(options) {
      const reply = await ask(caller, {
        call: 'EtcdAlarmList',
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdAlarmList({}, wire),
      });
      return reply.memberAlarms.map(memberAlarm);
    },
    async etcdDisarmAlarms(options) {
      const reply = await ask(caller, {
        call: 'EtcdAlarmDisarm',
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdAlarmDisarm({}, wire),
      });
      return reply.memberAlarms.map(memberAlarm);
    },
    async etcdDefragment(options) {
      await ask(caller, {
        call: 'EtcdDefragment',
        deadlineMs: DEADLINES_MS.etcdDefragment,
        options,
        run: (wire) => machine.etcdDefragment({}, wire),
      });
    },
  };
}

/** Messages of at most 32 KiB, whatever the chunks of the source are: a node refuses messages over 32 MiB. */
async function* dataMessages(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Uint8Array }, void, undefined> {
  const size = 32 * 1024;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += size) yield { bytes: chunk.subarray(start, start + size) };
  }
}

function memberStatus(status: WireStatus): EtcdMemberStatus {
  return {
    memberId: status.memberId,
    leaderId: status.leader,
    isLearner: status.isLearner,
    dbSizeBytes: toNumber(status.dbSize),
    dbSizeInUseBytes: toNumber(status.dbSizeInUse),
    raftIndex: status.raftIndex,
    raftTerm: status.raftTerm,
    raftAppliedIndex: status.raftAppliedIndex,
    protocolVersion: status.protocolVersion,
    storageVersion: status.storageVersion,
    errors: status.errors,
  };
}

function memberAlarm({ memberId, alarm }: EtcdMemberAlarm): EtcdAlarm {
  switch (alarm) {
    case EtcdMemberAlarm_AlarmType.NOSPACE:
      return { memberId, alarm: 'nospace' };
    case EtcdMemberAlarm_AlarmType.CORRUPT:
      return { memberId, alarm: 'corrupt' };
    default:
      return { memberId, alarm: 'none' };
  }
}
