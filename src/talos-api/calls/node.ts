/** The life of the node itself: configuration, sequences, META, files and figures. Events stand in events.ts. */
import { durationFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { ClusterService } from '../../gen/proto/cluster/cluster_pb.ts';
import {
  ApplyConfigurationRequest_Mode,
  MachineService,
  RebootRequest_Mode,
  ResetRequest_WipeMode,
  UpgradeRequest_RebootMode,
} from '../../gen/proto/machine/machine_pb.ts';
import { TimeService } from '../../gen/proto/time/time_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { TalosApiError } from '../errors.ts';
import { readKubeconfigArchive } from '../kubeconfig-archive.ts';
import type { ApplyMode, ApplyRequest, ApplyResult, CallOptions, NodeCalls, ResetRequest } from '../port.ts';
import { decodeNodeEvent } from './events.ts';
import { bytesOf, checked, collect, linesOf, only, toNumber } from './reply.ts';

export function createNodeCalls(caller: Caller): NodeCalls {
  const machine = machineClient(caller);
  return {
    ...configurationCalls(caller, machine),
    ...sequenceCalls(caller, machine),
    ...metaCalls(caller, machine),
    ...fileCalls(caller, machine),
    ...figureCalls(caller, machine),
    ...streamCalls(caller, machine),
  };
}

type Machine = ReturnType<typeof machineClient>;

function machineClient(caller: Caller) {
  return caller.client(MachineService);
}

const APPLY_MODES = {
  auto: ApplyConfigurationRequest_Mode.AUTO,
  'no-reboot': ApplyConfigurationRequest_Mode.NO_REBOOT,
  staged: ApplyConfigurationRequest_Mode.STAGED,
  try: ApplyConfigurationRequest_Mode.TRY,
  reboot: ApplyConfigurationRequest_Mode.REBOOT,
} as const satisfies Record<ApplyMode, ApplyConfigurationRequest_Mode>;

function configurationCalls(
  caller: Caller,
  machine: Machine,
): Pick<NodeCalls, 'applyConfiguration' | 'bootstrap' | 'generateClientConfiguration'> {
  return {
    applyConfiguration: (request, options) => applyConfiguration(caller, machine, request, options),
    async bootstrap(request, options) {
      const call = 'Bootstrap';
      const wanted = {
        recoverEtcd: request?.recoverEtcd ?? false,
        recoverSkipHashCheck: request?.skipHashCheck ?? false,
      };
      only(
        await caller.unary({
          call,
          deadlineMs: DEADLINES_MS.bootstrap,
          options,
          run: (wire) => machine.bootstrap(wanted, wire),
        }),
        call,
      );
    },
    async generateClientConfiguration({ roles, ttlMs }, options) {
      const call = 'GenerateClientConfiguration';
      const wanted = { roles: [...roles], crtTtl: durationFromMs(ttlMs) };
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.generateClientConfiguration(wanted, wire),
      });
      const { ca, crt, key, talosconfig } = only(reply, call);
      return { caPem: text(ca), certPem: text(crt), keyPem: text(key), talosconfig: text(talosconfig) };
    },
  };
}

async function applyConfiguration(
  caller: Caller,
  machine: Machine,
  request: ApplyRequest,
  options: CallOptions | undefined,
): Promise<ApplyResult> {
  const call = request.dryRun === true ? 'the dry run of ApplyConfiguration' : 'ApplyConfiguration';
  const wanted = {
    data: new TextEncoder().encode(request.config),
    mode: APPLY_MODES[request.mode],
    dryRun: request.dryRun ?? false,
    // Present and zero means "take it back at once": absent unless given.
    ...(request.tryTimeoutMs === undefined ? {} : { tryModeTimeout: durationFromMs(request.tryTimeoutMs) }),
  };
  const reply = await caller.unary({
    call,
    deadlineMs: DEADLINES_MS.apply,
    options,
    run: (wire) => machine.applyConfiguration(wanted, wire),
  });
  const { mode, modeDetails, warnings } = only(reply, call);
  const found = Object.entries(APPLY_MODES).find(([, value]) => value === mode)?.[0];
  return { mode: isApplyMode(found) ? found : 'reboot', ...splitDetails(modeDetails), warnings };
}

