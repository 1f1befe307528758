/** Events of the node: the payload's type URL begins with `talos/runtime/`, so it is found by its last word (talos-1-api.md §1.6). */
import { fromBinary } from '@bufbuild/protobuf';
import { Code } from '../../gen/proto/common/common_pb.ts';
import {
  AddressEventSchema,
  ConfigLoadErrorEventSchema,
  ConfigValidationErrorEventSchema,
  MachineStatusEvent_MachineStage,
  MachineStatusEventSchema,
  PhaseEvent_Action,
  PhaseEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  ServiceStateEvent_Action,
  ServiceStateEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from '../../gen/proto/machine/events_pb.ts';
import type { Event } from '../../gen/proto/machine/machine_pb.ts';
import type { EventPayload, NodeEvent, SequenceError } from '../port.ts';
import { serviceHealth } from './services.ts';

export function decodeNodeEvent(event: Event): NodeEvent {
  // The hello has an empty Any, not none.
  const data = event.data?.typeUrl === '' ? undefined : event.data;
  const payload: EventPayload = data === undefined ? { kind: 'hello' } : decodePayload(data.typeUrl, data.value);
  return { id: event.id, actorId: event.actorId, payload };
}

const DECODERS: Readonly<Record<string, (value: Uint8Array) => EventPayload>> = {
  SequenceEvent: sequence,
  PhaseEvent: (value) => {
    const { phase, action } = fromBinary(PhaseEventSchema, value);
    return { kind: 'phase', phase, action: action === PhaseEvent_Action.STOP ? 'stop' : 'start' };
  },
  TaskEvent: (value) => {
    const { task, action } = fromBinary(TaskEventSchema, value);
    return { kind: 'task', task, action: action === TaskEvent_Action.STOP ? 'stop' : 'start' };
  },
  ServiceStateEvent: (value) => {
    const { service, action, message, health } = fromBinary(ServiceStateEventSchema, value);
    return {
      kind: 'service',
      service,
      state: capitalized(nameOf(ServiceStateEvent_Action, action)),
      message,
      health: serviceHealth(health),
    };
  },
  MachineStatusEvent: (value) => {
    const { stage, status } = fromBinary(MachineStatusEventSchema, value);
    return {
      kind: 'machine-status',
      stage: nameOf(MachineStatusEvent_MachineStage, stage).replace('_', ' '),
      ready: status?.ready ?? false,
      unmet: (status?.unmetConditions ?? []).map(({ name, reason }) => ({ name, reason })),
    };
  },
  AddressEvent: (value) => {
    const { hostname, addresses } = fromBinary(AddressEventSchema, value);
    return { kind: 'address', hostname, addresses };
  },
  ConfigLoadErrorEvent: (value) => ({
    kind: 'config-load-error',
    error: fromBinary(ConfigLoadErrorEventSchema, value).error,
  }),
  ConfigValidationErrorEvent: (value) => ({
    kind: 'config-validation-error',
    error: fromBinary(ConfigValidationErrorEventSchema, value).error,
  }),
  RestartEvent: () => ({ kind: 'restart' }),
};

export function decodePayload(typeUrl: string, value: Uint8Array): EventPayload {
  const decode = DECODERS[typeUrl.slice(typeUrl.lastIndexOf('.') + 1)];
  return decode === undefined ? { kind: 'unknown', typeUrl } : decode(value);
}

function sequence(value: Uint8Array): EventPayload {
  const { sequence: name, action, error } = fromBinary(SequenceEventSchema, value);
  const seen = { kind: 'sequence', sequence: name, action: sequenceAction(action) } as const;
  return error === undefined ? seen : { ...seen, error: { code: errorCode(error.code), message: error.message } };
}

function sequenceAction(action: SequenceEvent_Action): 'noop' | 'start' | 'stop' {
  switch (action) {
    case SequenceEvent_Action.START:
      return 'start';
    case SequenceEvent_Action.STOP:
      return 'stop';
    default:
      return 'noop';
  }
}

function errorCode(code: Code): SequenceError['code'] {
  switch (code) {
    case Code.LOCKED:
      return 'locked';
    case Code.CANCELED:
      return 'canceled';
    default:
      return 'fatal';
  }
}

/** An enum value's name in lower case; the number when a newer Talos sends one that is not known here. */
function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  const found = Object.entries(names).find(([, number]) => number === value)?.[0];
  return found === undefined ? String(value) : found.toLowerCase();
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
