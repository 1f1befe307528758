/**
 * Recorded exchanges of real nodes (test/fixtures/talos-wire) as the far end of a session: whatever is called is answered, through
 * the binary form, with what a real node answered once.
 */
import {
  createRegistry,
  fromBinary,
  fromJson,
  toBinary,
  type DescMessage,
  type JsonValue,
  type MessageShape,
} from '@bufbuild/protobuf';
import { ConnectError, type Transport } from '@connectrpc/connect';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { file_machine_events } from '../../src/gen/proto/machine/events_pb.ts';
import { createSession } from '../../src/talos-api/session.ts';
import type { TalosNodeSession } from '../../src/talos-api/port.ts';
import { createSystemClock } from '../../src/system.ts';

const FIXTURES = join('test', 'fixtures', 'talos-wire');

export const RECORDED_VERSIONS: readonly string[] = ['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1'];

const json: z.ZodType<JsonValue> = z.json();

const lineSchema = z.object({
  method: z.string().optional(),
  poll: z.string().optional(),
  stream: z.string().optional(),
  role: z.string().optional(),
  note: z.string().optional(),
  code: z.string().optional(),
  error: z.object({ code: z.string(), code_num: z.number(), message: z.string() }).optional(),
  request: json.optional(),
  request_text: z.unknown().optional(),
  response: json.optional(),
  responses: z.array(z.object({ message: json })).nullish(),
  message: json.optional(),
  messages: z.number().optional(),
  client_stopped: z.string().optional(),
});

export interface RecordedLine extends Readonly<z.infer<typeof lineSchema>> {
  /** `v1.13.9/07-reads-as-reader.jsonl:12` */
  readonly where: string;
}

/** The lines of one version, or of those of its files whose name begins with `step`. */
export function readRecording(version: string, step = ''): readonly RecordedLine[] {
  const directory = join(FIXTURES, version);
  const files = readdirSync(directory).filter((file) => file.startsWith(step));
  return files.flatMap((file) =>
    readFileSync(join(directory, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => ({ ...lineSchema.parse(JSON.parse(line)), where: `${version}/${file}:${index + 1}` })),
  );
}

/** Calls of this method that were answered or refused, `/machine.MachineService/Version`. */
export function recordedCalls(version: string, method: string): readonly RecordedLine[] {
  return readRecording(version).filter(
    (line) => (line.method ?? line.poll) === method && (line.code !== undefined || line.error !== undefined),
  );
}

export function sessionAnswering(line: RecordedLine): TalosNodeSession {
  return createSession({
    clock: createSystemClock(),
    target: { node: 'wire-1', host: '10.5.0.2', port: 50_000 },
    channel: {
      transport: answering(line),
      peerFingerprint: () => undefined,
      isOpen: () => false,
      drop: () => {},
      close: () => {},
    },
  });
}

function answering(line: RecordedLine): Transport {
  const empty = { header: new Headers(), trailer: new Headers() };
  return {
    async unary(method) {
      if (line.error !== undefined) throw new ConnectError(line.error.message, line.error.code_num);
      return {
        stream: false,
        service: method.parent,
        method,
        ...empty,
        message: decoded(method.output, line.response ?? {}),
      };
    },
    async stream(method) {
      const { error } = line;
      const messages = (line.responses ?? []).map(({ message }) => decoded(method.output, message));
      async function* answers(): AsyncGenerator<(typeof messages)[number], void, undefined> {
        yield* messages;
        if (error !== undefined) throw new ConnectError(error.message, error.code_num);
      }
      return { stream: true, service: method.parent, method, ...empty, message: answers() };
    },
  };
}

/** Over the binary form, as it would have come. Fields that Ichor does not describe are left out. */
export function decoded<D extends DescMessage>(schema: D, value: JsonValue): MessageShape<D> {
  const message = fromJson(schema, withoutCuts(value), {
    ignoreUnknownFields: true,
    registry: createRegistry(file_machine_events),
  });
  return fromBinary(schema, toBinary(schema, message));
}

/** Long byte fields were cut when they were recorded; half of a base64 text is none. Go's zero time is outside of protojson's range here. */
function withoutCuts(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.includes('…(cut;') ? '' : value;
  if (Array.isArray(value)) return value.map(withoutCuts);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutCuts(inner)]));
}
