/** cosi.resource.State over the projected resources: Get, List, Watch, and the refusal of every write (talos-1-api.md §1.8; FINDINGS 6). */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  EventType,
  LabelTerm_Operation,
  type State,
  type EventSchema,
  type LabelQuery,
  type ResourceSchema,
  type WatchRequest,
  type WatchResponseSchema,
} from '../../gen/proto/cosi/state_pb.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import type { StoredResource } from '../machine/resources/store.ts';
import { maintenanceIsFullApi, watchWorksWithoutOptions } from '../versions.ts';
import { isAdmin } from './access.ts';
import { gracefulStop, hang, plain, streaming, type Call, type Served } from './call.ts';

const SERVICE = 'cosi.resource.State';

export function stateService(served: Served): ServiceImpl<typeof State> {
  const name = (method: string): { service: string; method: string } => ({ service: SERVICE, method });
  const refuseWrite = (call: Call): never => {
    const isPlainRefusal = !isStranger(call);
    throw new ConnectError(isPlainRefusal ? 'write access is not allowed' : 'not authorized', Code.PermissionDenied);
  };
  return {
    get: plain(served, name('Get'), (call, request) => {
      const found = readable(call, request.namespace, request.type).find((resource) => resource.id === request.id);
      if (found === undefined)
        throw new ConnectError(
          `resource ${request.type}(${request.namespace}/${request.id}@undefined) doesn't exist`,
          Code.NotFound,
        );
      return { resource: encode(found) };
    }),
    list: streaming(served, name('List'), async function* list(call, request) {
      const idQuery = compile(request.options?.idQuery?.regexp);
      for (const resource of readable(call, request.namespace, request.type)) {
        if (matches(resource, request.options?.labelQuery ?? [], idQuery)) yield { resource: encode(resource) };
      }
    }),
    watch: streaming(served, name('Watch'), watch),
    create: plain(served, name('Create'), refuseWrite),
    update: plain(served, name('Update'), (call, request) => {
      if (request.options === undefined && !isStranger(call))
        throw new ConnectError('runtime error: invalid memory address or nil pointer dereference', Code.Internal);
      return refuseWrite(call);
    }),
    destroy: plain(served, name('Destroy'), refuseWrite),
  };
}

/** Without the right to write anything; the small maintenance server knows no such difference (recordings 03, 08). */
function isStranger(call: Call): boolean {
  const view = call.view();
  const isSmallServer = view.run.api.kind === 'maintenance' && !maintenanceIsFullApi(view.run.version);
  return !isSmallServer && !isAdmin(view, call.caller);
}

/** The resources of a type as this caller may see them. */
function readable(call: Call, namespace: string, type: string): readonly StoredResource[] {
  const view = call.view();
  const store = call.store();
  if (!store.namespaces().has(namespace))
    throw new ConnectError(`namespace "${namespace}" is not supported`, Code.PermissionDenied);
  const definition = store.typeOf(type);
  if (definition === undefined)
    throw new ConnectError(`resource type "${type}" is not supported`, Code.PermissionDenied);
  if (definition.isSensitive && !isAdmin(view, call.caller))
    throw new ConnectError('not authorized', Code.PermissionDenied);
  return store.list(view, namespace, type);
}

type EventInit = MessageInitShape<typeof EventSchema>;

async function* watch(call: Call, request: WatchRequest): AsyncGenerator<MessageInitShape<typeof WatchResponseSchema>> {
  const { options } = request;
  const opened = call.view().run;
  if (options === undefined && !watchWorksWithoutOptions(opened.version))
    throw new ConnectError('runtime error: invalid memory address or nil pointer dereference', Code.Internal);
  checkWatch(request);
  const idQuery = compile(options?.idQuery?.regexp);
  const queries = options?.labelQuery ?? [];
  const selects = (resource: StoredResource): boolean =>
    request.id === undefined ? matches(resource, queries, idQuery) : resource.id === request.id;
  let known = new Map(
    readable(call, request.namespace, request.type)
      .filter(selects)
      .map((resource) => [resource.id, resource]),
  );
  let bookmark = 0;
  yield { event: [] };
  const first: EventInit[] = [];
  if (request.id !== undefined) {
    const current = known.get(request.id);
    first.push(
      current === undefined
        ? bookkeeping(call, request, { eventType: EventType.DESTROYED, bookmark, id: request.id })
        : { eventType: EventType.CREATED, resource: encode(current) },
    );
  } else if (options?.bootstrapContents === true) {
    for (const resource of known.values()) first.push({ eventType: EventType.CREATED, resource: encode(resource) });
    first.push(bookkeeping(call, request, { eventType: EventType.BOOTSTRAPPED, bookmark }));
  } else if (options?.bootstrapBookmark === true) {
    first.push(bookkeeping(call, request, { eventType: EventType.NOOP, bookmark }));
  }
  if (options?.aggregated === true && first.length > 0) yield { event: first };
  else for (const event of first) yield { event: [event] };
  for (;;) {
    await call.simulation.nextChange(call.signal);
    if (call.signal.aborted) await hang(call.signal);
    endWithNode(call, opened);
    const next = new Map(
      call
        .store()
        .list(call.view(), request.namespace, request.type)
        .filter(selects)
        .map((resource) => [resource.id, resource]),
    );
    for (const event of difference(known, next)) {
      bookmark += 1;
      yield { event: [{ ...event, bookmark: bookmarkBytes(bookmark) }] };
    }
    known = next;
  }
}

