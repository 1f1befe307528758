/** The methods of MachineService that change the node (talos-1-api.md §1.6). */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  ApplyConfigurationRequest_Mode,
  RebootRequest_Mode,
  ResetRequest_WipeMode,
  type ApplyConfigurationRequest,
  type ApplyConfigurationSchema,
  type BootstrapRequest,
  type MetaDeleteRequest,
  type MetaWriteRequest,
  type RebootRequest,
  type ResetRequest,
  type ShutdownRequest,
  type UpgradeRequest,
} from '../../gen/proto/machine/machine_pb.ts';
import { hasQuorum } from '../cluster/etcd.ts';
import { applyConfiguration, type ApplyMode } from '../machine/apply.ts';
import { presentDisks } from '../machine/disk-selector.ts';
import { bootstrap } from '../machine/etcd.ts';
import { imageOf } from '../machine/install.ts';
import { keepImage } from '../machine/reconcile.ts';
import { startSequence } from '../machine/sequences.ts';
import { setHealth, setService } from '../machine/services.ts';
import { machineOf, runOf, startJob, updateMachine, updateRun } from '../machine/turn.ts';
import { errorOf, hang, type Call } from './call.ts';

const MODES: ReadonlyMap<ApplyConfigurationRequest_Mode, ApplyMode> = new Map([
  [ApplyConfigurationRequest_Mode.REBOOT, 'reboot'],
  [ApplyConfigurationRequest_Mode.AUTO, 'auto'],
  [ApplyConfigurationRequest_Mode.NO_REBOOT, 'no-reboot'],
  [ApplyConfigurationRequest_Mode.STAGED, 'staged'],
  [ApplyConfigurationRequest_Mode.TRY, 'try'],
]);

export function apply(
  call: Call,
  request: ApplyConfigurationRequest,
): MessageInitShape<typeof ApplyConfigurationSchema> {
  const timeout = request.tryModeTimeout;
  const openStreams = call.served.streams.of(call.machine);
  const reply = call.act((turn) => {
    turn.openStreams = openStreams;
    return applyConfiguration(
      turn,
      {
        text: Buffer.from(request.data).toString('utf8'),
        mode: MODES.get(request.mode) ?? request.mode,
        isDryRun: request.dryRun,
        ...(timeout === undefined ? {} : { tryTimeoutMs: Number(timeout.seconds) * 1000 + timeout.nanos / 1e6 }),
      },
      call.simulation.validator,
    );
  });
  if (reply.kind === 'refused') throw errorOf(reply);
  return { mode: encodeMode(reply.mode, request.mode), modeDetails: reply.details, warnings: [...reply.warnings] };
}

/** A mode that has no name is the one that was asked for. */
function encodeMode(mode: ApplyMode, asked: ApplyConfigurationRequest_Mode): ApplyConfigurationRequest_Mode {
  if (typeof mode === 'number') return asked;
  for (const [encoded, name] of MODES) if (name === mode) return encoded;
  return ApplyConfigurationRequest_Mode.REBOOT;
}

export function bootstrapNode(call: Call, request: BootstrapRequest): Record<string, never> {
  const result = call.act((turn) => bootstrap(turn, { recoverEtcd: request.recoverEtcd }));
  if (result.kind === 'refused') throw errorOf(result);
  return {};
}

export function reboot(call: Call, request: RebootRequest): { actorId: string } {
  refuseInContainer(call);
  return {
    actorId: call.act((turn) =>
      startSequence(turn, 'reboot', { powerCycle: request.mode === RebootRequest_Mode.POWERCYCLE }),
    ),
  };
}

export function shutdown(call: Call, _request: ShutdownRequest): { actorId: string } {
  refuseInContainer(call);
  return { actorId: call.act((turn) => startSequence(turn, 'shutdown', {})) };
}

export function reset(call: Call, request: ResetRequest): { actorId: string } {
  const view = call.view();
  const labels = request.systemPartitionsToWipe
    .filter((partition) => partition.wipe)
    .map((partition) => partition.label);
  const { installation } = view.machine;
  const known = [
    'STATE',
    'EPHEMERAL',
    'META',
    'EFI',
    'BOOT',
    'IMAGECACHE',
    'ETCD',
    ...(view.run.config?.facts.userVolumes ?? []).map((volume) => `u-${volume.name}`),
  ];
  if (request.mode === ResetRequest_WipeMode.SYSTEM_DISK && request.userDisksToWipe.length > 0) {
    throw new ConnectError(
      "reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter",
      Code.Unknown,
    );
  }
  if (request.mode === ResetRequest_WipeMode.USER_DISKS && request.systemPartitionsToWipe.length > 0) {
    throw new ConnectError(
      "reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter",
      Code.Unknown,
    );
  }
  for (const disk of request.userDisksToWipe) {
    if (!presentDisks(view.machine).some((candidate) => `/dev/${candidate.name}` === disk))
      throw new ConnectError(`reset user disk failed: device ${disk} wasn't found`, Code.Unknown);
  }
  for (const { label } of request.systemPartitionsToWipe) {
    if (!known.includes(label))
      throw new ConnectError(
        `failed to get volume status with label "${label}": resource VolumeStatuses.block.talos.dev(runtime/${label}@undefined) doesn't exist`,
        Code.Unknown,
      );
    if (installation === undefined)
      throw new ConnectError(`failed to reset: volume "${label}" is not located`, Code.Unknown);
  }
  const wholeDisk = request.systemPartitionsToWipe.length === 0 && request.mode !== ResetRequest_WipeMode.USER_DISKS;
  return {
    actorId: call.act((turn) =>
      startSequence(turn, 'reset', {
        reset: { wholeDisk, labels, reboot: request.reboot, graceful: request.graceful },
      }),
    ),
  };
}

