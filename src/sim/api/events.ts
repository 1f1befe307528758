/** Events as the wire carries them, with Talos' own type urls, and the stream of them. */
import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { Code as ErrorCode } from '../../gen/proto/common/common_pb.ts';
import {
  AddressEventSchema,
  ConfigLoadErrorEventSchema,
  ConfigValidationErrorEventSchema,
  MachineStatusEvent_MachineStage,
  MachineStatusEventSchema,
  PhaseEvent_Action,
  PhaseEventSchema,
  RestartEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  ServiceStateEvent_Action,
  ServiceStateEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from '../../gen/proto/machine/events_pb.ts';
import type { EventSchema, EventsRequest } from '../../gen/proto/machine/machine_pb.ts';
import type { Stage, ServiceState, TalosEvent, TalosEventData } from '../machine/state.ts';
import { gracefulStop, hang, type Call } from './call.ts';
import { Code, ConnectError } from '@connectrpc/connect';

type EventInit = MessageInitShape<typeof EventSchema>;

export async function* streamEvents(call: Call, request: EventsRequest): AsyncGenerator<EventInit> {
  const { bootId, api: openedOn } = call.view().run;
  yield { id: helloId(call), data: { typeUrl: '', value: new Uint8Array() } };
  if (request.tailId !== '' && !/^[0-9a-v]{20}$/.test(request.tailId))
    throw new ConnectError('error parsing tail_id: xid: invalid ID', Code.Unknown);
  let last = startingPoint(call, request);
  for (;;) {
    const { run } = call.simulation.view(call.machine);
    if (run === undefined || run.bootId !== bootId) return;
    for (const event of run.events) {
      if (event.id <= last) continue;
      last = event.id;
      if (request.withActorId !== '' && event.actor !== request.withActorId) continue;
      yield encodeEvent(event);
    }
    // The stream ends well when the node goes down, right after it has told about it (FINDINGS 5.11).
    if (run.api.kind === 'down' && run.stage !== 'booting' && run.stage !== 'installing') return;
    // … and with the maintenance API that it was opened on (FINDINGS 3.1).
    if (openedOn.kind === 'maintenance' && run.api.kind === 'secure') throw gracefulStop();
    await call.simulation.nextChange(call.signal);
    if (call.signal.aborted) await hang(call.signal);
  }
}

function helloId(call: Call): string {
  return call.view().run.events.at(-1)?.id ?? '0'.repeat(20);
}

/** The id behind which the stream begins; everything newer is sent. */
function startingPoint(call: Call, request: EventsRequest): string {
  const { events } = call.view().run;
  const newest = events.at(-1)?.id ?? '';
  if (request.tailId !== '') return request.tailId;
  if (request.tailSeconds > 0) {
    const since = call.view().now - request.tailSeconds * 1000;
    return events.findLast((event) => event.at < since)?.id ?? '';
  }
  if (request.tailEvents < 0) return '';
  if (request.tailEvents === 0) return newest;
  return events.at(-request.tailEvents - 1)?.id ?? '';
}

function encodeEvent(event: TalosEvent): EventInit {
  return { id: event.id, ...(event.actor === undefined ? {} : { actorId: event.actor }), data: encodeData(event.data) };
}

interface Packed {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

function pack<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Packed {
  return { typeUrl: `talos/runtime/${schema.typeName}`, value: toBinary(schema, create(schema, init)) };
}

function encodeData(data: TalosEventData): Packed {
  switch (data.kind) {
    case 'sequence': {
      const error =
        data.error === undefined ? {} : { error: { code: ERROR_CODES[data.error.code], message: data.error.message } };
      return pack(SequenceEventSchema, { sequence: data.sequence, action: SEQUENCE_ACTIONS[data.action], ...error });
    }
    case 'phase':
      return pack(PhaseEventSchema, {
        phase: data.phase,
        action: data.action === 'start' ? PhaseEvent_Action.START : PhaseEvent_Action.STOP,
      });
    case 'task':
      return pack(TaskEventSchema, {
        task: data.task,
        action: data.action === 'start' ? TaskEvent_Action.START : TaskEvent_Action.STOP,
      });
    case 'service':
      return pack(ServiceStateEventSchema, {
        service: data.service,
        action: SERVICE_ACTIONS[data.state],
        message: data.message,
        health: {
          unknown: data.healthy === undefined,
          healthy: data.healthy === true,
          lastMessage: data.healthMessage,
          lastChange: healthTime(data.healthChanged),
        },
      });
    case 'machine-status':
      return pack(MachineStatusEventSchema, {
        stage: STAGES[data.stage],
        status: {
          ready: data.ready,
          unmetConditions: data.unmet.map((condition) => ({ name: condition.name, reason: condition.reason })),
        },
      });
    case 'address':
      return pack(AddressEventSchema, { hostname: data.hostname, addresses: [...data.addresses] });
    case 'config-error':
      return data.phase === 'load'
        ? pack(ConfigLoadErrorEventSchema, { error: data.error })
        : pack(ConfigValidationErrorEventSchema, { error: data.error });
    case 'restart':
      return pack(RestartEventSchema, { cmd: BigInt(data.cmd) });
  }
}

/** Go's zero time stands for "never". */
export function healthTime(ms: number): Timestamp {
  return timestampFromMs(ms === 0 ? Date.parse('0001-01-01T00:00:00Z') : ms);
}

const ERROR_CODES = { fatal: ErrorCode.FATAL, locked: ErrorCode.LOCKED, canceled: ErrorCode.CANCELED } as const;
const SEQUENCE_ACTIONS = {
  noop: SequenceEvent_Action.NOOP,
  start: SequenceEvent_Action.START,
  stop: SequenceEvent_Action.STOP,
} as const;

const SERVICE_ACTIONS: Readonly<Record<ServiceState, ServiceStateEvent_Action>> = {
  Initialized: ServiceStateEvent_Action.INITIALIZED,
  Preparing: ServiceStateEvent_Action.PREPARING,
  Waiting: ServiceStateEvent_Action.WAITING,
  Running: ServiceStateEvent_Action.RUNNING,
  Stopping: ServiceStateEvent_Action.STOPPING,
  Finished: ServiceStateEvent_Action.FINISHED,
  Failed: ServiceStateEvent_Action.FAILED,
  Skipped: ServiceStateEvent_Action.SKIPPED,
  Starting: ServiceStateEvent_Action.STARTING,
};

const STAGES: Readonly<Record<Stage, MachineStatusEvent_MachineStage>> = {
  unknown: MachineStatusEvent_MachineStage.UNKNOWN,
  booting: MachineStatusEvent_MachineStage.BOOTING,
  installing: MachineStatusEvent_MachineStage.INSTALLING,
  maintenance: MachineStatusEvent_MachineStage.MAINTENANCE,
  running: MachineStatusEvent_MachineStage.RUNNING,
  rebooting: MachineStatusEvent_MachineStage.REBOOTING,
  'shutting down': MachineStatusEvent_MachineStage.SHUTTING_DOWN,
  resetting: MachineStatusEvent_MachineStage.RESETTING,
  upgrading: MachineStatusEvent_MachineStage.UPGRADING,
};
