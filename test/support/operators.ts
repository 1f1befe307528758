/**
 * An operator's cluster file on simulated machines, in one process and on a virtual clock, with what the tests of requirements look at:
 * what each machine says of itself over the Talos API, and its Node over the Kubernetes API. Another state of the file meets the same machines.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Transport } from '@connectrpc/connect';
import { parseAllDocuments } from 'yaml';
import { imageOf, renderAll } from '../../src/cli/cluster/render.ts';
import { createInProcessKubernetesConnector } from '../../src/kubernetes/in-process.ts';
import type { KubernetesNode } from '../../src/kubernetes/port.ts';
import { createDigest } from '../../src/lifecycle/digest.ts';
import type { RunEvent } from '../../src/lifecycle/event.ts';
import { createLifecycle, type Lifecycle } from '../../src/lifecycle/lifecycle.ts';
import type { RunResult } from '../../src/lifecycle/run.ts';
import { issueKubernetesClientCertificate, issueTalosClientCertificate } from '../../src/pki/issue.ts';
import { decodePair, decodePem, generateBundle } from '../../src/secrets/bundle.ts';
import type { MachineDefinition } from '../../src/sim/definition.ts';
import { createInProcessNetwork } from '../../src/sim/doors/in-process.ts';
import { machineAt } from '../../src/sim/doors/reach.ts';
import { machinesFor } from '../../src/sim/from-cluster.ts';
import type { Latencies } from '../../src/sim/latencies.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { loadCluster } from '../../src/spec/load.ts';
import { controlPlanes, type Cluster } from '../../src/spec/model.ts';
import { withSecrets, type FeatureSecret } from '../../src/spec/node-features.ts';
import { createMemoryJournal, createMemoryLocks } from '../../src/store/memory.ts';
import { systemRandom } from '../../src/system.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';
import { readBootedImage } from '../../src/talos-api/resources/extensions.ts';
import { readAll } from '../../src/talos-api/resources/kind.ts';
import { readActiveMachineConfig } from '../../src/talos-api/resources/machine-config.ts';
import { addressKind } from '../../src/talos-api/resources/network.ts';
import { volumeStatusKind } from '../../src/talos-api/resources/volumes.ts';
import type { TalosNodeSession } from '../../src/talos-api/port.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

export interface WorldOptions {
  /** Machines, clock and secrets of this one, instead of new ones. */
  readonly inside?: OperatorWorld;
  readonly secretOf?: (secret: FeatureSecret) => string;
  /** Changes the machines that are invented for the file. */
  readonly machine?: (definition: MachineDefinition) => MachineDefinition;
  readonly latencies?: Partial<Latencies>;
  readonly onEvent?: (event: RunEvent) => void;
}

export interface OperatorWorld {
  readonly cluster: Cluster;
  readonly simulation: Simulation;
  readonly clock: VirtualClock;
  readonly bundle: SecretsBundle;
  readonly events: readonly RunEvent[];
  /** The mode of every ApplyConfiguration that was sent, by the number of Talos' enumeration. */
  readonly applyModes: readonly unknown[];
  /** Ports that were dialled. */
  readonly ports: ReadonlySet<number>;
  apply(): Promise<RunResult>;
  plan(): ReturnType<Lifecycle['plan']>;
  /** Asks a configured node over its Talos API, at the address that it has now. */
  ask<T>(node: string, question: (session: TalosNodeSession) => Promise<T>): Promise<T>;
  kubernetesNodes(): Promise<readonly KubernetesNode[]>;
  /** Changing calls that the machines have had, `node Method count`. */
  changes(): readonly string[];
}

/** The text of an example and its path, as `loadCluster` wants it. */
export function example(name: string): { readonly text: string; readonly path: string } {
  const path = `${EXAMPLES}${name}/cluster.yaml`;
  return { text: readFileSync(path, 'utf8'), path };
}

