/** The node itself: configuration, META, files, figures and streams. Sequences stand in sequences.ts, events in events.ts. */
import { durationFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { ClusterService } from '../../gen/proto/cluster/cluster_pb.ts';
import { ApplyConfigurationRequest_Mode } from '../../gen/proto/machine/machine_pb.ts';
import { TimeService } from '../../gen/proto/time/time_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { TalosApiError } from '../errors.ts';
import { readKubeconfigArchive } from '../kubeconfig-archive.ts';
import type { ApplyMode, ApplyRequest, ApplyResult, CallOptions, NodeCalls } from '../port.ts';
import { decodeNodeEvent } from './events.ts';
import { machineClient, type Machine } from './machine-client.ts';
import { bytesOf, checked, collect, linesOf, ask, toNumber } from './reply.ts';
import { sequenceCalls } from './sequences.ts';

export function createNodeCalls(caller: Caller): NodeCalls {
  const machine = machineClient(caller);
  return {
    ...configurationCalls(caller, machine),
    ...sequenceCalls(caller),
    ...metaCalls(caller, machine),
    ...fileCalls(caller, machine),
    ...figureCalls(caller, machine),
    ...streamCalls(caller, machine),
  };
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
      await ask(caller, {
        call,
        deadlineMs: DEADLINES_MS.bootstrap,
        options,
        run: (wire) => machine.bootstrap(wanted, wire),
      });
    },
    async generateClientConfiguration({ roles, ttlMs }, options) {
      const wanted = { roles: [...roles], crtTtl: durationFromMs(ttlMs) };
      const reply = await ask(caller, {
        call: 'GenerateClientConfiguration',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.generateClientConfiguration(wanted, wire),
      });
      const { ca, crt, key, talosconfig } = reply;
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
  const reply = await ask(caller, {
    call,
    deadlineMs: DEADLINES_MS.apply,
    options,
    run: (wire) => machine.applyConfiguration(wanted, wire),
  });
  const { mode, modeDetails, warnings } = reply;
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

function metaCalls(caller: Caller, machine: Machine): Pick<NodeCalls, 'metaWrite' | 'metaDelete'> {
  return {
    async metaWrite(key, value, options) {
      const wanted = { key, value: new TextEncoder().encode(value) };
      await ask(caller, {
        call: `MetaWrite of key ${key}`,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.metaWrite(wanted, wire),
      });
    },
    async metaDelete(key, options) {
      await ask(caller, {
        call: `MetaDelete of key ${key}`,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.metaDelete({ key }, wire),
      });
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
      const reply = await ask(caller, {
        call: 'Mounts',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.mounts({}, wire),
      });
      return reply.stats.map((mount) => ({
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
      const reply = await ask(caller, {
        call: 'Version',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.version({}, wire),
      });
      const { version, platform } = reply;
      if (version === undefined) throw new TalosApiError('failed', 'Version: the answer holds no version');
      return {
        tag: version.tag,
        arch: version.arch,
        platform: platform?.name ?? '',
        platformMode: platform?.mode ?? '',
      };
    },
    async memory(options) {
      const reply = await ask(caller, {
        call: 'Memory',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.memory({}, wire),
      });
      const { meminfo } = reply;
      return {
        totalBytes: toNumber(meminfo?.memtotal ?? 0n) * 1024,
        availableBytes: toNumber(meminfo?.memavailable ?? 0n) * 1024,
      };
    },
    async hostname(options) {
      const reply = await ask(caller, {
        call: 'Hostname',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.hostname({}, wire),
      });
      return reply.hostname;
    },
    async time(request, options) {
      const service = caller.client(TimeService);
      const server = request?.server;
      const reply = await ask(caller, {
        call: 'Time',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => (server === undefined ? service.time({}, wire) : service.timeCheck({ server }, wire)),
      });
      const answer = reply;
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
