/** The methods of MachineService that only read: version, services, files, logs (recordings 07). */
import { gzipSync } from 'node:zlib';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { ContainerDriver } from '../../gen/proto/common/common_pb.ts';
import type { ServiceListSchema } from '../../gen/proto/machine/service_pb.ts';
import type { LogsRequest, MemorySchema, MountsSchema, VersionSchema } from '../../gen/proto/machine/machine_pb.ts';
import { kernelCmdline } from '../machine/resources/node.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import { copyFailsAsCall, emptyLogNamespaceIsInvalidArgument } from '../versions.ts';
import { hang, type Call } from './call.ts';
import { healthTime } from './events.ts';

export function version(call: Call): MessageInitShape<typeof VersionSchema> {
  const { run, machine } = call.view();
  const { platform, arch } = machine.definition;
  const mode = platform === 'metal' || platform === 'container' ? platform : 'cloud';
  return {
    version: { tag: run.version.text, sha: 'simulated', built: '', goVersion: 'go1.26.8', os: 'linux', arch },
    platform: { name: platform, mode },
    ...(run.config?.facts.isComplete === true ? { features: { rbac: true } } : {}),
  };
}

export function serviceList(call: Call): MessageInitShape<typeof ServiceListSchema> {
  const { services } = call.view().run;
  const ids = Object.keys(services).sort();
  return {
    services: ids.flatMap((id) => {
      const service = services[id];
      if (service === undefined) return [];
      return [
        {
          id,
          state: service.state,
          events: {
            events: service.notes.map((note) => ({
              msg: note.message,
              state: note.state,
              ts: timestampFromMs(note.at),
            })),
          },
          health: {
            unknown: service.healthy === undefined,
            healthy: service.healthy === true,
            lastMessage: service.healthMessage,
            lastChange: healthTime(service.healthChanged),
          },
        },
      ];
    }),
  };
}

export function memory(call: Call): MessageInitShape<typeof MemorySchema> {
  const total = BigInt(Math.round(call.view().machine.definition.memoryBytes / 1024));
  return {
    meminfo: { memtotal: total, memfree: total / 2n, memavailable: (total * 3n) / 4n, buffers: 0n, cached: total / 8n },
  };
}

export function mounts(call: Call): MessageInitShape<typeof MountsSchema> {
  const { machine } = call.view();
  const disk = machine.definition.disks.find((candidate) => candidate.name === machine.installation?.disk);
  const root = { filesystem: '/dev/loop0', size: 80_000_000n, available: 4_096n, mountedOn: '/' };
  if (disk === undefined) return { stats: [root] };
  const size = BigInt(disk.sizeBytes);
  return { stats: [root, { filesystem: `/dev/${disk.name}4`, size, available: (size * 9n) / 10n, mountedOn: '/var' }] };
}

/** The few files that tools read. */
function files(view: RunningView): ReadonlyMap<string, string> {
  const { run } = view;
  return new Map([
    ['/proc/sys/kernel/random/boot_id', `${run.bootId}\n`],
    ['/proc/cmdline', `${kernelCmdline(view)}\n`],
    ['/proc/uptime', `${((view.now - run.startedAt) / 1000).toFixed(2)} 0.00\n`],
    [
      '/etc/os-release',
      `NAME="Talos"\nID=talos\nVERSION_ID=${run.version.text}\nPRETTY_NAME="Talos (${run.version.text})"\n`,
    ],
    ['/etc/hostname', `${view.network.hostname}\n`],
    ['/etc/resolv.conf', view.network.nameservers.map((server) => `nameserver ${server}\n`).join('')],
  ]);
}

const DIRECTORIES = ['/', '/etc', '/proc', '/var', '/var/lib', '/var/log', '/system'];

/** With etcd's, which is there once the EPHEMERAL volume is mounted and etcd has started on it for the first time. */
function directories({ run }: RunningView): readonly string[] {
  const isMounted = run.services['cri']?.state === 'Running';
  return isMounted && run.etcdDirectory ? [...DIRECTORIES, '/var/lib/etcd', '/var/lib/etcd/member'] : DIRECTORIES;
}

export async function* readFile(call: Call, path: string): AsyncGenerator<{ bytes: Uint8Array }> {
  const view = call.view();
  if (directories(view).includes(path)) throw new ConnectError('path must be a regular file', Code.Unknown);
  const text = files(view).get(path);
  if (text === undefined) throw new ConnectError(`stat ${path}: no such file or directory`, Code.NotFound);
  yield* chunks(Buffer.from(text));
}

export async function* copy(
  call: Call,
  path: string,
): AsyncGenerator<{ bytes: Uint8Array } | { metadata: { error: string } }> {
  const text = files(call.view()).get(path);
  if (text === undefined) {
    const message = `lstat ${path}: no such file or directory`;
    if (copyFailsAsCall(call.view().run.version)) throw new ConnectError(message, Code.Unknown);
    yield { metadata: { error: message } };
    return;
  }
  yield* chunks(gzipSync(Buffer.concat([tarEntry(path.slice(1), Buffer.from(text)), Buffer.alloc(1024)])));
}

