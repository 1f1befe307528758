/**
 * Reboot, shutdown, reset and upgrade as sequences of phases with their events, which may take over one another
 * (talos-6-procedures.md §9.1; recordings 14; machined's Sequence.CanTakeOver).
 */
import { hasPreShutdownPhase } from '../versions.ts';
import { hasQuorum, memberOf, removeMember, votersOf } from '../cluster/etcd.ts';
import { updateNode } from '../cluster/kubernetes.ts';
import { powerOff, restartMachine, withdraw } from './power.ts';
import { setService } from './services.ts';
import type { Installation, Sequence, SequenceOptions, Stage } from './state.ts';
import { nodeNameOf, setStage } from './status.ts';
import {
  clusterOf,
  drawUuid,
  emit,
  endJob,
  machineOf,
  runOf,
  startJob,
  updateCluster,
  updateMachine,
  updateRun,
  type Turn,
} from './turn.ts';

export type ActionName = 'reboot' | 'shutdown' | 'reset' | 'upgrade';

const STAGES: Readonly<Record<ActionName, Stage>> = {
  reboot: 'rebooting',
  shutdown: 'shutting down',
  reset: 'resetting',
  upgrade: 'upgrading',
};

/** Returns the actor id. The call is answered in any case: a refusal is only an event, without an actor (FINDINGS 5.10). */
export function startSequence(turn: Turn, name: ActionName, options: SequenceOptions): string {
  const actor = drawUuid(turn, name);
  const running = runOf(turn).sequence;
  if (running !== undefined && !canTakeOver(name, running)) {
    emit(turn, {
      kind: 'sequence',
      sequence: name,
      action: 'noop',
      error: { code: 'locked', message: 'sequence not started: locked' },
    });
    return actor;
  }
  if (running !== undefined && isAction(running.name)) {
    const message = `sequence failed: error running phase 1 in ${running.name} sequence: task 1/1: failed, context canceled`;
    emit(
      turn,
      { kind: 'sequence', sequence: running.name, action: 'noop', error: { code: 'canceled', message } },
      running.actor,
    );
    endJob(turn, 'sequence-end');
  }
  begin(turn, { name, actor, options });
  return actor;
}

export function finishSequence(turn: Turn): void {
  const { sequence } = runOf(turn);
  if (sequence === undefined) return;
  const { installation } = machineOf(turn);
  switch (sequence.name) {
    case 'reboot':
      restartMachine(turn, sequence.options.powerCycle !== true);
      return;
    case 'shutdown':
      powerOff(turn);
      return;
    case 'upgrade':
      if (installation !== undefined && sequence.options.upgrade !== undefined) {
        updateMachine(turn, {
          installation: { ...installation, current: sequence.options.upgrade.image, previous: installation.current },
        });
      }
      restartMachine(turn, true);
      return;
    case 'reset':
      wipe(turn, sequence.options);
      if (sequence.options.reset?.reboot === true) restartMachine(turn, false);
      else powerOff(turn);
      return;
    default:
  }
}

/** etcd did not let the member go: the reset ends where it is (part 6 §9.1: an error of the leave phase aborts). */
export function abortReset(turn: Turn): void {
  const { sequence } = runOf(turn);
  if (sequence?.name !== 'reset') return;
  const message =
    'sequence failed: error running phase 4 in reset sequence: task 1/1: failed, failed to leave cluster: etcdserver: unhealthy cluster';
  emit(
    turn,
    { kind: 'sequence', sequence: 'reset', action: 'noop', error: { code: 'fatal', message } },
    sequence.actor,
  );
  const { sequence: _, ...rest } = runOf(turn);
  updateMachine(turn, { run: rest });
  setStage(turn, 'running');
}

function canTakeOver(asked: ActionName, running: Sequence): boolean {
  if (running.name === 'boot') return true;
  if (asked === 'reboot' || asked === 'shutdown')
    return running.name !== 'upgrade' && running.name !== 'install' && running.name !== 'initialize';
  return false;
}

function isAction(name: Sequence['name']): name is ActionName {
  return name === 'reboot' || name === 'shutdown' || name === 'reset' || name === 'upgrade';
}

