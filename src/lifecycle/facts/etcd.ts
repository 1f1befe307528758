/**
 * What a control plane knows of etcd. The difference between "none" and "does not answer" decides whether a bootstrap is safe, so
 * nothing counts as none unless the place of the data was seen to be empty.
 */
import { messageOf } from '../../errors.ts';
import { isTalosError } from '../../talos-api/errors.ts';
import type { CallOptions, ServiceInfo, TalosNodeSession } from '../../talos-api/port.ts';
import { read, unread, type EtcdMember, type EtcdObservation, type Fact } from '../observation.ts';
import { readPartitionLabels } from './disks.ts';

/** Before the bootstrap every Etcd call hangs (FINDINGS 4.1), so they are only made while the service runs, and not for long. */
const ETCD_ANSWER_MS = 3_000;
/** Made by etcd's first start. Reading a directory is refused, reading nothing is "not found": that tells the two apart. */
const ETCD_DATA = '/var/lib/etcd/member';

export async function readEtcd(
  session: TalosNodeSession,
  services: readonly ServiceInfo[],
  options: CallOptions,
): Promise<Fact<EtcdObservation>> {
  const etcd = services.find((service) => service.id === 'etcd');
  if (etcd === undefined) return unread('its etcd service has not been set up yet');
  if (etcd.state === 'Running') return read(await askMember(session, etcd, options), 'EtcdStatus, EtcdMemberList');
  return lookForData(session, etcd, options);
}

/** Nothing runs in maintenance, but an EPHEMERAL partition of before may hold data that comes alive with the config. */
export async function readEtcdInMaintenance(
  session: TalosNodeSession,
  options: CallOptions,
): Promise<Fact<EtcdObservation>> {
  const labels = await readPartitionLabels(session, options);
  if (labels.includes('EPHEMERAL'))
    return unread(
      'its disk carries an EPHEMERAL partition, which may hold etcd data; that is seen once it runs its config',
    );
  return read({ kind: 'none', service: 'not started' }, 'DiscoveredVolumes');
}

async function askMember(
  session: TalosNodeSession,
  service: ServiceInfo,
  options: CallOptions,
): Promise<EtcdObservation> {
  const short = { ...options, timeoutMs: ETCD_ANSWER_MS };
  try {
    const [status, members] = await Promise.all([session.etcdStatus(short), session.etcdMemberList({}, short)]);
    const own = members.find((member) => member.id === status.memberId);
    const list = members.map((member): EtcdMember => ({
      id: hex(member.id),
      hostname: member.hostname,
      learner: member.isLearner,
      peerUrls: member.peerUrls,
    }));
    const self = {
      id: hex(status.memberId),
      hostname: own?.hostname ?? '',
      learner: status.isLearner,
      peerUrls: own?.peerUrls ?? [],
    };
    const healthy = service.health === 'healthy' && status.leaderId !== 0n && status.errors.length === 0;
    return { kind: 'member', service: service.state, healthy, self, members: list };
  } catch (reason) {
    options.signal?.throwIfAborted();
    return {
      kind: 'silent',
      service: service.state,
      why: isTalosError(reason, 'deadline') ? 'its etcd runs but does not answer' : messageOf(reason),
    };
  }
}

async function lookForData(
  session: TalosNodeSession,
  service: ServiceInfo,
  options: CallOptions,
): Promise<Fact<EtcdObservation>> {
  try {
    await session.readFile(ETCD_DATA, options);
  } catch (reason) {
    options.signal?.throwIfAborted();
    if (isTalosError(reason, 'invalid-argument'))
      return read(
        { kind: 'silent', service: service.state, why: `there is etcd data, the service is ${service.state}` },
        ETCD_DATA,
      );
    if (!isTalosError(reason, 'not-found'))
      return unread(`whether there is etcd data could not be seen: ${messageOf(reason)}`);
    // Before its conditions are met the volume of the data may not be mounted yet: not found would prove nothing.
    if (hasVolumes(service)) return read({ kind: 'none', service: service.state }, `service etcd, ${ETCD_DATA}`);
    return unread(`its etcd service is ${service.state}, so that its data cannot be seen yet`);
  }
  return read({ kind: 'silent', service: service.state, why: `there is something at ${ETCD_DATA}` }, ETCD_DATA);
}

/** Preparing, and everything after it, comes behind "Waiting for volumes" (FINDINGS 3.5). */
function hasVolumes(service: ServiceInfo): boolean {
  return service.state === 'Preparing' || service.events.some((event) => event.state === 'Preparing');
}

function hex(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}
