/**
 * Reads the world into an observation: all nodes side by side, each fact with its source or the reason why it could not be read. What
 * a machine does not say never becomes an error here.
 */
import { messageOf } from '../errors.ts';
import type { KubernetesConnector, KubernetesCredentials } from '../kubernetes/port.ts';
import type { NodeSpec } from '../spec/model.ts';
import type { CallOptions, ServiceInfo } from '../talos-api/port.ts';
import type { Digest } from './digest.ts';
import { readConfig } from './facts/config.ts';
import { readDisks, readSystemDisk } from './facts/disks.ts';
import { readEtcd, readEtcdInMaintenance } from './facts/etcd.ts';
import { readAddresses, readLinks } from './facts/identity.ts';
import { KubernetesReader, kubernetesNodeOf } from './facts/kubernetes.ts';
import { readBootId, readExtensions, readStage, readTalosVersion, type ExtensionFacts } from './facts/machine.ts';
import { createLimiter } from './limiter.ts';
import { read, unread, type Fact, type FactName, type KubernetesObservation, type NodeFacts, type NodeObservation, type Observation, type ServiceObservation } from './observation.ts';
import type { Observer, ObserveRequest } from './observer.ts';
import type { WantedConfig } from './planner.ts';
import { Reach, type Door, type ReachParts } from './reach.ts';

export interface ObserveParts extends ReachParts {
  readonly kubernetes: KubernetesConnector;
  readonly kubernetesCredentials: KubernetesCredentials;
  readonly rendered: ReadonlyMap<string, WantedConfig>;
  readonly digest: Digest;
  /** Nodes that are talked to at once. */
  readonly parallel: number;
}

/** Sessions are kept between observations; `close` ends them. */
export interface LiveObserver extends Observer {
  readonly reach: Reach;
  readonly kubernetes: KubernetesReader;
  close(): void;
}

/** Every fact: what a run begins and ends with. */
export const ALL_FACTS: readonly FactName[] = [
  'identity', 'talos', 'stage', 'bootId', 'schematic', 'extensions', 'disks', 'links', 'systemDisk', 'config', 'etcd', 'services', 'addresses', 'kubernetesNode',
];

export function createObserver(parts: ObserveParts): LiveObserver {
  const reach = new Reach(parts);
  const kubernetes = new KubernetesReader(parts.kubernetes, parts.kubernetesCredentials, parts.clock);
  const reader: Reader = { parts, reach, kubernetes };
  return {
    reach,
    kubernetes,
    observe: (request, signal) => observe(reader, request, signal),
    close() {
      reach.close();
      kubernetes.close();
    },
  };
}

interface Reader {
  readonly parts: ObserveParts;
  readonly reach: Reach;
  readonly kubernetes: KubernetesReader;
}

async function observe(reader: Reader, request: ObserveRequest, signal: AbortSignal): Promise<Observation> {
  const { cluster, clock, parallel } = reader.parts;
  const limiter = createLimiter(parallel);
  const specs = cluster.nodes.filter((node) => request.nodes.includes(node.name));
  const direct = await Promise.all(specs.map((node) => limiter.run(() => observeNode(reader, node, request, signal))));
  const nodes = await Promise.all(direct.map((seen, index) => observeAround({ reader, spec: specs[index], seen, request, signal })));
  const kubernetes = request.kubernetes ? await observeKubernetes(reader, nodes, signal) : unread<KubernetesObservation>(NOT_ASKED);
  const withKubernetes = nodes.map((node, index) => {
    const spec = specs[index];
    if (spec === undefined || !request.facts.includes('kubernetesNode')) return node;
    return { ...node, facts: { ...node.facts, kubernetesNode: kubernetesNodeOf(spec, kubernetes) } };
  });
  return { v: 1, at: clock.now(), nodes: withKubernetes, kubernetes };
}

const NOT_ASKED = 'not asked for';

/** Through the control planes that run their config, at the addresses by which they were reached in this run. */
function observeKubernetes(reader: Reader, observed: readonly NodeObservation[], signal: AbortSignal): Promise<Fact<KubernetesObservation>> {
  const planes = reader.parts.cluster.nodes.filter((node) => node.role === 'controlplane');
  const addresses = planes.flatMap((node) => {
    const reached = observed.find((candidate) => candidate.node === node.name)?.reached;
    if (reached === undefined) return reader.reach.addressOf(node.name) ?? [];
    return reached.kind === 'secure' ? [reached.address] : [];
  });
  return reader.kubernetes.read(addresses, signal);
}

async function observeNode(reader: Reader, node: NodeSpec, request: ObserveRequest, signal: AbortSignal): Promise<NodeObservation> {
  const door = await reader.reach.reach(node.name, request.effort ?? 'quick', signal);
  if (door.kind === 'shut') return { node: node.name, reached: door.reached, facts: factsUnread(door.reached.why) };
  const facts = await readFacts({ reader, node, door, options: { signal } }, request.facts);
  signal.throwIfAborted();
  return { node: node.name, reached: door.reached, facts };
}

