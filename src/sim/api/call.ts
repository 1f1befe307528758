/**
 * The way of every call through a simulated node: faults, the machine's own state, routing to other nodes by metadata, access; then
 * the method itself (talos-1-api.md §1.2, §1.3).
 */
import { Code, ConnectError, createContextKey, type ContextKey, type HandlerContext } from '@connectrpc/connect';
import { sleep } from '../../system.ts';
import type { CallFault } from '../faults.ts';
import { hastenHandover } from '../machine/boot.ts';
import type { Refusal, RefusalCode } from '../machine/refusal.ts';
import { isRunningView, type RunningView } from '../machine/resources/resource.ts';
import { ResourceStore } from '../machine/resources/store.ts';
import type { Turn } from '../machine/turn.ts';
import type { Simulation } from '../simulation.ts';
import { loopbackIsInCertificate } from '../versions.ts';
import { checkAccess, type MethodName } from './access.ts';
import type { Caller } from './caller.ts';

/** What a door knows of the connection that a call came over. */
export interface Peer {
  readonly caller: Caller;
  /** Breaks the connection as a crash would. */
  break(): void;
}

export const PEER_KEY: ContextKey<Peer> = createContextKey<Peer>(
  { caller: { kind: 'anonymous' }, break: () => undefined },
  { description: 'peer of the simulated node' },
);

/** A simulated node's API as one door serves it. */
export interface Served {
  readonly simulation: Simulation;
  /** The machine at whose address the call arrived. */
  readonly machine: string;
  readonly stores: StoreShelf;
  readonly streams: StreamCount;
  /** Who calls, where the door knows it beforehand; else it stands in the context of each call. */
  readonly peer?: Peer;
}

/** The COSI stores of all machines, one per boot. */
export class StoreShelf {
  readonly #stores = new Map<string, { readonly bootId: string; readonly store: ResourceStore }>();

  of(view: RunningView): ResourceStore {
    const held = this.#stores.get(view.name);
    if (held?.bootId === view.run.bootId) return held.store;
    const store = new ResourceStore(view);
    this.#stores.set(view.name, { bootId: view.run.bootId, store });
    return store;
  }
}

/** Streams that are open over the maintenance API: they delay the switch to the secured one (FINDINGS 3.1). */
export class StreamCount {
  readonly #open = new Map<string, number>();

  opened(machine: string): void {
    this.#open.set(machine, this.of(machine) + 1);
  }

  closed(machine: string): void {
    this.#open.set(machine, Math.max(0, this.of(machine) - 1));
  }

  of(machine: string): number {
    return this.#open.get(machine) ?? 0;
  }
}

export interface Call {
  readonly served: Served;
  readonly simulation: Simulation;
  /** The machine that carries the call out. */
  readonly machine: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly name: MethodName;
  /** The running machine now; throws Unavailable when it has gone down meanwhile. */
  view(): RunningView;
  store(): ResourceStore;
  act<T>(transition: (turn: Turn) => T): T;
}

interface MetadataOnly {
  readonly metadata: {
    readonly hostname: string;
    readonly error?: string;
    readonly status?: { readonly code: number; readonly message: string };
  };
}

export type Unary<Q, M> = (request: Q, context: HandlerContext) => Promise<{ messages: (M | MetadataOnly)[] }>;

/** A method whose reply is a list with one element per node. */
export function unary<Q, M extends object>(
  served: Served,
  name: MethodName,
  handler: (call: Call, request: Q) => M | Promise<M>,
): Unary<Q, M> {
  return async (request, context) => {
    const targets = routeOf(served, context, name);
    if (targets.kind === 'one') {
      const element = await guarded({ served, context, name, machine: targets.machine }, (call) =>
        handler(call, request),
      );
      return { messages: [element] };
    }
    const messages = await Promise.all(
      targets.machines.map((target) =>
        fannedOut({ served, context, name, machine: target.machine }, target.address, (call) => handler(call, request)),
      ),
    );
    return { messages };
  };
}

/** A method whose reply is not a list: COSI and the newer services. */
export function plain<Q, M>(
  served: Served,
  name: MethodName,
  handler: (call: Call, request: Q) => M | Promise<M>,
): (request: Q, context: HandlerContext) => Promise<M> {
  return async (request, context) => {
    const targets = routeOf(served, context, name);
    if (targets.kind === 'many')
      throw new ConnectError(
        `one-2-many proxying is not supported for method /${name.service}/${name.method}`,
        Code.InvalidArgument,
      );
    return guarded({ served, context, name, machine: targets.machine }, (call) => handler(call, request));
  };
}

