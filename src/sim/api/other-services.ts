/** The smaller services: storage, time, cluster health, inspect, lifecycle, images. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { sleep } from '../../system.ts';
import type { ClusterService } from '../../gen/proto/cluster/cluster_pb.ts';
import { ContainerDriver, ContainerdNamespace, type ContainerdInstance } from '../../gen/proto/common/common_pb.ts';
import type { InspectService } from '../../gen/proto/inspect/inspect_pb.ts';
import {
  ImageServicePullLayerProgress_Status,
  type ImageService,
  type ImageServiceImportRequest,
} from '../../gen/proto/machine/image_pb.ts';
import type { LifecycleService } from '../../gen/proto/machine/lifecycle_pb.ts';
import {
  Disk_DiskType,
  type BlockDeviceWipeDescriptor,
  type DiskSchema,
  type StorageService,
} from '../../gen/proto/storage/storage_pb.ts';
import type { TimeService } from '../../gen/proto/time/time_pb.ts';
import type { DiskDefinition } from '../definition.ts';
import { diskType, presentDisks } from '../machine/disk-selector.ts';
import { imageOf } from '../machine/install.ts';
import { machineOf, updateMachine } from '../machine/turn.ts';
import { plain, streaming, unary, type Call, type Served } from './call.ts';
import { requireControlPlane } from './etcd-methods.ts';
import { healthMessages } from './health.ts';
import { pullImage, refuseInContainer } from './machine-actions.ts';
import { storedImages } from './machine-service.ts';

export function storageService(served: Served): ServiceImpl<typeof StorageService> {
  const service = 'storage.StorageService';
  return {
    disks: unary(served, { service, method: 'Disks' }, (call) => {
      const { machine } = call.view();
      return { disks: presentDisks(machine).map((disk) => encodeDisk(disk, disk.name === machine.installation?.disk)) };
    }),
    blockDeviceWipe: unary(served, { service, method: 'BlockDeviceWipe' }, (call, request) => {
      for (const device of request.devices) wipeDevice(call, device);
      return {};
    }),
  };
}

const DISK_TYPES = {
  nvme: Disk_DiskType.NVME,
  sd: Disk_DiskType.SD,
  hdd: Disk_DiskType.HDD,
  ssd: Disk_DiskType.SSD,
} as const;

function encodeDisk(disk: DiskDefinition, isSystemDisk: boolean): MessageInitShape<typeof DiskSchema> {
  return {
    size: BigInt(disk.sizeBytes),
    model: disk.model ?? '',
    deviceName: `/dev/${disk.name}`,
    name: '',
    serial: disk.serial ?? '',
    modalias: disk.modalias ?? '',
    uuid: disk.uuid ?? '',
    wwid: disk.wwid ?? '',
    type: DISK_TYPES[diskType(disk)],
    busPath: disk.busPath ?? '',
    systemDisk: isSystemDisk,
    subsystem: '/sys/class/block',
    readonly: disk.readonly === true,
  };
}

function wipeDevice(call: Call, { device, skipVolumeCheck }: BlockDeviceWipeDescriptor): void {
  const { machine } = call.view();
  if (!presentDisks(machine).some((disk) => disk.name === device))
    throw new ConnectError(`blockdevice "${device}" not found`, Code.NotFound);
  const isSystemDisk = machine.installation?.disk === device;
  if (isSystemDisk && !skipVolumeCheck)
    throw new ConnectError(`blockdevice "${device}" is in use by volume "META"`, Code.FailedPrecondition);
  if (!isSystemDisk) return;
  call.act((turn) => {
    const { installation: _, ...rest } = machineOf(turn);
    turn.world = { ...turn.world, machines: { ...turn.world.machines, [turn.name]: rest } };
  });
}

export function timeService(served: Served): ServiceImpl<typeof TimeService> {
  const service = 'time.TimeService';
  const time = (
    call: Call,
    server: string,
  ): {
    server: string;
    localtime: ReturnType<typeof timestampFromMs>;
    remotetime: ReturnType<typeof timestampFromMs>;
  } => {
    const { now, machine } = call.view();
    return { server, localtime: timestampFromMs(now + machine.clockSkewMs), remotetime: timestampFromMs(now) };
  };
  return {
    time: unary(served, { service, method: 'Time' }, (call) => time(call, call.view().network.timeservers[0] ?? '')),
    timeCheck: unary(served, { service, method: 'TimeCheck' }, (call, request) => time(call, request.server)),
  };
}

export function clusterService(served: Served): ServiceImpl<typeof ClusterService> {
  return {
    healthCheck: streaming(
      served,
      { service: 'cluster.ClusterService', method: 'HealthCheck' },
      async function* check(call, request) {
        requireControlPlane(call, 'cluster health check');
        const seconds = Number(request.waitTimeout?.seconds ?? 1200n);
        yield* healthMessages(call, seconds * 1000, request.clusterInfo);
      },
    ),
  };
}

export function inspectService(served: Served): ServiceImpl<typeof InspectService> {
  return {
    controllerRuntimeDependencies: unary(
      served,
      { service: 'inspect.InspectService', method: 'ControllerRuntimeDependencies' },
      () => ({ edges: [] }),
    ),
  };
}

interface LifecycleReply {
  readonly progress: {
    readonly response:
      | { readonly case: 'message'; readonly value: string }
      | { readonly case: 'exitCode'; readonly value: number };
  };
}

export function lifecycleService(served: Served): ServiceImpl<typeof LifecycleService> {
  const service = 'machine.LifecycleService';
  return {
    install: streaming(
      served,
      { service, method: 'Install' },
      async function* install(call, request): AsyncGenerator<LifecycleReply> {
        refuseInContainer(call);
        const { machine } = call.view();
        if (machine.installation !== undefined)
          throw new ConnectError('machine is already installed', Code.AlreadyExists);
        const name = (request.destination?.disk ?? '').replace('/dev/', '');
        if (!presentDisks(machine).some((disk) => disk.name === name))
          throw new ConnectError(`invalid disk path "${request.destination?.disk ?? ''}"`, Code.InvalidArgument);
        yield* runInstaller(call);
        call.act((turn) => {
          const image = imageOf(request.source?.imageName ?? '', call.view().run.image);
          const config = call.view().run.stored;
          updateMachine(turn, {
            installation: {
              disk: name,
              current: image,
              hasEphemeral: false,
              userVolumes: [],
              images: [],
              ...(config === undefined ? {} : { config }),
            },
          });
        });
        yield { progress: { response: { case: 'exitCode', value: 0 } } };
      },
    ),
    upgrade: streaming(
      served,
      { service, method: 'Upgrade' },
      async function* upgrade(call, request): AsyncGenerator<LifecycleReply> {
        refuseInContainer(call);
        const { machine, run } = call.view();
        const image = request.source?.imageName ?? '';
        if (image === '') throw new ConnectError('image name is required', Code.InvalidArgument);
        if (machine.installation === undefined)
          throw new ConnectError('machine is not installed', Code.FailedPrecondition);
        if (!machine.installation.images.includes(image))
          throw new ConnectError(`upgrade failed: image "${image}": not found`, Code.Internal);
        yield* runInstaller(call);
        call.act((turn) => {
          const { installation } = machineOf(turn);
          if (installation !== undefined)
            updateMachine(turn, {
              installation: { ...installation, current: imageOf(image, run.image), previous: installation.current },
            });
        });
        yield { progress: { response: { case: 'exitCode', value: 0 } } };
      },
    ),
  };
}

async function* runInstaller(call: Call): AsyncGenerator<LifecycleReply> {
  yield { progress: { response: { case: 'message', value: 'running Talos installer\n' } } };
  await sleep(call.simulation.clock, call.simulation.latencies.upgrade, call.signal);
  yield { progress: { response: { case: 'message', value: 'installation of the boot entry is done\n' } } };
}

export function imageService(served: Served): ServiceImpl<typeof ImageService> {
  const service = 'machine.ImageService';
  return {
    list: streaming(served, { service, method: 'List' }, async function* list(call, request) {
      checkInstance(request.containerd);
      if (request.containerd?.driver === ContainerDriver.CONTAINERD) return;
      yield* storedImages(call);
    }),
    pull: streaming(served, { service, method: 'Pull' }, async function* pull(call, request) {
      checkInstance(request.containerd);
      const progress = {
        status: ImageServicePullLayerProgress_Status.DOWNLOAD_COMPLETE,
        elapsed: durationFromMs(1_000),
      };
      const name = await pullImage(call, request.imageRef);
      yield { response: { case: 'pullProgress' as const, value: { layerId: 'layer-0', progress } } };
      yield { response: { case: 'name' as const, value: name } };
    }),
    import: plain(served, { service, method: 'Import' }, importImage),
    remove: plain(served, { service, method: 'Remove' }, (call, request) => {
      const { installation } = call.view().machine;
      if (installation?.images.includes(request.imageRef) !== true)
        throw new ConnectError(`image ${request.imageRef} not found`, Code.NotFound);
      call.act((turn) =>
        updateMachine(turn, {
          installation: { ...installation, images: installation.images.filter((image) => image !== request.imageRef) },
        }),
      );
      return {};
    }),
    verify: plain(served, { service, method: 'Verify' }, () => ({ verified: false, message: 'no matched rule' })),
  };
}

/** Archives are not read: nothing that is sent is an image. */
async function importImage(_call: Call, request: AsyncIterable<ImageServiceImportRequest>): Promise<never> {
  for await (const _ of request);
  throw new ConnectError('failed to import image: unrecognized image format', Code.Internal);
}

function checkInstance(instance: ContainerdInstance | undefined): void {
  if (instance === undefined || instance.namespace === ContainerdNamespace.NS_UNKNOWN)
    throw new ConnectError('invalid containerd namespace NS_UNKNOWN', Code.InvalidArgument);
  if (instance.driver === ContainerDriver.CONTAINERD && instance.namespace === ContainerdNamespace.NS_CRI) {
    throw new ConnectError('cannot use CRI namespace with containerd driver', Code.InvalidArgument);
  }
}
