/** Services as machined runs them, and their logs. */
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { ContainerDriver } from '../../gen/proto/common/common_pb.ts';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import type { ServiceHealth as WireHealth, ServiceInfo as WireService } from '../../gen/proto/machine/service_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import type { ServiceCalls, ServiceHealth, ServiceInfo } from '../port.ts';
import { bytesOf, linesOf, ask } from './reply.ts';

export function createServiceCalls(caller: Caller): ServiceCalls {
  const machine = caller.client(MachineService);
  return {
    async serviceList(options) {
      const reply = await ask(caller, {
        call: 'ServiceList',
        deadlineMs: DEADLINES_MS.read,
        options,
        run: (wire) => machine.serviceList({}, wire),
      });
      return reply.services.map(serviceInfo);
    },
    async serviceStart(id, options) {
      await ask(caller, {
        call: `ServiceStart of ${id}`,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.serviceStart({ id }, wire),
      });
    },
    async serviceStop(id, options) {
      await ask(caller, {
        call: `ServiceStop of ${id}`,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.serviceStop({ id }, wire),
      });
    },
    async serviceRestart(id, options) {
      await ask(caller, {
        call: `ServiceRestart of ${id}`,
        deadlineMs: DEADLINES_MS.change,
        options,
        run: (wire) => machine.serviceRestart({ id }, wire),
      });
    },
    logs(request, options) {
      const namespace = request.namespace ?? 'system';
      const follow = request.follow ?? false;
      const wanted = {
        id: request.id,
        namespace,
        driver: namespace === 'k8s.io' ? ContainerDriver.CRI : ContainerDriver.CONTAINERD,
        follow,
        tailLines: request.tailLines ?? -1, // The wire's default 0 means "no line".
      };
      const call = `Logs of ${request.id}`;
      return caller.stream({
        call,
        kind: follow ? 'followed' : 'finite',
        options,
        run: (wire) => linesOf(bytesOf(machine.logs(wanted, wire), call)),
      });
    },
  };
}

function serviceInfo(service: WireService): ServiceInfo {
  const events = (service.events?.events ?? []).map((event) => ({
    state: event.state,
    message: event.msg,
    atMs: event.ts === undefined ? 0 : timestampMs(event.ts),
  }));
  const healthMessage = service.health?.lastMessage ?? '';
  return {
    id: service.id,
    state: service.state,
    health: serviceHealth(service.health),
    message: healthMessage === '' ? (events.at(-1)?.message ?? '') : healthMessage,
    events,
  };
}

export function serviceHealth(health: WireHealth | undefined): ServiceHealth {
  if (health === undefined || health.unknown) return 'unknown';
  return health.healthy ? 'healthy' : 'unhealthy';
}
