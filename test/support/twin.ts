/** A whole lifecycle over the simulator's in-process door and a virtual clock: the code that runs against real nodes, without sockets. */
import {
  kubernetesCredentials,
  makeCluster,
  makeConfig,
  makeMachine,
  talosCredentials,
  type TestCluster,
} from '../contract/sim-support.ts';
import { createInProcessKubernetesConnector } from '../../src/kubernetes/in-process.ts';
import { createDigest } from '../../src/lifecycle/digest.ts';
import type { RunEvent } from '../../src/lifecycle/event.ts';
import { createLifecycle, type Lifecycle } from '../../src/lifecycle/lifecycle.ts';
import type { RunResult } from '../../src/lifecycle/run.ts';
import { createInProcessNetwork, type InProcessNetwork } from '../../src/sim/doors/in-process.ts';
import { machineAt } from '../../src/sim/doors/reach.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { Cluster, NodeSpec } from '../../src/spec/model.ts';
import { createMemoryJournal, createMemoryLocks } from '../../src/store/memory.ts';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';
import { smallCluster } from './small-cluster.ts';

export interface TwinOptions {
  readonly controlPlanes: number;
  readonly workers?: number;
  readonly talos?: string;
  readonly cni?: 'flannel' | 'none';
  /** Node specs are changed by this last. */
  readonly nodes?: Readonly<Record<string, Partial<NodeSpec>>>;
  readonly confirmed?: readonly string[];
  readonly at?: Readonly<Record<string, string>>;
  readonly seed?: string;
  /** Uses the machines and the clock of another twin instead of new ones. */
  readonly inside?: Twin;
  /** Addresses that cannot be reached from here, though they can from the other machines. */
  readonly cutOff?: readonly string[];
  /** Changes the rendered configs. */
  readonly edit?: (config: string) => string;
}

export interface Twin {
  readonly cluster: Cluster;
  readonly simulation: Simulation;
  readonly clock: VirtualClock;
  readonly events: RunEvent[];
  /** Everything that the run gave out, as text. */
  readonly output: () => string;
  readonly secrets: TestCluster;
  /** Simulated machine of a node. */
  machineOf(node: string): string;
  apply(signal?: AbortSignal): Promise<RunResult>;
  status(): ReturnType<Lifecycle['status']>;
  plan(): ReturnType<Lifecycle['plan']>;
  /** How many etcd clusters were ever born. */
  births(): number;
  /** Told of every address that is called. */
  onDial(listener: (host: string) => void): void;
}

/** Authorities are costly to make and change nothing: one set serves all twins of a test file. */
export function makeTwinSecrets(): Promise<TestCluster> {
  return makeCluster('https://10.0.4.100:6443', new Date(createVirtualClock().now()));
}

