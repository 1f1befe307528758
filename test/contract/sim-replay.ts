/**
 * Replays recorded exchanges against the simulator: the same requests by the same callers, and what differs in code, text or shape. Keys and
 * tokens were taken out of the recordings; they are put in again from a cluster of the test's own.
 */
import { readFileSync } from 'node:fs';
import {
  fromJson,
  toJson,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  type DescService,
  type JsonValue,
} from '@bufbuild/protobuf';
import { createRegistry } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { ClusterService } from '../../src/gen/proto/cluster/cluster_pb.ts';
import { State } from '../../src/gen/proto/cosi/state_pb.ts';
import { InspectService } from '../../src/gen/proto/inspect/inspect_pb.ts';
import {
  AddressEventSchema,
  MachineStatusEventSchema,
  PhaseEventSchema,
  SequenceEventSchema,
  ServiceStateEventSchema,
  TaskEventSchema,
} from '../../src/gen/proto/machine/events_pb.ts';
import { ImageService } from '../../src/gen/proto/machine/image_pb.ts';
import { LifecycleService } from '../../src/gen/proto/machine/lifecycle_pb.ts';
import { MachineService } from '../../src/gen/proto/machine/machine_pb.ts';
import { StorageService } from '../../src/gen/proto/storage/storage_pb.ts';
import { TimeService } from '../../src/gen/proto/time/time_pb.ts';
import type { VirtualClock } from '../../src/sim/virtual-clock.ts';

export interface Recorded {
  readonly method?: string;
  readonly note?: string;
  readonly role?: string;
  readonly node?: string;
  readonly request?: JsonValue;
  readonly request_text?: readonly string[];
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  readonly response?: JsonValue;
  readonly responses?: readonly { readonly message: JsonValue }[] | null;
  readonly messages?: number;
  readonly code?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly client_stopped?: string;
  readonly t_ms: number;
  readonly mark?: string;
  readonly stream?: string;
  readonly poll?: string;
  readonly tls_probe?: string;
}

