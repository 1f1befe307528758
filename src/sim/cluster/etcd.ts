/**
 * etcd as the control plane nodes of one cluster share it: membership, learners, quorum, leader. Data is not kept, only that there is some.
 */

export interface EtcdMember {
  /** 16 hex digits, as etcd prints it. */
  readonly id: string;
  /** Empty until the member has started once. */
  readonly name: string;
  /** The simulated machine behind it. */
  readonly machine: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  readonly isLearner: boolean;
  /** The process runs and answers. */
  readonly isUp: boolean;
  readonly since: number;
}

export interface EtcdCluster {
  /** Counts the times that a new cluster was made under this id: more than one is a split. */
  readonly generation: number;
  readonly members: readonly EtcdMember[];
  readonly leader?: string;
  readonly raftTerm: number;
  readonly raftIndex: number;
}

export const NO_ETCD: EtcdCluster = { generation: 0, members: [], raftTerm: 1, raftIndex: 1 };

export function votersOf(etcd: EtcdCluster): readonly EtcdMember[] {
  return etcd.members.filter((member) => !member.isLearner);
}

export function hasQuorum(etcd: EtcdCluster): boolean {
  const voters = votersOf(etcd);
  return voters.length > 0 && voters.filter((member) => member.isUp).length > voters.length / 2;
}

export function memberOf(etcd: EtcdCluster, machine: string): EtcdMember | undefined {
  return etcd.members.find((member) => member.machine === machine);
}

/** A new cluster of one member. */
export function bootstrapEtcd(etcd: EtcdCluster, member: EtcdMember): EtcdCluster {
  return { generation: etcd.generation + 1, members: [member], leader: member.id, raftTerm: 2, raftIndex: 8 };
}

/** A member of the same name that is there from before is replaced, as Talos does it. */
export function addLearner(etcd: EtcdCluster, member: EtcdMember): EtcdCluster {
  const others = etcd.members.filter((other) => other.machine !== member.machine);
  return settle({ ...etcd, members: [...others, { ...member, isLearner: true }], raftIndex: etcd.raftIndex + 2 });
}

export function updateMember(etcd: EtcdCluster, id: string, patch: Partial<EtcdMember>): EtcdCluster {
  const members = etcd.members.map((member) => (member.id === id ? { ...member, ...patch } : member));
  return settle({ ...etcd, members, raftIndex: etcd.raftIndex + 1 });
}

export function removeMember(etcd: EtcdCluster, id: string): EtcdCluster {
  return settle({ ...etcd, members: etcd.members.filter((member) => member.id !== id), raftIndex: etcd.raftIndex + 1 });
}

/** Moves the leadership to another voter; undefined when there is none. */
export function forfeitLeadership(etcd: EtcdCluster): EtcdCluster | undefined {
  const next = votersOf(etcd).find((member) => member.isUp && member.id !== etcd.leader);
  return next === undefined ? undefined : { ...etcd, leader: next.id, raftTerm: etcd.raftTerm + 1 };
}

/** Elects a leader when the present one is gone and a majority is there; without a majority there is none. */
function settle(etcd: EtcdCluster): EtcdCluster {
  if (!hasQuorum(etcd)) {
    const { leader: _, ...rest } = etcd;
    return rest;
  }
  const isLeaderUp = votersOf(etcd).some((member) => member.id === etcd.leader && member.isUp);
  const elected = votersOf(etcd).find((member) => member.isUp);
  if (isLeaderUp || elected === undefined) return etcd;
  return { ...etcd, leader: elected.id, raftTerm: etcd.raftTerm + 1 };
}
