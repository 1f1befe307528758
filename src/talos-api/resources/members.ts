/** Who belongs to the cluster by discovery, and the node's own etcd member id. */
import { z } from 'zod';
import { parseEtcdMemberId } from '../etcd-id.ts';
import { defineKind, text, texts, type ResourceKind } from './kind.ts';

export interface Member {
  readonly id: string;
  readonly nodeId: string;
  readonly addresses: readonly string[];
  readonly hostname: string;
  /** `controlplane` or `worker`. */
  readonly machineType: string;
  /** `Talos (v1.13.9)` */
  readonly operatingSystem: string;
}

/** From the discovery service; none when discovery is disabled. */
export const memberKind: ResourceKind<Member> = defineKind({
  namespace: 'cluster',
  type: 'Members.cluster.talos.dev',
  schema: z.object({ nodeId: text, addresses: texts, hostname: text, machineType: text, operatingSystem: text }),
  map: (spec, { id }) => ({ id, ...spec }),
});

export interface LocalEtcdMember {
  readonly memberId: bigint;
}

/** Appears with etcd's first health check, about 5 s after it answers. */
export const localEtcdMemberKind: ResourceKind<LocalEtcdMember> = defineKind({
  namespace: 'etcd',
  type: 'EtcdMembers.etcd.talos.dev',
  id: 'local',
  schema: z.object({ memberID: text }),
  map: ({ memberID }) => ({ memberId: parseEtcdMemberId(memberID) }),
});
