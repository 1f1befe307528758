/** Sequences that take the node through another boot: reboot, reset, shutdown, rollback, and the upgrade of ≤1.12. */
import {
  RebootRequest_Mode,
  ResetRequest_WipeMode,
  UpgradeRequest_RebootMode,
} from '../../gen/proto/machine/machine_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import type { CallOptions, NodeCalls, ResetRequest, StartedSequence, UpgradeRequest } from '../port.ts';
import { machineClient, type Machine } from './machine-client.ts';
import { ask } from './reply.ts';

export function sequenceCalls(
  caller: Caller,
): Pick<NodeCalls, 'reboot' | 'reset' | 'shutdown' | 'rollback' | 'upgrade'> {
  const machine = machineClient(caller);
  const modes = {
    default: RebootRequest_Mode.DEFAULT,
    powercycle: RebootRequest_Mode.POWERCYCLE,
    force: RebootRequest_Mode.FORCE,
  } as const;
  return {
    async reboot(request, options) {
      const mode = modes[request?.mode ?? 'default'];
      const reply = await ask(caller, {
        call: 'Reboot',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.reboot({ mode }, wire),
      });
      return { actorId: reply.actorId };
    },
    async reset(request, options) {
      const wanted = resetRequest(request);
      const reply = await ask(caller, {
        call: 'Reset',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.reset(wanted, wire),
      });
      return { actorId: reply.actorId };
    },
    async shutdown(request, options) {
      const force = request?.force ?? false;
      const reply = await ask(caller, {
        call: 'Shutdown',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.shutdown({ force }, wire),
      });
      return { actorId: reply.actorId };
    },
    async rollback(options) {
      await ask(caller, {
        call: 'Rollback',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.rollback({}, wire),
      });
    },
    upgrade: (request, options) => upgrade(caller, machine, request, options),
  };
}

function resetRequest(request: ResetRequest) {
  const modes = {
    all: ResetRequest_WipeMode.ALL,
    'system-disk': ResetRequest_WipeMode.SYSTEM_DISK,
    'user-disks': ResetRequest_WipeMode.USER_DISKS,
  } as const;
  return {
    graceful: request.graceful,
    reboot: request.reboot,
    systemPartitionsToWipe: request.partitions.map(({ label, wipe }) => ({ label, wipe })),
    userDisksToWipe: [...(request.userDisks ?? [])],
    mode: modes[request.mode ?? 'all'],
  };
}

async function upgrade(
  caller: Caller,
  machine: Machine,
  request: UpgradeRequest,
  options: CallOptions | undefined,
): Promise<StartedSequence> {
  const call = `Upgrade to ${request.image}`;
  const wanted = {
    image: request.image,
    preserve: true, // What the server does since 1.8 whatever is asked; said all the same.
    stage: request.stage ?? false,
    force: request.force ?? false,
    rebootMode:
      request.rebootMode === 'powercycle' ? UpgradeRequest_RebootMode.POWERCYCLE : UpgradeRequest_RebootMode.DEFAULT,
  };
  const reply = await ask(caller, {
    call,
    deadlineMs: DEADLINES_MS.image,
    options,
    run: (wire) => machine.upgrade(wanted, wire),
  });
  return { actorId: reply.actorId };
}