/** A method that streams its reply. */
export function streaming<Q, M extends object>(
  served: Served,
  name: MethodName,
  handler: (call: Call, request: Q) => AsyncIterable<M>,
): (request: Q, context: HandlerContext) => AsyncGenerator<M> {
  return async function* stream(request, context) {
    const targets = routeOf(served, context, name);
    const machines = targets.kind === 'one' ? [targets.machine] : targets.machines.map((target) => target.machine);
    for (const machine of machines)
      yield* guardedStream(
        { served, context, name, machine },
        (call) => handler(call, request),
        targets.kind === 'many' ? targets.machines.find((target) => target.machine === machine)?.address : undefined,
      );
  };
}

interface Invocation {
  readonly served: Served;
  readonly context: HandlerContext;
  readonly name: MethodName;
  readonly machine: string | undefined;
}

async function fannedOut<M extends object>(
  invocation: Invocation,
  address: string,
  run: (call: Call) => M | Promise<M>,
): Promise<M | MetadataOnly> {
  try {
    return { ...(await guarded(invocation, run)), metadata: { hostname: address } };
  } catch (reason) {
    const error = ConnectError.from(reason);
    return {
      metadata: {
        hostname: address,
        error: `rpc error: code = ${Code[error.code] ?? 'Unknown'} desc = ${error.rawMessage}`,
        status: { code: error.code, message: error.rawMessage },
      },
    };
  }
}

async function guarded<M>(invocation: Invocation, run: (call: Call) => M | Promise<M>): Promise<M> {
  const { context } = invocation;
  const { call, fault } = await enter(invocation);
  const value = await run(call);
  await afterEffect(call, fault, context);
  return value;
}

async function* guardedStream<M extends object>(
  invocation: Invocation,
  run: (call: Call) => AsyncIterable<M>,
  address: string | undefined,
): AsyncGenerator<M> {
  const { context, served, machine } = invocation;
  const { call, fault } = await enter(invocation);
  const isMaintenance = call.view().run.api.kind === 'maintenance';
  if (isMaintenance && machine !== undefined) served.streams.opened(machine);
  let count = 0;
  try {
    for await (const message of run(call)) {
      if (call.simulation.view(call.machine).machine.isSilent) await hang(context.signal);
      yield address === undefined ? message : { ...message, metadata: { hostname: address } };
      count += 1;
      if (fault?.kind === 'cut-stream' && count >= fault.afterMessages) breakOff(peerOf(served, context));
    }
    await afterEffect(call, fault, context);
  } finally {
    if (isMaintenance && machine !== undefined) closeStream(served, machine);
  }
}

function closeStream(served: Served, machine: string): void {
  served.streams.closed(machine);
  if (served.streams.of(machine) === 0 && served.simulation.view(machine).run?.api.kind === 'down') {
    served.simulation.act(machine, hastenHandover);
  }
}

async function enter(invocation: Invocation): Promise<{ readonly call: Call; readonly fault: CallFault | undefined }> {
  const { served, context, name, machine } = invocation;
  const { simulation } = served;
  if (machine === undefined) throw unreachable('no such node');
  const fault = simulation.faults.next(machine, name.method);
  if (fault?.kind === 'silent' || simulation.view(machine).machine.isSilent) await hang(context.signal);
  await sleep(simulation.clock, fault?.kind === 'slow' ? fault.ms : simulation.latencies.call, context.signal);
  if (fault?.kind === 'broken') breakOff(peerOf(served, context));
  if (fault?.kind === 'refused') throw new ConnectError(fault.message, CODES[fault.code]);
  const call = callOn(invocation, machine);
  const refusal = checkAccess(call.view(), call.caller, name);
  if (refusal !== undefined) throw errorOf(refusal);
  return { call, fault };
}

async function afterEffect(call: Call, fault: CallFault | undefined, context: HandlerContext): Promise<void> {
  if (fault?.kind === 'reply-held' || fault?.kind === 'reply-lost')
    call.simulation.faults.announce({ machine: call.machine, method: call.name.method, fault });
  if (fault?.kind === 'reply-held') await call.simulation.faults.untilReleased(context.signal);
  if (fault?.kind === 'reply-lost') breakOff(peerOf(call.served, context));
}

function callOn({ served, context, name }: Invocation, machine: string): Call {
  const { simulation } = served;
  const view = (): RunningView => {
    const found = simulation.view(machine);
    if (
      !isRunningView(found) ||
      (found.run.api.kind === 'down' && found.run.stage === 'booting' && found.run.config === undefined)
    )
      throw unreachable('connection refused');
    return found;
  };
  return {
    served,
    simulation,
    machine,
    name,
    view,
    caller: callerOf(served, context),
    signal: context.signal,
    store: () => served.stores.of(view()),
    act: (transition) => simulation.act(machine, transition),
  };
}

/** Never answers; ends with the call. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new ConnectError('the caller went away', Code.Canceled));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Only another node may say for whom it calls (FINDINGS 3.4). */
function callerOf(served: Served, context: HandlerContext): Caller {
  const { caller } = peerOf(served, context);
  const asserted = context.requestHeader.get('talos-role');
  const mayAssert = caller.kind === 'certificate' && caller.roles.includes('os:impersonator');
  return mayAssert && asserted !== null ? { kind: 'certificate', roles: asserted.split(', ') } : caller;
}

