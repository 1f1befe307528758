/**
 * etcd on one machine: Bootstrap with all its refusals, joining as a learner, becoming a voter, leaving, recovery
 * (talos-1-api.md §1.6; recordings 09, 11, 13).
 */
import {
  addLearner,
  bootstrapEtcd,
  hasQuorum,
  memberOf,
  NO_ETCD,
  removeMember,
  updateMember,
  type EtcdMember,
} from '../cluster/etcd.ts';
import { learnerPromotionMs, workerRefusesBootstrapAsUnimplemented } from '../versions.ts';
import { networkOf, primaryIp } from './network.ts';
import { refuse, type Refusal } from './refusal.ts';
import { ETCD_WAITS, isHealthy, setHealth, setService } from './services.ts';
import { nodeNameOf, setStage, refreshStatus } from './status.ts';
import {
  clusterOf,
  drawHex,
  emit,
  endJob,
  hasJob,
  machineOf,
  runOf,
  startJob,
  updateCluster,
  updateMachine,
  updateRun,
  type Turn,
} from './turn.ts';

export interface BootstrapRequest {
  readonly recoverEtcd: boolean;
}

export function bootstrap(turn: Turn, request: BootstrapRequest): Refusal | { readonly kind: 'accepted' } {
  const run = runOf(turn);
  if (run.config?.facts.role === 'worker') {
    return workerRefusesBootstrapAsUnimplemented(run.version)
      ? refuse('Unimplemented', 'bootstrap is only available on control plane nodes')
      : refuse('FailedPrecondition', 'bootstrap can only be performed on a control plane node');
  }
  if (!isHealthy(turn, 'cri') || run.sequence?.name === 'install')
    return refuse('FailedPrecondition', 'bootstrap is not available yet');
  if (run.etcdDirectory) return refuse('AlreadyExists', 'etcd data directory is not empty');
  setService(turn, 'etcd', 'Finished', 'Service finished successfully');
  setService(turn, 'etcd', 'Finished', 'Bootstrap requested');
  setService(turn, 'etcd', 'Starting', 'Starting service');
  setService(turn, 'etcd', 'Waiting', ETCD_WAITS);
  setService(turn, 'etcd', 'Preparing', 'Running pre state');
  updateRun(turn, { isBootstrapping: true });
  for (const job of ['etcd-join', 'etcd-start', 'etcd-health', 'etcd-directory']) endJob(turn, job);
  if (request.recoverEtcd && runOf(turn).recovery?.valid !== true) {
    const bytes = runOf(turn).recovery?.bytes;
    const reason =
      bytes === undefined
        ? 'open /var/lib/etcd.snapshot: no such file or directory'
        : `error verifying snapshot: file size too small ${bytes}`;
    setService(turn, 'etcd', 'Failed', `Failed to run pre stage: ${reason}`);
    updateRun(turn, { etcd: 'failed' });
    return { kind: 'accepted' };
  }
  updateRun(turn, { etcd: 'starting' });
  if (isImageThere(turn)) launch(turn);
  completeBoot(turn);
  return { kind: 'accepted' };
}

function isImageThere(turn: Turn): boolean {
  return !hasJob(turn, 'etcd-pull');
}

/** The process of a bootstrap: creates its directory, then answers, then is healthy. */
function launch(turn: Turn): void {
  startJob(turn, 'etcd-directory', turn.latencies.etcdDirectory);
  startJob(turn, 'etcd-start', turn.latencies.etcdStart);
}

/** The image has arrived: wait for a bootstrap or for others, or go on where the data directory left off. */
export function etcdImagePulled(turn: Turn): void {
  const run = runOf(turn);
  if (run.isBootstrapping && run.etcd === 'starting') {
    launch(turn);
    return;
  }
  const data = machineOf(turn).installation?.etcd;
  if (data === undefined) {
    updateRun(turn, { etcd: 'waiting' });
    return;
  }
  updateRun(turn, { etcd: 'starting' });
  startJob(turn, 'etcd-start', turn.latencies.etcdStart);
}

export function etcdDirectoryMade(turn: Turn): void {
  updateRun(turn, { etcdDirectory: true });
}

