/**
 * Reads the world into an observation: all nodes side by side, each fact with its source or the reason why it could not be read. What
 * a machine does not say never becomes an error here.
 */
import type { KubernetesConnector, KubernetesCredentials } from '../kubernetes/port.ts';
import type { NodeSpec } from '../spec/model.ts';
import type { Digest } from './digest.ts';
import { KubernetesReader, kubernetesNodeOf } from './facts/kubernetes.ts';
import { createLimiter } from './limiter.ts';
import {
  unread,
  type Fact,
  type FactName,
  type KubernetesObservation,
  type NodeObservation,
  type Observation,
} from './observation.ts';
import type { Observer, ObserveRequest } from './observer.ts';
import type { WantedConfig } from './planner.ts';
import { Reach, type Door, type ReachParts } from './reach.ts';
import { factsUnread, NOT_ASKED, readFacts } from './read-facts.ts';

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
  'identity',
  'talos',
  'stage',
  'bootId',
  'schematic',
  'extensions',
  'disks',
  'links',
  'systemDisk',
  'config',
  'etcd',
  'services',
  'addresses',
  'kubernetesNode',
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
  const direct = await Promise.all(
    specs.map((node) => limiter.run(() => observeNode({ reader, spec: node, request, signal }))),
  );
  const nodes = await Promise.all(
    specs.map((spec, index) => observeAround({ reader, spec, request, signal }, direct[index])),
  );
  const kubernetes = request.kubernetes
    ? await observeKubernetes(reader, nodes, signal)
    : unread<KubernetesObservation>(NOT_ASKED);
  const withKubernetes = nodes.map((node, index) => {
    const spec = specs[index];
    if (spec === undefined || !request.facts.includes('kubernetesNode')) return node;
    return { ...node, facts: { ...node.facts, kubernetesNode: kubernetesNodeOf(spec, kubernetes) } };
  });
  return { v: 1, at: clock.now(), nodes: withKubernetes, kubernetes };
}

/** Through the control planes that run their config, at the addresses by which they were reached in this run. */
function observeKubernetes(
  reader: Reader,
  observed: readonly NodeObservation[],
  signal: AbortSignal,
): Promise<Fact<KubernetesObservation>> {
  const planes = reader.parts.cluster.nodes.filter((node) => node.role === 'controlplane');
  const addresses = planes.flatMap((node) => {
    const reached = observed.find((candidate) => candidate.node === node.name)?.reached;
    if (reached === undefined) return reader.reach.addressOf(node.name) ?? [];
    return reached.kind === 'secure' ? [reached.address] : [];
  });
  return reader.kubernetes.read(addresses, signal);
}

/** One node, once. */
interface Visit {
  readonly reader: Reader;
  readonly spec: NodeSpec;
  readonly request: ObserveRequest;
  readonly signal: AbortSignal;
}

async function observeNode(visit: Visit): Promise<NodeObservation> {
  const { reader, spec, request, signal } = visit;
  const door = await reader.reach.reach(spec.name, request.effort ?? 'quick', signal);
  if (door.kind === 'open') return readThrough(visit, door);
  return { node: spec.name, reached: door.reached, facts: factsUnread(door.reached.why) };
}

/** Whoever was not reached directly, tried through a control plane that was. */
async function observeAround(visit: Visit, seen: NodeObservation | undefined): Promise<NodeObservation> {
  if (seen === undefined) return observeNode(visit);
  if (seen.reached.kind !== 'unreachable' || visit.request.effort !== 'thorough') return seen;
  const door = await visit.reader.reach.reachThrough(visit.spec.name, visit.signal);
  return door?.kind === 'open' ? readThrough(visit, door) : seen;
}

async function readThrough(visit: Visit, door: Door & { readonly kind: 'open' }): Promise<NodeObservation> {
  const { reader, spec, request, signal } = visit;
  const { rendered, digest } = reader.parts;
  const wantedConfig = rendered.get(spec.name)?.config;
  const facts = await readFacts({ node: spec, door, wantedConfig, digest, options: { signal }, wanted: request.facts });
  signal.throwIfAborted();
  return { node: spec.name, reached: door.reached, facts };
}