function begin(turn: Turn, sequence: Sequence & { readonly name: ActionName }): void {
  const { name, actor, options } = sequence;
  updateRun(turn, { sequence });
  emit(turn, { kind: 'sequence', sequence: name, action: 'start' }, actor);
  setStage(turn, STAGES[name]);
  if (name === 'shutdown' || (name === 'reset' && options.reset?.graceful === true)) {
    cordon(turn);
    phase(turn, 'drain', 'cordonAndDrainNode', actor);
  }
  phase(turn, 'cleanup', name === 'reset' && options.reset?.graceful === true ? 'removeAllPods' : 'stopAllPods', actor);
  if (hasPreShutdownPhase(runOf(turn).version)) phase(turn, 'preShutdown', 'preShutdownServices', actor);
  phase(turn, 'dbus', 'stopDBus', actor);
  if (name === 'reset' && options.reset?.graceful === true && !leaveEtcd(turn)) {
    emit(turn, { kind: 'phase', phase: 'leave', action: 'start' }, actor);
    emit(turn, { kind: 'task', task: 'leaveEtcd', action: 'start' }, actor);
    startJob(turn, 'leave-failed', 300_000);
    return;
  }
  emit(turn, { kind: 'phase', phase: 'stopEverything', action: 'start' }, actor);
  emit(turn, { kind: 'task', task: 'stopAllServices', action: 'start' }, actor);
  withdraw(turn);
  for (const id of ['kubelet', 'etcd'])
    if (runOf(turn).services[id]?.state === 'Running') setService(turn, id, 'Stopping', 'Sending SIGTERM to task');
  updateRun(turn, { etcd: 'absent', kubelet: 'down', staticPods: {} });
  startJob(turn, 'api-gone', turn.latencies.apiGone);
  const work = name === 'upgrade' ? turn.latencies.upgrade : name === 'reset' ? turn.latencies.wipe : 0;
  startJob(turn, 'sequence-end', turn.latencies.stop + work);
}

function phase(turn: Turn, name: string, task: string, actor: string | undefined): void {
  emit(turn, { kind: 'phase', phase: name, action: 'start' }, actor);
  emit(turn, { kind: 'task', task, action: 'start' }, actor);
  emit(turn, { kind: 'task', task, action: 'stop' }, actor);
  emit(turn, { kind: 'phase', phase: name, action: 'stop' }, actor);
}

function cordon(turn: Turn): void {
  const cluster = clusterOf(turn);
  if (cluster === undefined) return;
  updateCluster(turn, {
    ...cluster,
    kubernetes: updateNode(cluster.kubernetes, nodeNameOf(turn), { unschedulable: true }),
  });
}

/** False when etcd will not let it go: the last voter, or no majority. */
function leaveEtcd(turn: Turn): boolean {
  const cluster = clusterOf(turn);
  const member = cluster === undefined ? undefined : memberOf(cluster.etcd, turn.name);
  if (cluster === undefined || member === undefined) return true;
  if (!hasQuorum(cluster.etcd) || (!member.isLearner && votersOf(cluster.etcd).length === 1)) return false;
  updateCluster(turn, { ...cluster, etcd: removeMember(cluster.etcd, member.id) });
  return true;
}

function wipe(turn: Turn, options: SequenceOptions): void {
  const { installation, ...rest } = machineOf(turn);
  const reset = options.reset;
  if (installation === undefined || reset === undefined) return;
  if (reset.wholeDisk) {
    turn.world = { ...turn.world, machines: { ...turn.world.machines, [turn.name]: { ...rest, meta: {} } } };
    return;
  }
  updateMachine(turn, { installation: withoutPartitions(installation, reset.labels) });
}

function withoutPartitions(installation: Installation, labels: readonly string[]): Installation {
  const { config, etcd, ...rest } = installation;
  const wipesEphemeral = labels.includes('EPHEMERAL');
  return {
    ...rest,
    ...(config === undefined || labels.includes('STATE') ? {} : { config }),
    ...(etcd === undefined || wipesEphemeral || labels.includes('ETCD') ? {} : { etcd }),
    ...(wipesEphemeral ? { hasEphemeral: false, images: [] } : {}),
    userVolumes: installation.userVolumes.filter((name) => !labels.includes(`u-${name}`)),
  };
}