/** The process answers: as the first member, as a learner, or back as the member that it was. */
export function etcdStarted(turn: Turn): void {
  const cluster = clusterOf(turn);
  const run = runOf(turn);
  if (cluster === undefined) return;
  const known = memberOf(cluster.etcd, turn.name);
  if (run.isBootstrapping && machineOf(turn).installation?.etcd === undefined) {
    const member = describe(turn, false);
    updateCluster(turn, { ...cluster, etcd: bootstrapEtcd(cluster.etcd, member) });
    keepData(turn, cluster.id, member.id);
  } else if (known === undefined) {
    // Removed while it was away: etcd refuses to start with this data, and the service tries again for ever.
    setService(
      turn,
      'etcd',
      'Failed',
      'Task etcd exited with code 1: the member has been permanently removed from the cluster',
    );
    updateRun(turn, { etcd: 'failed' });
    return;
  } else {
    updateCluster(turn, {
      ...cluster,
      etcd: updateMember(cluster.etcd, known.id, {
        ...describe(turn, known.isLearner),
        id: known.id,
        since: known.since,
      }),
    });
    keepData(turn, cluster.id, known.id);
  }
  updateRun(turn, { etcd: 'running', etcdDirectory: true });
  setService(turn, 'etcd', 'Preparing', 'Creating service runner');
  setService(turn, 'etcd', 'Running', 'Started task etcd (PID 1841) for container etcd');
  startJob(turn, 'etcd-health', turn.latencies.etcdHealth);
  if (known?.isLearner === true)
    startJob(turn, 'etcd-promote', Math.max(0, learnerPromotionMs(run.version) - turn.latencies.etcdJoin));
  completeBoot(turn);
}

export function etcdHealthy(turn: Turn): void {
  setHealth(turn, 'etcd', { healthy: true });
}

/** Another member is up and ready to take this one in. */
export function joinEtcd(turn: Turn): void {
  const cluster = clusterOf(turn);
  if (cluster === undefined || !hasQuorum(cluster.etcd) || runOf(turn).etcd !== 'waiting') return;
  const member = { ...describe(turn, true), name: '', clientUrl: '', isUp: false };
  updateCluster(turn, { ...cluster, etcd: addLearner(cluster.etcd, member) });
  updateRun(turn, { etcd: 'starting' });
  keepData(turn, cluster.id, member.id);
  startJob(turn, 'etcd-start', 300);
}

/** Tried again every 15 s while etcd has no majority. */
export function promoteLearner(turn: Turn): void {
  const cluster = clusterOf(turn);
  const member = cluster === undefined ? undefined : memberOf(cluster.etcd, turn.name);
  if (cluster === undefined || member === undefined || !member.isLearner) return;
  if (!hasQuorum(cluster.etcd)) {
    startJob(turn, 'etcd-promote', 15_000);
    return;
  }
  updateCluster(turn, { ...cluster, etcd: updateMember(cluster.etcd, member.id, { isLearner: false }) });
}

/** Leaves, stops and stays down until a reboot; the data directory is gone. */
export function leaveEtcdCluster(turn: Turn): void {
  const cluster = clusterOf(turn);
  const member = cluster === undefined ? undefined : memberOf(cluster.etcd, turn.name);
  if (cluster === undefined || member === undefined) return;
  updateCluster(turn, { ...cluster, etcd: removeMember(cluster.etcd, member.id) });
  const { installation } = machineOf(turn);
  if (installation !== undefined) {
    const { etcd: _, ...rest } = installation;
    updateMachine(turn, { installation: rest });
  }
  updateRun(turn, { etcd: 'left', etcdDirectory: false });
  setService(turn, 'etcd', 'Stopping', 'Sending SIGTERM to task etcd (PID 1841, container etcd)');
  setService(turn, 'etcd', 'Finished', 'Service finished successfully');
  refreshStatus(turn);
}

/** Ends the boot sequence once nothing that it waits for is missing. */
export function completeBoot(turn: Turn): void {
  const run = runOf(turn);
  if (run.stage !== 'booting' || run.sequence?.name !== 'boot' || run.kubelet !== 'healthy') return;
  const isControlPlane = run.config?.facts.role === 'controlplane';
  if (isControlPlane && !run.isBootstrapping && run.etcd !== 'running') return;
  emit(turn, { kind: 'task', task: 'startAllServices', action: 'stop' });
  emit(turn, { kind: 'phase', phase: 'startEverything', action: 'stop' });
  emit(turn, { kind: 'sequence', sequence: 'boot', action: 'stop' });
  const { sequence: _, ...rest } = runOf(turn);
  updateMachine(turn, { run: rest });
  setStage(turn, 'running');
}

function describe(turn: Turn, isLearner: boolean): EtcdMember {
  const network = networkOf(machineOf(turn), runOf(turn).config?.facts.network, turn.world.seed);
  const ip = primaryIp(network) ?? '127.0.0.1';
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return {
    id: drawHex(turn, 'etcd', 8),
    name: nodeNameOf(turn),
    machine: turn.name,
    peerUrl: `https://${host}:2380`,
    clientUrl: `https://${host}:2379`,
    isLearner,
    isUp: true,
    since: turn.now,
  };
}

function keepData(turn: Turn, cluster: string, memberId: string): void {
  const { installation } = machineOf(turn);
  if (installation !== undefined)
    updateMachine(turn, { installation: { ...installation, etcd: { cluster, memberId } } });
}

/** The cluster as `NO_ETCD` for callers that have none yet. */
export function etcdOf(turn: Turn): typeof NO_ETCD {
  return clusterOf(turn)?.etcd ?? NO_ETCD;
}
