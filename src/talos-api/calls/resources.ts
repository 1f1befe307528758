/** COSI reads. Writes are refused by every node, so there are none. */
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { EventType, State, type Event, type Resource as WireResource } from '../../gen/proto/cosi/state_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { isTalosError, TalosApiError } from '../errors.ts';
import type { ResourceCalls } from '../port.ts';
import { describeResource, parseSpecYaml, type Resource, type ResourceEvent } from '../resource.ts';

export function createResourceCalls(caller: Caller): ResourceCalls {
  const state = caller.client(State);
  return {
    async getResource({ namespace, type, id }, options) {
      try {
        const reply = await caller.unary({
          call: `Get of ${describeResource({ namespace, type, id })}`,
          deadlineMs: DEADLINES_MS.read,
          options,
          run: (wire) => state.get({ namespace, type, id, options: {} }, wire),
        });
        return reply.resource === undefined ? undefined : decodeResource(reply.resource);
      } catch (reason) {
        if (isTalosError(reason, 'not-found')) return undefined;
        throw reason;
      }
    },
    async listResources({ namespace, type }, options) {
      const messages = caller.stream({
        call: `List of ${type} in ${namespace}`,
        kind: 'finite',
        silenceMs: DEADLINES_MS.read,
        options,
        run: (wire) => state.list({ namespace, type, options: {} }, wire),
      });
      const found: Resource[] = [];
      for await (const { resource } of messages) {
        if (resource !== undefined) found.push(decodeResource(resource));
      }
      return found;
    },
    watchResources({ namespace, type, id }, options) {
      // `options` must be sent: without it ≤1.12 crashes in the handler. Bootstrap contents are refused for a single id, whose
      // present state comes first anyway (talos-1-api.md §1.8).
      const request =
        id === undefined
          ? { namespace, type, options: { bootstrapContents: true }, apiVersion: 1 }
          : { namespace, type, id, options: {}, apiVersion: 1 };
      return caller.stream({
        call: `Watch of ${type} in ${namespace}`,
        kind: 'followed',
        options,
        run: (wire) => decodedEvents(state.watch(request, wire)),
      });
    },
  };
}

async function* decodedEvents(
  messages: AsyncIterable<{ readonly event: readonly Event[] }>,
): AsyncGenerator<ResourceEvent, void, undefined> {
  for await (const { event: events } of messages) {
    for (const event of events) {
      const decoded = decodeEvent(event);
      if (decoded !== undefined) yield decoded;
    }
  }
}

/** undefined for bookkeeping that says nothing about a resource. */
export function decodeEvent(event: Event): ResourceEvent | undefined {
  switch (event.eventType) {
    case EventType.CREATED:
    case EventType.UPDATED:
      if (event.resource === undefined) return undefined;
      return {
        kind: event.eventType === EventType.CREATED ? 'created' : 'updated',
        resource: decodeResource(event.resource),
      };
    case EventType.DESTROYED:
      return { kind: 'destroyed', id: event.resource?.metadata?.id ?? '' };
    case EventType.BOOTSTRAPPED:
      return { kind: 'bootstrapped' };
    case EventType.ERRORED:
      throw new TalosApiError('failed', `the watch ended on the node: ${event.error ?? 'no reason given'}`);
    case EventType.NOOP:
      return undefined;
  }
}

export function decodeResource({ metadata, spec }: WireResource): Resource {
  if (metadata === undefined) throw new TalosApiError('failed', 'the node sent a resource without metadata');
  const specYaml = spec?.yamlSpec ?? '';
  return {
    metadata: {
      namespace: metadata.namespace,
      type: metadata.type,
      id: metadata.id,
      version: /^\d+$/.test(metadata.version) ? BigInt(metadata.version) : 0n,
      owner: metadata.owner,
      phase: metadata.phase === 'tearingDown' ? 'tearingDown' : 'running',
      createdMs: metadata.created === undefined ? 0 : timestampMs(metadata.created),
      updatedMs: metadata.updated === undefined ? 0 : timestampMs(metadata.updated),
      labels: metadata.labels,
      annotations: metadata.annotations,
      finalizers: metadata.finalizers,
    },
    spec: parseSpecYaml(specYaml, describeResource(metadata)),
    specYaml,
  };
}