export async function createTwin(secrets: TestCluster, options: TwinOptions): Promise<Twin> {
  const talos = options.talos ?? 'v1.13.9';
  const clock = options.inside?.clock ?? createVirtualClock();
  const cluster = twinCluster(options, talos);
  const simulation = options.inside?.simulation ?? startMachines(clock, cluster, options, talos);
  const dialListeners: ((host: string) => void)[] = [];
  const network = listenedTo(createInProcessNetwork(simulation), (host) => {
    for (const listener of dialListeners) listener(host);
    return options.cutOff?.includes(host) !== true;
  });
  const events: RunEvent[] = [];
  const now = new Date(clock.now());
  const credentials = await talosCredentials(secrets, ['os:admin'], now);
  const kubernetes = await kubernetesCredentials(secrets, now);
  const rendered = new Map(
    cluster.nodes.map((node, index) => [
      node.name,
      { config: (options.edit ?? String)(configOf(secrets, node, options, index + 1)) },
    ]),
  );
  let runs = 0;
  const lifecycle = (): Lifecycle => {
    runs += 1;
    return createLifecycle({
      cluster,
      rendered,
      clock,
      credentials,
      connector: createInProcessConnector({ clock, network }),
      kubernetes: createInProcessKubernetesConnector(clock, network),
      kubernetesCredentials: kubernetes,
      probe: { isOpen: async (host) => isListening(simulation, host) },
      digest: createDigest('twin'),
      parallel: 16,
      runId: `run-${runs}`,
      sink: (event) => events.push(event),
      journal: createMemoryJournal(),
      locks: createMemoryLocks(),
      owner: { pid: 1, host: 'here', since: 0, command: 'ichor apply' },
      confirmed: new Set(options.confirmed ?? []),
      at: new Map(Object.entries(options.at ?? {})),
    });
  };
  const using = async <T>(task: (opened: Lifecycle) => Promise<T>): Promise<T> => {
    const opened = lifecycle();
    try {
      return await clock.run(task(opened));
    } finally {
      await opened.close();
    }
  };
  return {
    cluster,
    simulation,
    clock,
    events,
    secrets,
    output: () => JSON.stringify(events),
    machineOf: (node) => `m${cluster.nodes.findIndex((spec) => spec.name === node) + 1}`,
    apply: (signal = new AbortController().signal) =>
      using((opened) => opened.apply({ command: 'ichor apply' }, signal)),
    status: () => using((opened) => opened.status(new AbortController().signal)),
    plan: () => using((opened) => opened.plan({}, new AbortController().signal)),
    onDial: (listener) => dialListeners.push(listener),
    births: () => Object.values(simulation.world().clusters).reduce((sum, { etcd }) => sum + etcd.generation, 0),
  };
}

function startMachines(clock: VirtualClock, cluster: Cluster, options: TwinOptions, talos: string): Simulation {
  const machines = cluster.nodes.map((_, index) => makeMachine(index + 1, { talos }));
  const simulation = createSimulation({ clock, seed: options.seed ?? 'twin', machines });
  for (const name of simulation.names) simulation.power(name, 'on');
  return simulation;
}

function listenedTo(network: InProcessNetwork, mayDial: (host: string) => boolean): InProcessNetwork {
  return {
    ...network,
    connect(host, port, caller) {
      if (mayDial(host)) return network.connect(host, port, caller);
      return Object.assign(new Error(`connect EHOSTUNREACH ${host}`), { code: 'EHOSTUNREACH' });
    },
    get(request) {
      mayDial(request.host);
      return network.get(request);
    },
  };
}

/** Machines start on leases of 10.0.4.151 and up, and have the addresses of the spec only once they run their config. */
function twinCluster(options: TwinOptions, talos: string): Cluster {
  const cluster = smallCluster({
    controlPlanes: options.controlPlanes,
    workers: options.workers ?? 0,
    ...(options.cni === undefined ? {} : { cni: options.cni }),
  });
  const nodes = cluster.nodes.map((node, index) => ({
    ...node,
    talos,
    address: { kind: 'static' as const, ip: `10.0.4.${101 + index}`, prefix: 24 },
    identity: { macs: [`00:23:24:00:00:${String(index + 1).padStart(2, '0')}`] },
    install: { disk: { serial: `S6Z${index + 1}` }, wipe: false },
    ...options.nodes?.[node.name],
  }));
  return { ...cluster, talos, nodes };
}

function configOf(secrets: TestCluster, node: NodeSpec, options: TwinOptions, index: number): string {
  const address = node.address.kind === 'static' ? { address: node.address.ip } : {};
  const talos = options.talos === undefined ? {} : { talos: options.talos };
  const cni = options.cni === undefined ? {} : { cni: options.cni };
  const vip = node.role === 'controlplane' ? { vip: '10.0.4.100' } : {};
  return makeConfig(secrets, {
    role: node.role,
    hostname: node.name,
    mac: `00:23:24:00:00:${String(index).padStart(2, '0')}`,
    ...address,
    ...talos,
    ...cni,
    ...vip,
  });
}

function isListening(simulation: Simulation, host: string): boolean {
  const view = machineAt(simulation, host);
  return view !== undefined && !view.machine.isSilent && view.run.api.kind !== 'down';
}