/** Watches end with the API that they were opened on (FINDINGS 3.1, 5.11). */
function endWithNode(call: Call, opened: RunningView['run']): void {
  const { run } = call.simulation.view(call.machine);
  const isGone =
    run === undefined ||
    run.bootId !== opened.bootId ||
    (run.api.kind === 'down' && run.stage !== 'booting' && run.stage !== 'installing');
  if (isGone || (opened.api.kind === 'maintenance' && run.api.kind === 'secure')) {
    throw gracefulStop();
  }
}

function checkWatch(request: WatchRequest): void {
  const { options } = request;
  if (request.id !== undefined && options?.bootstrapContents === true)
    throw new ConnectError('bootstrap contents is not implemented for resource watch', Code.Unimplemented);
  if (request.id !== undefined && (options?.labelQuery.length ?? 0) > 0)
    throw new ConnectError('label query is not implemented for resource watch', Code.Unimplemented);
  if (options?.startFromBookmark !== undefined)
    throw new ConnectError('invalid watch bookmark', Code.FailedPrecondition);
}

function* difference(
  before: ReadonlyMap<string, StoredResource>,
  after: ReadonlyMap<string, StoredResource>,
): Generator<EventInit> {
  for (const [id, resource] of after) {
    const old = before.get(id);
    if (old === undefined) yield { eventType: EventType.CREATED, resource: encode(resource) };
    else if (old.version !== resource.version)
      yield { eventType: EventType.UPDATED, resource: encode(resource), old: encode(old) };
  }
  for (const [id, old] of before) if (!after.has(id)) yield { eventType: EventType.DESTROYED, resource: encode(old) };
}

interface Bookkeeping {
  readonly eventType: EventType;
  readonly bookmark: number;
  readonly id?: string;
}

/** Events about the watch itself: a resource without a spec, made at this moment. */
function bookkeeping(call: Call, request: WatchRequest, { eventType, bookmark, id = '' }: Bookkeeping): EventInit {
  const now = timestampFromMs(call.view().now);
  const { namespace, type } = request;
  return {
    eventType,
    resource: {
      metadata: { namespace, type, id, version: 'undefined', phase: 'running', created: now, updated: now },
      spec: {},
    },
    bookmark: bookmarkBytes(bookmark),
  };
}

function bookmarkBytes(position: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt(position) - 1n, 8);
  return new Uint8Array(bytes);
}

function compile(regexp: string | undefined): RegExp | undefined {
  if (regexp === undefined || regexp === '') return undefined;
  try {
    return new RegExp(regexp);
  } catch {
    throw new ConnectError(
      `failed to compile regexp: error parsing regexp: missing closing ]: \`${regexp}\``,
      Code.InvalidArgument,
    );
  }
}

function matches(resource: StoredResource, queries: readonly LabelQuery[], idQuery: RegExp | undefined): boolean {
  if (idQuery !== undefined && !idQuery.test(resource.id)) return false;
  return (
    queries.length === 0 ||
    queries.some((query) =>
      query.terms.every((term) => matchesTerm(resource.labels[term.key], term.op, term.value) !== term.invert),
    )
  );
}

function matchesTerm(value: string | undefined, operation: LabelTerm_Operation, wanted: readonly string[]): boolean {
  switch (operation) {
    case LabelTerm_Operation.NOT_EXISTS:
      return value === undefined;
    case LabelTerm_Operation.EQUAL:
      return value === wanted[0];
    case LabelTerm_Operation.IN:
      return value !== undefined && wanted.includes(value);
    case LabelTerm_Operation.LT:
      return value !== undefined && value < (wanted[0] ?? '');
    case LabelTerm_Operation.LTE:
      return value !== undefined && value <= (wanted[0] ?? '');
    case LabelTerm_Operation.LT_NUMERIC:
      return value !== undefined && Number(value) < Number(wanted[0]);
    case LabelTerm_Operation.LTE_NUMERIC:
      return value !== undefined && Number(value) <= Number(wanted[0]);
    default:
      return value !== undefined;
  }
}

function encode(resource: StoredResource): MessageInitShape<typeof ResourceSchema> {
  return {
    metadata: {
      namespace: resource.namespace,
      type: resource.type,
      id: resource.id,
      version: String(resource.version),
      owner: resource.owner,
      phase: 'running',
      created: timestampFromMs(resource.createdMs),
      updated: timestampFromMs(resource.updatedMs),
      labels: { ...resource.labels },
      annotations: { ...resource.annotations },
    },
    spec: { yamlSpec: resource.yaml, protoSpec: resource.proto },
  };
}
