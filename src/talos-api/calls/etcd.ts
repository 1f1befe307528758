/** The etcd calls of the MachineService. */
import { EtcdMemberAlarm_AlarmType, type EtcdMemberAlarm } from '../../gen/proto/machine/etcd_pb.ts';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { TalosApiError } from '../errors.ts';
import type { EtcdAlarm, EtcdCalls, EtcdMemberStatus } from '../port.ts';
import type { EtcdMemberStatus as WireStatus } from '../../gen/proto/machine/etcd_pb.ts';
import { bytesOf, only, toNumber } from './reply.ts';

export function createEtcdCalls(caller: Caller): EtcdCalls {
  const machine = caller.client(MachineService);
  return { ...memberCalls(caller, machine), ...snapshotCalls(caller, machine), ...upkeepCalls(caller, machine) };
}

type Machine = ReturnType<typeof machineClient>;

function machineClient(caller: Caller) {
  return caller.client(MachineService);
}

function memberCalls(
  caller: Caller,
  machine: Machine,
): Pick<EtcdCalls, 'etcdMemberList' | 'etcdStatus' | 'etcdForfeitLeadership' | 'etcdLeave' | 'etcdRemoveMember'> {
  return {
    async etcdMemberList(request, options) {
      const call = 'EtcdMemberList';
      const queryLocal = request?.local ?? false;
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdMemberList({ queryLocal }, wire),
      });
      return only(reply, call).members.map(({ id, hostname, peerUrls, clientUrls, isLearner }) => ({
        id,
        hostname,
        peerUrls,
        clientUrls,
        isLearner,
      }));
    },
    async etcdStatus(options) {
      const call = 'EtcdStatus';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdStatus({}, wire),
      });
      const status = only(reply, call).memberStatus;
      if (status === undefined) throw new TalosApiError('failed', `${call}: the answer holds no status`);
      return memberStatus(status);
    },
    async etcdForfeitLeadership(options) {
      const call = 'EtcdForfeitLeadership';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.etcdForfeitLeadership({}, wire),
      });
      const { member } = only(reply, call);
      return member === '' ? undefined : member;
    },
    async etcdLeave(options) {
      const call = 'EtcdLeaveCluster';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcdLeave,
        options,
        run: (wire) => machine.etcdLeaveCluster({}, wire),
      });
      only(reply, call);
    },
    async etcdRemoveMember(id, options) {
      const call = 'EtcdRemoveMemberByID';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.etcdRemoveMemberByID({ memberId: id }, wire),
      });
      only(reply, call);
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
      const call = 'EtcdRecover';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcdRecover,
        options,
        run: (wire) => machine.etcdRecover(dataMessages(snapshot), wire),
      });
      only(reply, call);
    },
  };
}

function upkeepCalls(
  caller: Caller,
  machine: Machine,
): Pick<EtcdCalls, 'etcdAlarms' | 'etcdDisarmAlarms' | 'etcdDefragment'> {
  return {
    async etcdAlarms(options) {
      const call = 'EtcdAlarmList';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdAlarmList({}, wire),
      });
      return only(reply, call).memberAlarms.map(memberAlarm);
    },
    async etcdDisarmAlarms(options) {
      const call = 'EtcdAlarmDisarm';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcd,
        options,
        run: (wire) => machine.etcdAlarmDisarm({}, wire),
      });
      return only(reply, call).memberAlarms.map(memberAlarm);
    },
    async etcdDefragment(options) {
      const call = 'EtcdDefragment';
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.etcdDefragment,
        options,
        run: (wire) => machine.etcdDefragment({}, wire),
      });
      only(reply, call);
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