export function rollback(call: Call): Record<string, never> {
  refuseInContainer(call);
  const { installation } = call.view().machine;
  if (installation?.previous === undefined)
    throw new ConnectError('failed to revert bootloader: cannot rollback to "", label does not exist', Code.Unknown);
  const { previous, current } = installation;
  call.act((turn) => {
    updateMachine(turn, { installation: { ...installation, current: previous, previous: current } });
    startSequence(turn, 'reboot', {});
  });
  return {};
}

/** The old upgrade: pulls, checks etcd, and reboots by itself. */
export async function upgrade(call: Call, request: UpgradeRequest): Promise<{ ack: string; actorId: string }> {
  refuseInContainer(call);
  const { run, cluster } = call.view();
  const members = cluster?.etcd.members ?? [];
  if (run.config?.facts.role === 'controlplane' && !request.force) {
    if (members.length === 2)
      throw new ConnectError(
        'error validating etcd for upgrade: etcd member count(2) is insufficient to maintain quorum if upgrade commences',
        Code.Unknown,
      );
    if (cluster === undefined || !hasQuorum(cluster.etcd)) return hang(call.signal);
  }
  const image = imageOf(request.image, run.image);
  const actorId = call.act((turn) => startSequence(turn, 'upgrade', { upgrade: { image, stage: request.stage } }));
  return { ack: 'Upgrade request received', actorId };
}

export function startService(call: Call, id: string): { resp: string } {
  const service = requireService(call, id);
  if (STOPPED.includes(service.state)) {
    if (!isControllable(id, true))
      throw new ConnectError(`service "${id}" doesn't support start operation via API`, Code.Unknown);
    restart(call, id);
  }
  return { resp: `Service "${id}" started` };
}

export function stopService(call: Call, id: string): { resp: string } {
  const service = requireService(call, id);
  if (service.state === 'Running') {
    if (!isControllable(id, false))
      throw new ConnectError(`service "${id}" doesn't support stop operation via API`, Code.Unknown);
    call.act((turn) => setService(turn, id, 'Finished', 'Service finished successfully'));
  }
  return { resp: `Service "${id}" stopped` };
}

export function restartService(call: Call, id: string): { resp: string } {
  requireService(call, id);
  if (!isControllable(id, true))
    throw new ConnectError(`service "${id}" doesn't support restart operation via API`, Code.Unknown);
  restart(call, id);
  return { resp: `Service "${id}" restarted` };
}

function restart(call: Call, id: string): void {
  call.act((turn) => {
    setService(turn, id, 'Stopping', `Sending SIGTERM to task ${id}`);
    setService(turn, id, 'Running', `Started task ${id} (PID 2077) for container ${id}`);
    if (id === 'kubelet') {
      updateRun(turn, { kubelet: 'running' });
      startJob(turn, 'kubelet', turn.latencies.kubelet);
    } else {
      setHealth(turn, id, { healthy: true });
    }
  });
}

function requireService(call: Call, id: string): { readonly state: string } {
  const service = call.view().run.services[id];
  if (service === undefined) throw new ConnectError(`service "${id}" not defined`, Code.Unknown);
  return service;
}

/** Anything else counts as running: etcd that waits for its bootstrap, too (FINDINGS 1.8). */
const STOPPED = ['Initialized', 'Finished', 'Failed', 'Skipped'];

function isControllable(id: string, includesKubelet: boolean): boolean {
  return id.startsWith('ext-') || (includesKubelet && id === 'kubelet');
}

export function writeMeta(call: Call, request: MetaWriteRequest): Record<string, never> {
  refuseInContainer(call);
  if (request.key > 255) throw new ConnectError('key must be a uint8', Code.InvalidArgument);
  call.act((turn) =>
    updateMachine(turn, {
      meta: { ...machineOf(turn).meta, [metaId(request.key)]: Buffer.from(request.value).toString('utf8') },
    }),
  );
  return {};
}

export function deleteMeta(call: Call, request: MetaDeleteRequest): Record<string, never> {
  refuseInContainer(call);
  if (request.key > 255) throw new ConnectError('key must be a uint8', Code.InvalidArgument);
  const { [metaId(request.key)]: found, ...rest } = call.view().machine.meta;
  if (found === undefined) throw new ConnectError('meta key not found', Code.NotFound);
  call.act((turn) => updateMachine(turn, { meta: rest }));
  return {};
}

function metaId(key: number): string {
  return `0x${key.toString(16).padStart(2, '0')}`;
}

/** Pulls take the time of the table; there is no image that a simulated registry does not have, but for references that are none. */
export async function pullImage(call: Call, reference: string): Promise<string> {
  if (!/^[a-z0-9][a-zA-Z0-9._/:@-]*$/.test(reference))
    throw new ConnectError(`failed to parse image reference "${reference}": invalid reference format`, Code.Unknown);
  const cri = call.view().run.services['cri'];
  if (cri?.state !== 'Running' || cri.healthy !== true) return hang(call.signal);
  const { sleep } = await import('../../system.ts');
  await sleep(call.simulation.clock, call.simulation.latencies.imagePull, call.signal);
  call.act((turn) => {
    keepImage(turn, reference);
    runOf(turn);
  });
  return reference;
}

export function refuseInContainer(call: Call): void {
  if (call.view().machine.definition.platform === 'container')
    throw new ConnectError('method is not supported in container mode', Code.FailedPrecondition);
}