function peerOf(served: Served, context: HandlerContext): Peer {
  return served.peer ?? context.values.get(PEER_KEY);
}

function breakOff(peer: Peer): never {
  peer.break();
  throw unreachable('error reading from server: EOF');
}

/** How a stream ends with the server that it was opened on. */
export function gracefulStop(): ConnectError {
  return new ConnectError(
    'closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR, debug data: "graceful_stop"',
    Code.Unavailable,
  );
}

export function unreachable(why: string): ConnectError {
  return new ConnectError(`connection error: desc = "transport: Error while dialing: ${why}"`, Code.Unavailable);
}

const CODES: Readonly<Record<RefusalCode, Code>> = {
  InvalidArgument: Code.InvalidArgument,
  FailedPrecondition: Code.FailedPrecondition,
  AlreadyExists: Code.AlreadyExists,
  NotFound: Code.NotFound,
  PermissionDenied: Code.PermissionDenied,
  Unimplemented: Code.Unimplemented,
  Unavailable: Code.Unavailable,
  Unknown: Code.Unknown,
  Internal: Code.Internal,
  ResourceExhausted: Code.ResourceExhausted,
};

export function errorOf(refusal: Refusal): ConnectError {
  return new ConnectError(refusal.message, CODES[refusal.code]);
}

type Targets =
  | { readonly kind: 'one'; readonly machine: string | undefined }
  | {
      readonly kind: 'many';
      readonly machines: readonly { readonly address: string; readonly machine: string | undefined }[];
    };

const FAN_OUT_SERVICES = [
  'machine.MachineService',
  'cluster.ClusterService',
  'inspect.InspectService',
  'storage.StorageService',
  'time.TimeService',
];

function routeOf(served: Served, context: HandlerContext, name: MethodName): Targets {
  const own = served.simulation.view(served.machine);
  if (own.run === undefined || own.run.api.kind === 'maintenance') return { kind: 'one', machine: served.machine };
  const nodes = context.requestHeader.get('nodes');
  const node = context.requestHeader.get('node');
  if (nodes !== null) {
    const addresses = nodes.split(', ');
    if (own.run.config?.facts.role === 'worker' && addresses.every((address) => isOwnAddress(served, address)))
      return { kind: 'one', machine: served.machine };
    if (!FAN_OUT_SERVICES.includes(name.service)) {
      const what =
        name.service === 'cosi.resource.State' && !loopbackIsInCertificate(own.run.version)
          ? 'COSI methods'
          : `method /${name.service}/${name.method}`;
      throw new ConnectError(`one-2-many proxying is not supported for ${what}`, Code.InvalidArgument);
    }
    return {
      kind: 'many',
      machines: addresses.map((address) => ({ address, machine: fanOutTarget(served, address) })),
    };
  }
  if (node === null) return { kind: 'one', machine: served.machine };
  if (node.includes(', ')) throw new ConnectError('node metadata must be single-valued', Code.InvalidArgument);
  if (node === '' || /^[^:]+:\d+$/.test(node)) throw new ConnectError(`invalid target "${node}"`, Code.Internal);
  if (node === '127.0.0.1' && !loopbackIsInCertificate(own.run.version)) {
    const addresses = own.network.addresses.map((address) => address.ip).join(', ');
    throw new ConnectError(
      `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate is valid for ${addresses}, not 127.0.0.1"`,
      Code.Unavailable,
    );
  }
  return { kind: 'one', machine: resolve(served, node) };
}

/** Up to 1.12 the certificate does not hold for 127.0.0.1, so that the hop to itself fails. */
function fanOutTarget(served: Served, address: string): string | undefined {
  const own = served.simulation.view(served.machine);
  const fails = address === '127.0.0.1' && own.run !== undefined && !loopbackIsInCertificate(own.run.version);
  return fails ? undefined : resolve(served, address);
}

function isOwnAddress(served: Served, address: string): boolean {
  const own = served.simulation.view(served.machine);
  return (
    address === '127.0.0.1' ||
    address === own.network.hostname ||
    own.network.addresses.some((candidate) => candidate.ip === address)
  );
}

/** Another node with a secured API of the same cluster; undefined when nothing there answers. */
function resolve(served: Served, address: string): string | undefined {
  if (isOwnAddress(served, address)) return served.machine;
  const own = served.simulation.view(served.machine);
  if (own.run?.config?.facts.role === 'worker') throw new ConnectError('no request forwarding', Code.PermissionDenied);
  return served.simulation
    .views()
    .find(
      (view) =>
        view.run?.api.kind === 'secure' &&
        view.run.config?.facts.clusterKey === own.run?.config?.facts.clusterKey &&
        (view.network.hostname === address || view.network.addresses.some((candidate) => candidate.ip === address)),
    )?.name;
}