function isApplyMode(value: string | undefined): value is ApplyMode {
  return value !== undefined && value in APPLY_MODES;
}

function splitDetails(details: string): { readonly details: string; readonly diff: string } {
  const start = details.indexOf('Config diff:');
  return start < 0
    ? { details: details.trim(), diff: '' }
    : {
        details: details.slice(0, start).trim(),
        diff: details.slice(start + 'Config diff:'.length).replace(/^\s*\n/, ''),
      };
}

function sequenceCalls(
  caller: Caller,
  machine: Machine,
): Pick<NodeCalls, 'reboot' | 'reset' | 'shutdown' | 'rollback' | 'upgrade'> {
  const modes = {
    default: RebootRequest_Mode.DEFAULT,
    powercycle: RebootRequest_Mode.POWERCYCLE,
    force: RebootRequest_Mode.FORCE,
  } as const;
  return {
    async reboot(request, options) {
      const mode = modes[request?.mode ?? 'default'];
      const reply = await caller.unary({
        call: 'Reboot',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.reboot({ mode }, wire),
      });
      return { actorId: only(reply, 'Reboot').actorId };
    },
    async reset(request, options) {
      const wanted = resetRequest(request);
      const reply = await caller.unary({
        call: 'Reset',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.reset(wanted, wire),
      });
      return { actorId: only(reply, 'Reset').actorId };
    },
    async shutdown(request, options) {
      const force = request?.force ?? false;
      const reply = await caller.unary({
        call: 'Shutdown',
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.shutdown({ force }, wire),
      });
      return { actorId: only(reply, 'Shutdown').actorId };
    },
    async rollback(options) {
      only(
        await caller.unary({
          call: 'Rollback',
          deadlineMs: DEADLINES_MS.change,
          options,
          run: (wire) => machine.rollback({}, wire),
        }),
        'Rollback',
      );
    },
    async upgrade(request, options) {
      const call = `Upgrade to ${request.image}`;
      const wanted = {
        image: request.image,
        preserve: true, // What the server does since 1.8 whatever is asked; said all the same.
        stage: request.stage ?? false,
        force: request.force ?? false,
        rebootMode:
          request.rebootMode === 'powercycle'
            ? UpgradeRequest_RebootMode.POWERCYCLE
            : UpgradeRequest_RebootMode.DEFAULT,
      };
      const reply = await caller.unary({
        call,
        deadlineMs: DEADLINES_MS.image,
        options,
        run: (wire) => machine.upgrade(wanted, wire),
      });
      return { actorId: only(reply, call).actorId };
    },
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

function metaCalls(caller: Caller, machine: Machine): Pick<NodeCalls, 'metaWrite' | 'metaDelete'> {
  return {
    async metaWrite(key, value, options) {
      const call = `MetaWrite of key ${key}`;
      const wanted = { key, value: new TextEncoder().encode(value) };
      only(
        await caller.unary({
          call,
          deadlineMs: DEADLINES_MS.change,
          options,
          run: (wire) => machine.metaWrite(wanted, wire),
        }),
        call,
      );
    },
    async metaDelete(key, options) {
      const call = `MetaDelete of key ${key}`;
      only(
        await caller.unary({
          call,
          deadlineMs: DEADLINES_MS.change,
          options,
          run: (wire) => machine.metaDelete({ key }, wire),
        }),
        call,
      );
    },
  };
}

function fileCalls(caller: Caller, machine: Machine): Pick<NodeCalls, 'kubeconfig' | 'readFile' | 'mounts'> {
  return {
    async kubeconfig(options) {
      const call = 'Kubeconfig';
      const chunks = caller.stream({
        call,
        kind: 'finite',
        options,
        run: (wire) => bytesOf(machine.kubeconfig({}, wire), call),
      });
      return readKubeconfigArchive(await collect(chunks));
    },
    readFile(path, options) {
      const call = `Read of ${path}`;
      return collect(
        caller.stream({ call, kind: 'finite', options, run: (wire) => bytesOf(machine.read({ path }, wire), call) }),
      );
    },
    async mounts(options) {
      const reply = await caller.unary({
        call: 'Mounts',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.mounts({}, wire),
      });
      return only(reply, 'Mounts').stats.map((mount) => ({
        filesystem: mount.filesystem,
        mountedOn: mount.mountedOn,
        sizeBytes: toNumber(mount.size),
        availableBytes: toNumber(mount.available),
      }));
    },
  };
}

function figureCalls(caller: Caller, machine: Machine): Pick<NodeCalls, 'version' | 'memory' | 'hostname' | 'time'> {
  return {
    async version(options) {
      const reply = await caller.unary({
        call: 'Version',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.version({}, wire),
      });
      const { version, platform } = only(reply, 'Version');
      if (version === undefined) throw new TalosApiError('failed', 'Version: the answer holds no version');
      return {
        tag: version.tag,
        arch: version.arch,
        platform: platform?.name ?? '',
        platformMode: platform?.mode ?? '',
      };
    },
    async memory(options) {
      const reply = await caller.unary({
        call: 'Memory',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.memory({}, wire),
      });
      const { meminfo } = only(reply, 'Memory');
      return {
        totalBytes: toNumber(meminfo?.memtotal ?? 0n) * 1024,
        availableBytes: toNumber(meminfo?.memavailable ?? 0n) * 1024,
      };
    },
    async hostname(options) {
      const reply = await caller.unary({
        call: 'Hostname',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.hostname({}, wire),
      });
      return only(reply, 'Hostname').hostname;
    },
    async time(request, options) {
      const service = caller.client(TimeService);
      const server = request?.server;
      const reply = await caller.unary({
        call: 'Time',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => (server === undefined ? service.time({}, wire) : service.timeCheck({ server }, wire)),
      });
      const answer = only(reply, 'Time');
      if (answer.localtime === undefined || answer.remotetime === undefined)
        throw new TalosApiError('failed', 'Time: the answer holds no times');
      return {
        server: answer.server,
        localMs: timestampMs(answer.localtime),
        remoteMs: timestampMs(answer.remotetime),
      };
    },
  };
}

function streamCalls(caller: Caller, machine: Machine): Pick<NodeCalls, 'events' | 'dmesg' | 'healthCheck'> {
  return {
    events(request, options) {
      const wanted = {
        tailEvents: request?.tailEvents ?? 0,
        tailId: request?.tailId ?? '',
        withActorId: request?.actorId ?? '',
      };
      return caller.stream({
        call: 'Events',
        kind: 'followed',
        options,
        run: (wire) => mapped(machine.events(wanted, wire), decodeNodeEvent),
      });
    },
    dmesg(request, options) {
      const follow = request?.follow ?? false;
      return caller.stream({
        call: 'Dmesg',
        kind: follow ? 'followed' : 'finite',
        options,
        run: (wire) => linesOf(bytesOf(machine.dmesg({ follow }, wire), 'Dmesg')),
      });
    },
    healthCheck(request, options) {
      const wanted = {
        waitTimeout: durationFromMs(request.waitMs),
        clusterInfo: { controlPlaneNodes: [...request.controlPlanes], workerNodes: [...request.workers] },
      };
      return caller.stream({
        call: 'HealthCheck',
        kind: 'finite',
        silenceMs: request.waitMs + DEADLINES_MS.read,
        options,
        run: (wire) =>
          mapped(
            caller.client(ClusterService).healthCheck(wanted, wire),
            (progress) => checked(progress, 'HealthCheck').message,
          ),
      });
    },
  };
}

async function* mapped<T, U>(items: AsyncIterable<T>, map: (item: T) => U): AsyncGenerator<U, void, undefined> {
  for await (const item of items) yield map(item);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