interface Around {
  readonly reader: Reader;
  readonly spec: NodeSpec | undefined;
  readonly seen: NodeObservation;
  readonly request: ObserveRequest;
  readonly signal: AbortSignal;
}

/** Whoever was not reached directly, tried through a control plane that was. */
async function observeAround({ reader, spec, seen, request, signal }: Around): Promise<NodeObservation> {
  if (spec === undefined || seen.reached.kind !== 'unreachable' || request.effort !== 'thorough') return seen;
  const door = await reader.reach.reachThrough(spec.name, signal);
  if (door?.kind !== 'open') return seen;
  const facts = await readFacts({ reader, node: spec, door, options: { signal } }, request.facts);
  signal.throwIfAborted();
  return { node: spec.name, reached: door.reached, facts };
}

interface Reading {
  readonly reader: Reader;
  readonly node: NodeSpec;
  readonly door: Door & { readonly kind: 'open' };
  readonly options: CallOptions;
}

async function readFacts(reading: Reading, wanted: readonly FactName[]): Promise<NodeFacts> {
  const { session, identity, reached } = reading.door;
  const { options } = reading;
  const isSecure = reached.kind === 'secure';
  const asked = <T>(name: FactName, read: () => Promise<Fact<T>>): Promise<Fact<T>> => (wanted.includes(name) ? attempt(read) : Promise.resolve(unread(NOT_ASKED)));
  const services = once(() => session.serviceList(options));
  const extensions = once(() => readExtensions(session, options));
  const [talos, stage, bootId, schematic, extensionList, disks, links, systemDisk, config, etcd, serviceList, addresses] = await Promise.all([
    asked('talos', async () => read(await readTalosVersion(session, options), 'Version')),
    asked('stage', async () => present(await readStage(session, reading.door, options), 'MachineStatuses', 'the node has no status yet')),
    asked('bootId', async () => present(await readBootId(session, isSecure, options), 'boot id', 'a node in maintenance does not tell its boot id')),
    asked('schematic', async () => present((await extensions()).schematic, 'ExtensionStatuses', 'its image was not made by an Image Factory')),
    asked('extensions', async () => read((await extensions() satisfies ExtensionFacts).extensions, 'ExtensionStatuses')),
    asked('disks', async () => read(await readDisks(session, options), 'Disks, DiscoveredVolumes')),
    asked('links', async () => read(await readLinks(session, options), 'LinkStatuses')),
    asked('systemDisk', async () => read(await readSystemDisk(session, options), 'SystemDisks')),
    asked('config', () => configFact(reading)),
    asked('etcd', () => etcdFact(reading, services)),
    asked('services', async () => read((await services()).map(serviceOf), 'ServiceList')),
    asked('addresses', async () => read(await readAddresses(session, options), 'NodeAddresses')),
  ]);
  const identityFact = wanted.includes('identity') ? read(identity, 'LinkStatuses, SystemInformations') : unread<typeof identity>(NOT_ASKED);
  return { identity: identityFact, talos, stage, bootId, schematic, extensions: extensionList, disks, links, systemDisk, config, etcd, services: serviceList, addresses, kubernetesNode: unread(NOT_ASKED) };
}

async function configFact(reading: Reading): Promise<NodeFacts['config']> {
  const { door, node, reader, options } = reading;
  if (door.reached.kind === 'maintenance') return unread('it is in maintenance and has no config');
  const wanted = reader.parts.rendered.get(node.name)?.config;
  if (wanted === undefined) return unread('its config was not rendered');
  return present(await readConfig(door.session, wanted, reader.parts.digest, options), 'MachineConfigs', 'it has no active config');
}

async function etcdFact(reading: Reading, services: () => Promise<readonly ServiceInfo[]>): Promise<NodeFacts['etcd']> {
  const { door, node, options } = reading;
  if (node.role !== 'controlplane') return unread('workers carry no etcd');
  if (door.reached.kind === 'maintenance') return readEtcdInMaintenance(door.session, options);
  return readEtcd(door.session, await services(), options);
}

function serviceOf(service: ServiceInfo): ServiceObservation {
  return { id: service.id, state: service.state, health: service.health, ...(service.message === '' ? {} : { message: service.message }) };
}

function factsUnread(why: string): NodeFacts {
  const fact = unread<never>(why);
  return {
    identity: fact, talos: fact, stage: fact, bootId: fact, schematic: fact, extensions: fact, disks: fact, links: fact, systemDisk: fact,
    config: fact, etcd: fact, services: fact, addresses: fact, kubernetesNode: fact,
  };
}

async function attempt<T>(task: () => Promise<Fact<T>>): Promise<Fact<T>> {
  try {
    return await task();
  } catch (reason) {
    return unread(messageOf(reason));
  }
}

function present<T>(value: T | undefined, source: string, why: string): Fact<T> {
  return value === undefined ? unread(why) : read(value, source);
}

/** Two facts that come from one call make it once. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= call());
}
