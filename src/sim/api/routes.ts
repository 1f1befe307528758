/** All services of a simulated node's API on one Connect router, gRPC only. */
import type { ConnectRouter } from '@connectrpc/connect';
import { ClusterService } from '../../gen/proto/cluster/cluster_pb.ts';
import { State } from '../../gen/proto/cosi/state_pb.ts';
import { InspectService } from '../../gen/proto/inspect/inspect_pb.ts';
import { ImageService } from '../../gen/proto/machine/image_pb.ts';
import { LifecycleService } from '../../gen/proto/machine/lifecycle_pb.ts';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import { StorageService } from '../../gen/proto/storage/storage_pb.ts';
import { TimeService } from '../../gen/proto/time/time_pb.ts';
import type { Served } from './call.ts';
import { stateService } from './cosi.ts';
import { machineService } from './machine-service.ts';
import {
  clusterService,
  imageService,
  inspectService,
  lifecycleService,
  storageService,
  timeService,
} from './other-services.ts';

export function talosRoutes(served: Served): (router: ConnectRouter) => void {
  return (router) => {
    router.service(MachineService, machineService(served));
    router.service(State, stateService(served));
    router.service(StorageService, storageService(served));
    router.service(TimeService, timeService(served));
    router.service(ClusterService, clusterService(served));
    router.service(InspectService, inspectService(served));
    router.service(LifecycleService, lifecycleService(served));
    router.service(ImageService, imageService(served));
  };
}
