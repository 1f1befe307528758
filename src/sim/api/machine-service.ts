/** machine.MachineService of a simulated node: every method with the handler that answers it. */
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { ContainerDriver, ContainerdNamespace, type Data } from '../../gen/proto/common/common_pb.ts';
import type { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import { updateRun } from '../machine/turn.ts';
import { hang, plain, streaming, unary, type Call, type Served, type Unary } from './call.ts';
import { generateClientConfiguration, kubeconfigArchive } from './credentials.ts';
import {
  checkDowngrade,
  forfeit,
  leaveCluster,
  listMembers,
  memberStatus,
  removeMemberById,
  requireControlPlane,
  requireEtcd,
  snapshot,
} from './etcd-methods.ts';
import { streamEvents } from './events.ts';
import {
  apply,
  bootstrapNode,
  deleteMeta,
  pullImage,
  reboot,
  reset,
  restartService,
  rollback,
  shutdown,
  startService,
  stopService,
  upgrade,
  writeMeta,
} from './machine-actions.ts';
import {
  copy,
  dmesg,
  list,
  logIds,
  logs,
  memory,
  mounts,
  readFile,
  requireCri,
  serviceList,
  version,
} from './machine-reads.ts';

const SERVICE = 'machine.MachineService';

export function machineService(served: Served): ServiceImpl<typeof MachineService> {
  return { ...changingMethods(served), ...readingMethods(served), ...etcdMethods(served), ...streamingMethods(served) };
}

type ChangingMethod =
  | 'applyConfiguration'
  | 'bootstrap'
  | 'reboot'
  | 'shutdown'
  | 'reset'
  | 'rollback'
  | 'upgrade'
  | 'metaWrite'
  | 'metaDelete'
  | 'generateClientConfiguration'
  | 'serviceStart'
  | 'serviceStop'
  | 'serviceRestart'
  | 'restart'
  | 'imagePull';

type StreamingMethod =
  | 'events'
  | 'logs'
  | 'dmesg'
  | 'read'
  | 'copy'
  | 'list'
  | 'diskUsage'
  | 'kubeconfig'
  | 'imageList';

type ReadingMethod = Exclude<keyof ServiceImpl<typeof MachineService>, ChangingMethod | StreamingMethod | EtcdMethod>;

function changingMethods(served: Served): Pick<ServiceImpl<typeof MachineService>, ChangingMethod> {
  const one = <Q, M extends object>(method: string, handler: (call: Call, request: Q) => M | Promise<M>): Unary<Q, M> =>
    unary(served, { service: SERVICE, method }, handler);
  return {
    applyConfiguration: one('ApplyConfiguration', apply),
    bootstrap: one('Bootstrap', bootstrapNode),
    reboot: one('Reboot', reboot),
    shutdown: one('Shutdown', shutdown),
    reset: one('Reset', reset),
    rollback: one('Rollback', rollback),
    upgrade: one('Upgrade', upgrade),
    metaWrite: one('MetaWrite', writeMeta),
    metaDelete: one('MetaDelete', deleteMeta),
    generateClientConfiguration: one('GenerateClientConfiguration', generateClientConfiguration),
    serviceStart: one('ServiceStart', (call, request) => startService(call, request.id)),
    serviceStop: one('ServiceStop', (call, request) => stopService(call, request.id)),
    serviceRestart: one('ServiceRestart', (call, request) => restartService(call, request.id)),
    restart: one('Restart', (_call, request) => {
      throw new ConnectError(`container "${request.id}" not found`, Code.Unknown);
    }),
    imagePull: one('ImagePull', async (call, request) => {
      await pullImage(call, request.reference);
      return {};
    }),
  };
}

function readingMethods(served: Served): Pick<ServiceImpl<typeof MachineService>, ReadingMethod> {
  const one = <Q, M extends object>(method: string, handler: (call: Call, request: Q) => M | Promise<M>): Unary<Q, M> =>
    unary(served, { service: SERVICE, method }, handler);
  return {
    serviceList: one('ServiceList', serviceList),
    version: one('Version', version),
    hostname: one('Hostname', (call) => ({ hostname: call.view().network.hostname })),
    memory: one('Memory', memory),
    mounts: one('Mounts', mounts),
    loadAvg: one('LoadAvg', () => ({ load1: 0.1, load5: 0.1, load15: 0.1 })),
    systemStat: one('SystemStat', (call) => ({
      bootTime: BigInt(Math.round(call.view().run.startedAt / 1000)),
      processCreated: 1000n,
      processRunning: 1n,
      processBlocked: 0n,
    })),
    processes: one('Processes', () => ({ processes: [] })),
    containers: one('Containers', (call, request) => containers(call, request.namespace, request.driver)),
    stats: one('Stats', (call, request) => ({
      stats: containers(call, request.namespace, request.driver).containers.map((container) => ({
        namespace: container.namespace,
        id: container.id,
        name: container.name,
        podId: container.podId,
      })),
    })),
    logsContainers: one('LogsContainers', logIds),
  };
}

function streamingMethods(served: Served): Pick<ServiceImpl<typeof MachineService>, StreamingMethod> {
  const many = <Q, M extends object>(
    method: string,
    handler: (call: Call, request: Q) => AsyncIterable<M>,
  ): ((request: Q, context: HandlerContext) => AsyncGenerator<M>) =>
    streaming(served, { service: SERVICE, method }, handler);
  return {
    events: many('Events', streamEvents),
    logs: many('Logs', logs),
    dmesg: many('Dmesg', dmesg),
    read: many('Read', (call, request) => readFile(call, request.path)),
    copy: many('Copy', (call, request) => copy(call, request.rootPath)),
    list: many('List', (call, request) => list(call, request.root)),
    diskUsage: many('DiskUsage', async function* usage(_call, request) {
      const [path = '/'] = request.paths;
      yield { name: path, relativeName: '.', size: 4096n };
    }),
    kubeconfig: many('Kubeconfig', async function* kubeconfig(call) {
      yield { bytes: await kubeconfigArchive(call) };
    }),
    imageList: many('ImageList', (call, request) => imageList(call, request.namespace)),
  };
}

type EtcdMethod =
  | 'etcdMemberList'
  | 'etcdStatus'
  | 'etcdAlarmList'
  | 'etcdAlarmDisarm'
  | 'etcdDefragment'
  | 'etcdLeaveCluster'
  | 'etcdForfeitLeadership'
  | 'etcdRemoveMemberByID'
  | 'etcdDowngradeValidate'
  | 'etcdDowngradeEnable'
  | 'etcdDowngradeCancel'
  | 'etcdSnapshot'
  | 'etcdRecover';

function etcdMethods(served: Served): Pick<ServiceImpl<typeof MachineService>, EtcdMethod> {
  const name = (method: string): { service: string; method: string } => ({ service: SERVICE, method });
  const ready =
    (what: string) =>
    async (call: Call): Promise<Record<string, never>> => {
      await requireEtcd(call, what);
      return {};
    };
  const downgrade =
    (what: string) =>
    async (
      call: Call,
      request: { readonly version: string },
    ): Promise<{ clusterDowngrade: { clusterVersion: string } }> => {
      requireControlPlane(call, what);
      checkDowngrade(request.version);
      await requireEtcd(call, what);
      return { clusterDowngrade: { clusterVersion: '3.6' } };
    };
  return {
    etcdMemberList: unary(served, name('EtcdMemberList'), (call, request) => listMembers(call, request.queryLocal)),
    etcdStatus: unary(served, name('EtcdStatus'), memberStatus),
    etcdAlarmList: unary(served, name('EtcdAlarmList'), ready('etcd alarm list')),
    etcdAlarmDisarm: unary(served, name('EtcdAlarmDisarm'), ready('etcd alarm disarm')),
    etcdDefragment: unary(served, name('EtcdDefragment'), ready('etcd defragment')),
    etcdLeaveCluster: unary(served, name('EtcdLeaveCluster'), leaveCluster),
    etcdForfeitLeadership: unary(served, name('EtcdForfeitLeadership'), forfeit),
    etcdRemoveMemberByID: unary(served, name('EtcdRemoveMemberByID'), (call, request) =>
      removeMemberById(call, request.memberId),
    ),
    etcdDowngradeValidate: unary(served, name('EtcdDowngradeValidate'), downgrade('etcd downgrade validate')),
    etcdDowngradeEnable: unary(served, name('EtcdDowngradeEnable'), downgrade('etcd downgrade enable')),
    etcdDowngradeCancel: unary(served, name('EtcdDowngradeCancel'), async (call) => {
      await requireEtcd(call, 'etcd downgrade cancel');
      return { clusterDowngrade: { clusterVersion: '3.6' } };
    }),
    etcdSnapshot: streaming(served, name('EtcdSnapshot'), snapshot),
    etcdRecover: plain(served, name('EtcdRecover'), recover),
  };
}

/** The upload replaces what was there and is not looked at (FINDINGS 1.11). */
async function recover(call: Call, request: AsyncIterable<Data>): Promise<{ messages: Record<string, never>[] }> {
  requireControlPlane(call, 'etcd recover');
  if (call.view().machine.installation === undefined)
    throw new ConnectError('etcd service is not ready for recovery yet', Code.FailedPrecondition);
  let bytes = 0;
  for await (const data of request) bytes += data.bytes.length;
  call.act((turn) => updateRun(turn, { recovery: { bytes, valid: bytes % 512 === 32 } }));
  return { messages: [{}] };
}

interface ContainerRow {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  readonly podId: string;
  readonly internalId: string;
  readonly status: string;
  readonly image: string;
  readonly pid: number;
}

function containers(call: Call, namespace: string, driver: ContainerDriver): { containers: ContainerRow[] } {
  const view = call.view();
  const { run, network } = view;
  if (driver === ContainerDriver.CRI && namespace !== 'k8s.io')
    throw new ConnectError('CRI inspector is supported only for K8s namespace', Code.Unknown);
  if (driver === ContainerDriver.CRI) requireCri(view, 'ListPodSandbox');
  if (namespace !== 'k8s.io') {
    const ids = ['apid', 'trustd', 'kubelet', 'etcd'].filter((id) => run.services[id]?.state === 'Running');
    return {
      containers: ids.map((id, index) => ({
        namespace: 'system',
        id,
        name: id,
        podId: id,
        internalId: id,
        status: 'RUNNING',
        image: '',
        pid: 60 + index,
      })),
    };
  }
  const pods = Object.entries(run.staticPods).filter(([, state]) => state === 'running');
  return {
    containers: pods.map(([pod], index) => ({
      namespace,
      id: `kube-system/${pod}-${network.hostname}:${pod}`,
      name: pod,
      podId: `kube-system/${pod}-${network.hostname}`,
      internalId: pod,
      status: 'CONTAINER_RUNNING',
      image: pod,
      pid: 3000 + index,
    })),
  };
}

async function* imageList(
  call: Call,
  namespace: ContainerdNamespace,
): AsyncGenerator<{ name: string; digest: string; size: bigint }> {
  if (namespace === ContainerdNamespace.NS_UNKNOWN)
    throw new ConnectError('invalid namespace NS_UNKNOWN', Code.InvalidArgument);
  yield* storedImages(call);
}

/** Images of the CRI containerd; while that is not running the call hangs (FINDINGS 2.3). */
export async function* storedImages(call: Call): AsyncGenerator<{ name: string; digest: string; size: bigint }> {
  const { run, machine } = call.view();
  if (run.services['cri']?.state !== 'Running') await hang(call.signal);
  for (const name of machine.installation?.images ?? [])
    yield {
      name,
      digest: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`,
      size: 10_000_000n,
    };
}
