/** Installing Talos on a disk: which disk, which image, and what is on the disk afterwards. */
import type { BootImage } from '../definition.ts';
import { hasUnattendedInstall } from '../versions.ts';
import { chooseDisk } from './disk-selector.ts';
import { setStage } from './status.ts';
import { emit, machineOf, runOf, startJob, updateMachine, updateRun, type Turn } from './turn.ts';

/** Starts the install sequence; false when the config asks for none and the node runs on from memory. */
export function startInstall(turn: Turn): boolean {
  const run = runOf(turn);
  const wish = run.config?.facts.install;
  emit(turn, { kind: 'sequence', sequence: 'install', action: 'start' });
  if (wish === undefined || machineOf(turn).definition.platform === 'container') {
    emit(turn, { kind: 'sequence', sequence: 'install', action: 'stop' });
    return false;
  }
  const choice = chooseDisk(machineOf(turn), wish);
  if (choice.kind === 'missing') {
    if (wish.isUnattended && hasUnattendedInstall(run.version)) return true;
    failInstall(turn, choice.reason);
    return true;
  }
  const image = wish.image === undefined ? run.image : imageOf(wish.image, run.image);
  updateRun(turn, {
    sequence: { name: 'install', options: { install: { disk: choice.disk.name, image, wipe: wish.wipe } } },
  });
  emit(turn, { kind: 'phase', phase: 'install', action: 'start' });
  emit(turn, { kind: 'task', task: 'install', action: 'start' });
  setStage(turn, 'installing');
  startJob(turn, 'install', turn.latencies.installerPull + turn.latencies.install);
  return true;
}

/** The sequence is gone through and does nothing on a machine that is installed. */
export function skipInstall(turn: Turn): void {
  emit(turn, { kind: 'sequence', sequence: 'install', action: 'start' });
  emit(turn, { kind: 'sequence', sequence: 'install', action: 'stop' });
}

/** machined gives up, waits and reboots; nothing was written, so the next boot is in maintenance again. */
function failInstall(turn: Turn, reason: string): void {
  const message = `error running phase 1 in install sequence: task 1/1: failed, ${reason}`;
  emit(turn, { kind: 'phase', phase: 'install', action: 'start' });
  emit(turn, { kind: 'task', task: 'install', action: 'start' });
  emit(turn, {
    kind: 'sequence',
    sequence: 'install',
    action: 'noop',
    error: { code: 'fatal', message: `sequence failed: ${message}` },
  });
  setStage(turn, 'installing');
  startJob(turn, 'panic-reboot', turn.latencies.panicReboot);
}

/** The installer is done: the disk boots from now on, and the config is on it. */
export function finishInstall(turn: Turn): void {
  const run = runOf(turn);
  const plan = run.sequence?.options.install;
  if (plan === undefined) return;
  const config = run.stored ?? run.config?.text;
  updateMachine(turn, {
    installation: {
      disk: plan.disk,
      current: plan.image,
      hasEphemeral: false,
      userVolumes: [],
      images: [],
      ...(config === undefined ? {} : { config }),
    },
  });
  emit(turn, { kind: 'task', task: 'install', action: 'stop' });
  emit(turn, { kind: 'phase', phase: 'install', action: 'stop' });
  emit(turn, { kind: 'sequence', sequence: 'install', action: 'stop' });
  setStage(turn, 'rebooting');
  startJob(turn, 'api-gone', turn.latencies.apiGone);
  startJob(turn, 'kexec', turn.latencies.apiGone + turn.latencies.kexec);
}

/**
 * What an installer image holds. Image Factory's names carry the schematic (`factory.talos.dev/metal-installer/<id>:<tag>`); the plain one
 * has none. An image without a tag that is a version boots what runs now.
 */
export function imageOf(reference: string, running: BootImage): BootImage {
  const match = /^(?<name>[^@]+?)(?::(?<tag>[^/:@]+))?(?:@.*)?$/.exec(reference);
  const name = match?.groups?.['name'] ?? reference;
  const tag = match?.groups?.['tag'] ?? '';
  const schematic = /\/(?:[a-z0-9]+-)?installer(?:-secureboot)?\/([0-9a-f]{64})$/.exec(name)?.[1];
  const talos = /^v\d+\.\d+/.test(tag) ? tag : running.talos;
  return { talos, ...(schematic === undefined ? {} : { schematic }) };
}