interface FileRow {
  readonly name: string;
  readonly relativeName: string;
  readonly size: bigint;
  readonly mode: number;
  readonly isDir: boolean;
  readonly modified: bigint;
}

export async function* list(call: Call, root: string): AsyncGenerator<FileRow> {
  const view = call.view();
  const all = files(view);
  const modified = BigInt(Math.round(view.run.startedAt / 1000));
  const base = root === '' ? '/' : root;
  const text = all.get(base);
  if (text !== undefined) {
    const relativeName = base.slice(base.lastIndexOf('/') + 1);
    yield { name: base, relativeName, size: BigInt(text.length), mode: 0o644, isDir: false, modified };
    return;
  }
  const known = directories(view);
  if (!known.includes(base)) throw new ConnectError(`lstat ${root}: no such file or directory`, Code.Unknown);
  const directory = { size: 4096n, mode: 0x80000000 + 0o755, isDir: true, modified };
  yield { name: base, relativeName: '.', ...directory };
  const prefix = base === '/' ? '/' : `${base}/`;
  for (const name of known) {
    const relativeName = name.slice(prefix.length);
    if (name !== '/' && name.startsWith(prefix) && !relativeName.includes('/'))
      yield { name, relativeName, ...directory };
  }
}

export function logIds(call: Call): { ids: string[] } {
  return { ids: ['machined', 'kernel', 'controller-runtime', 'early-startup', ...startedServices(call.view())] };
}

function startedServices(view: RunningView): readonly string[] {
  return Object.entries(view.run.services)
    .filter(([id, service]) => id !== 'machined' && service.notes.some((note) => note.state === 'Running'))
    .map(([id]) => id);
}

/** Service logs are their notes; machined's log is the event history. */
export async function* logs(call: Call, request: LogsRequest): AsyncGenerator<{ bytes: Uint8Array }> {
  const view = call.view();
  if (request.namespace === '') {
    if (emptyLogNamespaceIsInvalidArgument(view.run.version))
      throw new ConnectError("namespace can't be empty", Code.InvalidArgument);
    throw new ConnectError('namespace is required: failed precondition', Code.Unknown);
  }
  if (request.namespace === 'k8s.io' && request.driver === ContainerDriver.CRI) requireCri(view, 'ListContainers');
  if (request.namespace === 'k8s.io' && request.id !== 'kubelet')
    throw new ConnectError(`container "${request.id}" not found`, Code.Unknown);
  if (!logIds(call).ids.includes(request.id))
    throw new ConnectError(`log "${request.id}" was not registered`, Code.Unknown);
  const lines = logLines(view, request.id);
  const tail = request.tailLines < 0 ? lines : lines.slice(lines.length - Math.min(lines.length, request.tailLines));
  yield* chunks(Buffer.from(tail.join('')));
  let sent = lines.length;
  while (request.follow) {
    await call.simulation.nextChange(call.signal);
    if (call.signal.aborted) await hang(call.signal);
    const now = logLines(call.view(), request.id);
    yield* chunks(Buffer.from(now.slice(sent).join('')));
    sent = now.length;
  }
}

/** The CRI containerd answers only once it runs. */
export function requireCri(view: RunningView, what: string): void {
  if (view.run.services['cri']?.state === 'Running') return;
  const dialling = 'dial unix /run/containerd/containerd.sock: connect: no such file or directory';
  throw new ConnectError(
    `${what} from runtime service failed: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ${dialling}"`,
    Code.Unavailable,
  );
}

function logLines(view: RunningView, id: string): readonly string[] {
  const stamp = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19).replaceAll('-', '/');
  const service = view.run.services[id];
  if (service !== undefined && id !== 'machined')
    return service.notes.map((note) => `${stamp(note.at)} ${id}: ${note.message}\n`);
  return view.run.events.map(
    (event) => `${stamp(event.at)} [talos] ${event.data.kind} ${JSON.stringify(event.data)}\n`,
  );
}

export async function* dmesg(call: Call): AsyncGenerator<{ bytes: Uint8Array }> {
  const view = call.view();
  yield* chunks(
    Buffer.from(
      `kern: notice: [${new Date(view.run.startedAt).toISOString()}]: Linux version 6.18.33-talos (simulated)\nuser: warning: [${new Date(view.run.startedAt).toISOString()}]: [talos] [initramfs] booting Talos ${view.run.version.text}\n`,
    ),
  );
}

/** Streams of bytes come in messages of at most 1024 (FINDINGS 4.5). */
export function* chunks(bytes: Buffer): Generator<{ bytes: Uint8Array }> {
  for (let offset = 0; offset < bytes.length; offset += 1024)
    yield { bytes: new Uint8Array(bytes.subarray(offset, offset + 1024)) };
}

/** A ustar header and the padded content. */
export function tarEntry(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'utf8');
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