export function readRecording(version: string, step: string): readonly Recorded[] {
  const text = readFileSync(new URL(`../fixtures/talos-wire/${version}/${step}.jsonl`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Recorded => JSON.parse(line));
}

export interface Outcome {
  /** A gRPC code, `hang` for a call that does not end, `open` for a stream that goes on. */
  readonly code: string;
  readonly message: string;
  readonly responses: readonly JsonValue[];
}

const SERVICES: readonly DescService[] = [
  MachineService,
  State,
  StorageService,
  TimeService,
  ClusterService,
  InspectService,
  LifecycleService,
  ImageService,
];

const REGISTRY = createRegistry(
  ...SERVICES.map((service) => service.file),
  SequenceEventSchema,
  PhaseEventSchema,
  TaskEventSchema,
  ServiceStateEventSchema,
  MachineStatusEventSchema,
  AddressEventSchema,
);

export function methodOf(path: string): DescMethod | undefined {
  const [, service, method] = path.split('/');
  return SERVICES.find((candidate) => candidate.typeName === service)?.methods.find(
    (candidate) => candidate.name === method,
  );
}

/** What the real node did. */
export function recordedOutcome(record: Recorded): Outcome {
  const responses =
    record.response === undefined ? (record.responses ?? []).map((response) => response.message) : [record.response];
  if (record.error !== undefined) return { code: record.error.code, message: record.error.message, responses };
  if (record.client_stopped !== undefined)
    return { code: responses.length > 0 ? 'open' : 'hang', message: '', responses };
  return { code: 'OK', message: '', responses };
}

export interface Replayer {
  readonly clock: VirtualClock;
  /** A transport for the caller, or the error that dialling meets. */
  connect(record: Recorded): Promise<Transport | Error>;
  /** The config that stands for the recorded one. */
  fill(text: string, note: string): string;
}

/** What the simulator does with the same request; it gets 20 s of its own time. */
export async function replay(replayer: Replayer, record: Recorded, method: DescMethod): Promise<Outcome> {
  const transport = await replayer.connect(record);
  if (transport instanceof Error) return { code: 'Unavailable', message: transport.message, responses: [] };
  const controller = new AbortController();
  const responses: JsonValue[] = [];
  let ended: Outcome | undefined;
  const running = exchange(transport, {
    record,
    method,
    signal: controller.signal,
    fill: (text) => replayer.fill(text, record.note ?? ''),
    keep: (response) => responses.push(response),
  }).then(
    () => {
      ended = { code: 'OK', message: '', responses };
    },
    (reason: unknown) => {
      const error = ConnectError.from(reason);
      ended = { code: Code[error.code] ?? 'Unknown', message: error.rawMessage, responses };
    },
  );
  await replayer.clock.settle();
  for (let waited = 0; waited < 20_000 && ended === undefined; waited += 500) await replayer.clock.advance(500);
  // Keys are made in other threads, which the virtual clock does not wait for.
  for (let turn = 0; turn < 20 && ended === undefined && MAKES_KEYS.has(method.name); turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  const outcome = ended ?? { code: responses.length > 0 ? 'open' : 'hang', message: '', responses: [...responses] };
  controller.abort();
  await replayer.clock.run(running);
  return outcome;
}

const MAKES_KEYS: ReadonlySet<string> = new Set(['Kubeconfig', 'GenerateClientConfiguration']);

interface Exchange {
  readonly record: Recorded;
  readonly method: DescMethod;
  readonly signal: AbortSignal;
  fill(text: string): string;
  keep(response: JsonValue): void;
}

async function exchange(transport: Transport, { record, method, signal, fill, keep }: Exchange): Promise<void> {
  const requests = Array.isArray(record.request) ? record.request : [record.request ?? {}];
  const messages = requests.map((request, index) => {
    const text = record.request_text?.[index];
    const value = typeof request === 'object' && request !== null && !Array.isArray(request) ? request : {};
    const filled =
      text === undefined || !('data' in value) ? value : { ...value, data: Buffer.from(fill(text)).toString('base64') };
    return fromJson(method.input, filled, { registry: REGISTRY, ignoreUnknownFields: true });
  });
  const header = new Headers();
  for (const [key, values] of Object.entries(record.metadata ?? {}))
    for (const value of values) header.append(key, value);
  const json = (message: Parameters<typeof toJson>[1]): JsonValue =>
    toJson(method.output, message, { registry: REGISTRY, useProtoFieldName: true });
  if (isUnary(method)) {
    const { message } = await transport.unary(method, signal, undefined, header, messages[0] ?? {});
    keep(json(message));
    return;
  }
  if (!isStreaming(method)) return;
  const stream = await transport.stream(method, signal, undefined, header, each(messages));
  for await (const message of stream.message) keep(json(message));
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary';
}

function isStreaming(method: DescMethod): method is DescMethodStreaming {
  return method.methodKind !== 'unary';
}

async function* each<T>(values: readonly T[]): AsyncIterable<T> {
  for (const value of values) yield value;
}

export type Difference = {
  readonly kind: 'code' | 'text' | 'shape';
  readonly recorded: string;
  readonly simulated: string;
};

/** Calls whose text depends on the machine that it ran on: only the code counts. */
const RACES =
  /broken pipe|certificate required|unknown certificate|bad certificate|expired certificate|connection refused|connection reset|connection error|i\/o timeout|no route/;

export function compare(recorded: Outcome, simulated: Outcome): Difference | undefined {
  // The messages of a long-lived stream stand in lines of their own.
  if (recorded.code === 'hang' && simulated.code === 'open' && recorded.responses.length === 0) return undefined;
  if (recorded.code !== simulated.code)
    return {
      kind: 'code',
      recorded: `${recorded.code} ${recorded.message}`.trim(),
      simulated: `${simulated.code} ${simulated.message}`.trim(),
    };
  if (recorded.message !== simulated.message && !RACES.test(recorded.message))
    return { kind: 'text', recorded: recorded.message, simulated: simulated.message };
  if (recorded.code !== 'OK' && recorded.code !== 'open') return undefined;
  const has = shapeOf(simulated.responses);
  const missing = [...shapeOf(recorded.responses)].filter((path) => !has.has(path) && !path.includes('_bytes_of_json'));
  return missing.length === 0 ? undefined : { kind: 'shape', recorded: missing.join(' '), simulated: 'lacks these' };
}

/** Paths of all keys, list positions left out. YAML, protobuf and bytes count as there or not there. */
function shapeOf(value: unknown, path = ''): ReadonlySet<string> {
  const paths = new Set<string>();
  if (Array.isArray(value)) {
    for (const item of value) for (const inner of shapeOf(item, path)) paths.add(inner);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const own = `${path}/${key}`;
      if (OPAQUE.has(key)) continue;
      paths.add(own);
      for (const inner of shapeOf(item, own)) paths.add(inner);
    }
  }
  return paths;
}

/** What depends on the moment or the machine: payloads of events, health of services, usage figures. */
const OPAQUE: ReadonlySet<string> = new Set([
  'proto_spec',
  'labels',
  'annotations',
  'finalizers',
  'owner',
  'data',
  'health',
  'meminfo',
]);