export async function operatorWorld(
  file: string | { readonly text: string; readonly path?: string; readonly files?: Readonly<Record<string, string>> },
  options: WorldOptions = {},
): Promise<OperatorWorld> {
  const cluster = await loadFile(typeof file === 'string' ? { text: file } : file);
  const clock = options.inside?.clock ?? createVirtualClock();
  const now = new Date(clock.now());
  const bundle = options.inside?.bundle ?? (await makeBundle(cluster, now));
  const simulation = options.inside?.simulation ?? startMachines(cluster, clock, options);
  const ports = new Set<number>();
  const applyModes: unknown[] = [];
  const inner = createInProcessNetwork(simulation);
  const network: typeof inner = {
    ...inner,
    connect(host, port, caller) {
      ports.add(port);
      const met = inner.connect(host, port, caller);
      return met instanceof Error ? met : watched(met, applyModes);
    },
    get(request) {
      ports.add(request.port);
      return inner.get(request);
    },
  };
  const issue = { now, random: systemRandom, ttlMs: 24 * 3_600_000 };
  const talos = await issueTalosClientCertificate(decodePair(bundle.certs.os), { ...issue, roles: ['os:admin'] });
  const admin = await issueKubernetesClientCertificate(decodePair(bundle.certs.k8s), issue);
  const credentials = { caPem: decodePem(bundle.certs.os.crt), certPem: talos.crt, keyPem: talos.key };
  const kubernetesCredentials = { caPem: decodePem(bundle.certs.k8s.crt), certPem: admin.crt, keyPem: admin.key };
  const rendered = renderAll(cluster, {
    bundle,
    features: withSecrets(cluster, options.secretOf ?? (() => 'tskey-auth-sample')),
  });
  const connector = createInProcessConnector({ clock, network });
  const kubernetes = createInProcessKubernetesConnector(clock, network);
  const events: RunEvent[] = [];
  const using = async <T>(task: (opened: Lifecycle) => Promise<T>): Promise<T> => {
    const opened = createLifecycle({
      cluster,
      rendered,
      clock,
      connector,
      credentials,
      kubernetes,
      kubernetesCredentials,
      probe: { isOpen: async (host) => isListening(simulation, host) },
      digest: createDigest('operators'),
      parallel: 32,
      runId: 'operators',
      sink(event) {
        events.push(event);
        options.onEvent?.(event);
      },
      journal: createMemoryJournal(),
      locks: createMemoryLocks(),
      owner: { pid: 1, host: 'here', since: 0, command: 'ichor apply' },
    });
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
    bundle,
    events,
    ports,
    applyModes,
    apply: () => using((opened) => opened.apply({ command: 'ichor apply' }, new AbortController().signal)),
    plan: () => using((opened) => opened.plan({}, new AbortController().signal)),
    async ask(node, question) {
      const session = connector.secure({ node, host: addressOf(simulation, node), port: 50_000 }, credentials);
      try {
        return await clock.run(question(session));
      } finally {
        session.close();
      }
    },
    async kubernetesNodes() {
      const host = addressOf(simulation, controlPlanes(cluster)[0]?.name ?? '');
      const session = kubernetes.connect({ host, port: 6443 }, kubernetesCredentials);
      try {
        return await clock.run(session.nodes());
      } finally {
        session.close();
      }
    },
    changes: () =>
      [...simulation.faults.calls]
        .filter(([call]) => /ApplyConfiguration|Bootstrap|Reset|Reboot|Upgrade/.test(call))
        .map(([call, count]) => `${call} ${count}`)
        .toSorted(),
  };
}

/** The text of the config that the node runs, as it says itself. */
export async function activeText(world: OperatorWorld, node: string): Promise<string> {
  const config = await world.ask(node, (session) => readActiveMachineConfig(session));
  if (config === undefined) throw new Error(`${node} runs no config`);
  return config.text;
}

/** A document of the config that the node runs; without a kind, the one that has none. */
export async function activeDocument(
  world: OperatorWorld,
  node: string,
  kind?: string,
  name?: string,
): Promise<unknown> {
  const documents = parseAllDocuments(await activeText(world, node)).map((document): unknown => document.toJS());
  return documents.find(
    (document) => valueAt(document, 'kind') === kind && (name === undefined || valueAt(document, 'name') === name),
  );
}

export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined;
  return found;
}

/** Id of the schematic that the image which the node has booted was made of, as the node says. */
export function bootedSchematic(world: OperatorWorld, node: string): Promise<string | undefined> {
  return world.ask(node, async (session) => (await readBootedImage(session)).schematic?.id);
}

/** Addresses on the node's links, loopback left out. */
export async function addressesOn(world: OperatorWorld, node: string): Promise<readonly string[]> {
  const all = await world.ask(node, (session) => readAll(session, addressKind));
  return all.filter(({ linkName }) => linkName !== 'lo').map(({ address }) => address);
}

export function volumesOn(world: OperatorWorld, node: string) {
  return world.ask(node, (session) => readAll(session, volumeStatusKind));
}

function watched(transport: Transport, applyModes: unknown[]): Transport {
  return {
    unary(method, ...call) {
      if (method.name === 'ApplyConfiguration') applyModes.push(valueAt(call[3], 'mode'));
      return transport.unary(method, ...call);
    },
    stream: (...call) => transport.stream(...call),
  };
}

/** An RSA key takes seconds, and the kind of this key changes nothing here. */
function makeBundle(cluster: Cluster, now: Date): Promise<SecretsBundle> {
  return generateBundle({ talos: cluster.talos, now, random: systemRandom, serviceAccountKey: 'ecdsa-p256' });
}

async function loadFile(file: {
  readonly text: string;
  readonly path?: string;
  readonly files?: Readonly<Record<string, string>>;
}): Promise<Cluster> {
  const path = file.path ?? 'cluster.yaml';
  const { cluster, findings } = await loadCluster({
    path,
    readFile: (name) => (name === path ? file.text : file.files?.[name]),
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (cluster === undefined || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return cluster;
}

function startMachines(
  cluster: Cluster,
  clock: VirtualClock,
  { machine = (made) => made, latencies = {} }: WorldOptions,
): Simulation {
  const machines = machinesFor(cluster, { schematicOf: (node) => imageOf(cluster, node).schematicId }).map(machine);
  const simulation = createSimulation({ clock, seed: cluster.name, machines, latencies });
  for (const name of simulation.names) simulation.power(name, 'on');
  return simulation;
}

/** Where the machine is in truth; machines are called like their nodes. */
function addressOf(simulation: Simulation, node: string): string {
  const ip = simulation.view(node).network.addresses.find(({ source }) => source !== 'vip')?.ip;
  if (ip === undefined) throw new Error(`${node} has no address`);
  return ip;
}

function isListening(simulation: Simulation, host: string): boolean {
  const view = machineAt(simulation, host);
  return view !== undefined && !view.machine.isSilent && view.run.api.kind !== 'down';
}
