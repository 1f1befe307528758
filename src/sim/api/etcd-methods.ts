/** The Etcd* methods. Before there is an etcd they never answer (FINDINGS 4.1). */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { EtcdMembersSchema, EtcdStatusSchema } from '../../gen/proto/machine/etcd_pb.ts';
import { forfeitLeadership, hasQuorum, memberOf, removeMember, votersOf, type EtcdMember } from '../cluster/etcd.ts';
import { leaveEtcdCluster } from '../machine/etcd.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import { clusterOf, updateCluster, type ClusterState } from '../machine/turn.ts';
import { hang, type Call } from './call.ts';

export async function listMembers(call: Call, isLocal: boolean): Promise<MessageInitShape<typeof EtcdMembersSchema>> {
  const { run, cluster, member } = requireControlPlane(call, 'member list');
  const isHere = run.etcd === 'running' && member !== undefined;
  if (isHere && isLocal && member.isLearner)
    throw new ConnectError('etcdserver: rpc not supported for learner', Code.Unknown);
  const canAskOthers = !isLocal && cluster !== undefined && hasQuorum(cluster.etcd);
  if (cluster === undefined || !hasQuorum(cluster.etcd) || (!isHere && !canAskOthers)) return hang(call.signal);
  return {
    legacyMembers: cluster.etcd.members.map((other) => other.name),
    members: cluster.etcd.members.map(encodeMember),
  };
}

function encodeMember(member: EtcdMember): {
  id: bigint;
  hostname: string;
  peerUrls: string[];
  clientUrls: string[];
  isLearner: boolean;
} {
  return {
    id: BigInt(`0x${member.id}`),
    hostname: member.name,
    peerUrls: [member.peerUrl],
    clientUrls: member.clientUrl === '' ? [] : [member.clientUrl],
    isLearner: member.isLearner,
  };
}

export async function memberStatus(call: Call): Promise<MessageInitShape<typeof EtcdStatusSchema>> {
  const { member, cluster } = await requireEtcd(call, 'etcd status');
  const { etcd } = cluster;
  return {
    memberStatus: {
      protocolVersion: call.view().run.version.minor >= 14 ? '3.7.1' : '3.6.12',
      dbSize: 8_192_000n,
      dbSizeInUse: 4_096_000n,
      leader: etcd.leader === undefined ? 0n : BigInt(`0x${etcd.leader}`),
      raftIndex: BigInt(etcd.raftIndex),
      raftTerm: BigInt(etcd.raftTerm),
      raftAppliedIndex: BigInt(etcd.raftIndex),
      errors: etcd.leader === undefined ? ['etcdserver: no leader'] : [],
      isLearner: member.isLearner,
      memberId: BigInt(`0x${member.id}`),
      storageVersion: member.isLearner ? '3.5.0' : '3.6.0',
    },
  };
}

export async function leaveCluster(call: Call): Promise<Record<string, never>> {
  await requireEtcd(call, 'etcd leave');
  call.act(leaveEtcdCluster);
  return {};
}

export async function removeMemberById(call: Call, id: bigint): Promise<Record<string, never>> {
  const { cluster } = await requireEtcd(call, 'etcd remove member');
  const hex = id.toString(16).padStart(16, '0');
  const found = cluster.etcd.members.find((member) => member.id === hex);
  if (found === undefined)
    throw new ConnectError(`failed to remove member ${id}: etcdserver: member not found`, Code.NotFound);
  call.act((turn) => {
    const own = clusterOf(turn);
    if (own !== undefined) updateCluster(turn, { ...own, etcd: removeMember(own.etcd, hex) });
  });
  return {};
}

export async function forfeit(call: Call): Promise<{ member?: string }> {
  const { member, cluster } = await requireEtcd(call, 'etcd forfeit leadership');
  if (votersOf(cluster.etcd).length === 1)
    throw new ConnectError('failed to forfeit leadership: cannot forfeit leadership, only one member', Code.Unknown);
  if (cluster.etcd.leader !== member.id) return {};
  const moved = forfeitLeadership(cluster.etcd);
  if (moved === undefined) return hang(call.signal);
  call.act((turn) => {
    const own = clusterOf(turn);
    if (own !== undefined) updateCluster(turn, { ...own, etcd: moved });
  });
  const name = moved.members.find((other) => other.id === moved.leader)?.name;
  return name === undefined ? {} : { member: name };
}

/** A bbolt file is not kept; the snapshot is its frame: pages, then the checksum that makes `size % 512 == 32`. */
export async function* snapshot(call: Call): AsyncGenerator<{ bytes: Uint8Array }> {
  await requireEtcd(call, 'etcd snapshot');
  const { createHash } = await import('node:crypto');
  const pages = new Uint8Array(20_480);
  const whole = Buffer.concat([pages, createHash('sha256').update(pages).digest()]);
  for (let offset = 0; offset < whole.length; offset += 1024)
    yield { bytes: new Uint8Array(whole.subarray(offset, offset + 1024)) };
}

interface LocalEtcd {
  readonly member: EtcdMember;
  readonly cluster: ClusterState;
}

/** This node's own member, running in a cluster with a majority; otherwise the call hangs. */
export async function requireEtcd(call: Call, what: string): Promise<LocalEtcd> {
  const view = requireControlPlane(call, what);
  const member = view.cluster === undefined ? undefined : memberOf(view.cluster.etcd, call.machine);
  if (view.run.etcd !== 'running' || member === undefined || view.cluster === undefined) return hang(call.signal);
  if (!hasQuorum(view.cluster.etcd) && what !== 'etcd status') return hang(call.signal);
  return { member, cluster: view.cluster };
}

export function requireControlPlane(call: Call, what: string): RunningView {
  const view = call.view();
  if (view.run.config?.facts.isComplete !== true || view.run.config.facts.role !== 'controlplane') {
    throw new ConnectError(`${what} is only available on control plane nodes`, Code.Unimplemented);
  }
  return view;
}

/** `MAJOR.MINOR`, at least 3.5 (FINDINGS 4.3). */
export function checkDowngrade(version: string): void {
  if (version === '') throw new ConnectError('version is required for etcd downgrade', Code.InvalidArgument);
  const match = /^(\d+)\.(\d+)$/.exec(version);
  if (match === null) throw new ConnectError('version should be in MAJOR.MINOR format', Code.InvalidArgument);
  if (Number(match[1]) < 3 || (Number(match[1]) === 3 && Number(match[2]) < 5))
    throw new ConnectError('etcd downgrade is only supported to 3.5 and later versions', Code.InvalidArgument);
}
