/**
 * Services of a simulated machine: their states, the notes that ServiceList shows, and the events that each change sends.
 * Texts are those that real nodes sent (recordings 05, 09).
 */
import type { Service, ServiceState } from './state.ts';
import { emit, machineNow, runOf, updateRun, type Turn } from './turn.ts';

export interface HealthChange {
  readonly healthy?: boolean;
  readonly message?: string;
}

/** What etcd waits for before it prepares. */
export const ETCD_WAITS =
  'Waiting for volumes /var/lib, ETCD to be mounted, service "cri" to be "up", time sync, network, etcd spec';

/** Moves a service to a state and tells about it. A change of state forgets the health. */
export function setService(turn: Turn, id: string, state: ServiceState, message: string): void {
  const before = runOf(turn).services[id];
  const at = machineNow(turn);
  const startsRunning = state === 'Running';
  const service: Service = {
    state,
    healthMessage: startsRunning ? 'Unknown' : '',
    healthChanged: startsRunning ? at : 0,
    notes: [...(before?.notes ?? []), { message, state, at }].slice(-NOTES_KEPT),
  };
  store(turn, id, service, message);
}

/** Reports a health check of a running service. */
export function setHealth(turn: Turn, id: string, change: HealthChange): void {
  const before = runOf(turn).services[id];
  if (before === undefined) return;
  const at = machineNow(turn);
  const message = change.healthy === true ? 'Health check successful' : `Health check failed: ${change.message ?? ''}`;
  const { healthy: _, ...rest } = before;
  const service: Service = {
    ...rest,
    healthMessage: change.message ?? '',
    healthChanged: at,
    ...(change.healthy === undefined ? {} : { healthy: change.healthy }),
    notes: [...before.notes, { message, state: before.state, at }].slice(-NOTES_KEPT),
  };
  store(turn, id, service, message);
}

export function isRunning(turn: Turn, id: string): boolean {
  return runOf(turn).services[id]?.state === 'Running';
}

export function isHealthy(turn: Turn, id: string): boolean {
  const service = runOf(turn).services[id];
  return service?.state === 'Running' && service.healthy === true;
}

/** Up at once and healthy: the services that are there before the API is. */
export function startBaseService(turn: Turn, id: string): void {
  setService(turn, id, 'Starting', 'Starting service');
  setService(turn, id, 'Running', `Service started as goroutine`);
  setHealth(turn, id, { healthy: true });
}

const NOTES_KEPT = 16;

function store(turn: Turn, id: string, service: Service, message: string): void {
  updateRun(turn, { services: { ...runOf(turn).services, [id]: service } });
  emit(turn, {
    kind: 'service',
    service: id,
    state: service.state,
    message,
    healthMessage: service.healthMessage,
    healthChanged: service.healthChanged,
    ...(service.healthy === undefined ? {} : { healthy: service.healthy }),
  });
}
