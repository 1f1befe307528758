/** What the Kubernetes API says of the nodes, asked at the control planes' own addresses in turn, never at the VIP (S2-54). */
import { messageOf } from '../../errors.ts';
import { wantedIp, type NodeSpec } from '../../spec/model.ts';
import {
  KUBERNETES_API_PORT,
  isTrue,
  type KubernetesConnector,
  type KubernetesCredentials,
  type KubernetesNode,
  type KubernetesSession,
} from '../../kubernetes/port.ts';
import type { Clock } from '../../system.ts';
import { read, unread, type Fact, type KubernetesNodeObservation, type KubernetesObservation } from '../observation.ts';

const FRESH_MS = 300;

/** Keeps one session per control plane address, and asks the one first that answered last. */
export class KubernetesReader {
  readonly #connector: KubernetesConnector;
  readonly #credentials: KubernetesCredentials;
  readonly #sessions = new Map<string, KubernetesSession>();
  readonly #clock: Clock;
  #preferred: string | undefined;
  #latest:
    | { readonly key: string; readonly at: number; readonly answer: Promise<Fact<KubernetesObservation>> }
    | undefined;

  constructor(connector: KubernetesConnector, credentials: KubernetesCredentials, clock: Clock) {
    this.#connector = connector;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** All Nodes come in one answer, so that a hundred waiting steps that look at the same moment ask once. */
  read(addresses: readonly string[], signal: AbortSignal): Promise<Fact<KubernetesObservation>> {
    const key = addresses.join(' ');
    const now = this.#clock.now();
    if (this.#latest === undefined || this.#latest.key !== key || now - this.#latest.at >= FRESH_MS) {
      this.#latest = { key, at: now, answer: this.#readAnew(addresses, signal) };
    }
    return this.#latest.answer;
  }

  async #readAnew(addresses: readonly string[], signal: AbortSignal): Promise<Fact<KubernetesObservation>> {
    const problems: string[] = [];
    const order = addresses.toSorted(
      (left, right) => Number(right === this.#preferred) - Number(left === this.#preferred),
    );
    for (const address of order) {
      try {
        const value = await this.#ask(address, signal);
        this.#preferred = address;
        return read(value, `Kubernetes API at ${address}`);
      } catch (reason) {
        signal.throwIfAborted();
        problems.push(messageOf(reason));
      }
    }
    return unread(problems[0] ?? 'no control plane runs its config yet');
  }

  /** For health checks: the session that answered last. */
  session(): KubernetesSession | undefined {
    return this.#preferred === undefined ? undefined : this.#sessions.get(this.#preferred);
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  async #ask(address: string, signal: AbortSignal): Promise<KubernetesObservation> {
    const session =
      this.#sessions.get(address) ??
      this.#connector.connect({ host: address, port: KUBERNETES_API_PORT }, this.#credentials);
    this.#sessions.set(address, session);
    const [version, nodes] = await Promise.all([session.version({ signal }), session.nodes({ signal })]);
    return { version, server: address, nodes: nodes.map(observationOf) };
  }
}

/** By name, since Talos registers a Node by its hostname; by address for a cluster whose hostnames differ from the spec. */
export function kubernetesNodeOf(
  spec: NodeSpec,
  observed: Fact<KubernetesObservation>,
): Fact<KubernetesNodeObservation | null> {
  if (observed.kind === 'unread') return observed;
  const ip = wantedIp(spec);
  const nodes = observed.value.nodes;
  const node =
    nodes.find((candidate) => candidate.name === spec.name) ??
    nodes.find((candidate) => ip !== undefined && candidate.internalIps.includes(ip));
  return read(node ?? null, observed.source);
}

function observationOf(node: KubernetesNode): KubernetesNodeObservation {
  const ready = isTrue(node.conditions, 'Ready');
  const condition = node.conditions.find((candidate) => candidate.type === 'Ready');
  const why = condition === undefined ? 'it has no Ready condition yet' : condition.message || condition.reason;
  return {
    name: node.name,
    internalIps: node.internalIps,
    kubelet: node.kubeletVersion,
    ready,
    ...(ready ? {} : { why }),
    // `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:…cni plugin not initialized`
    waitsForCni:
      !ready &&
      /NetworkPluginNotReady|cni plugin not initialized|cni config uninitialized/i.test(condition?.message ?? ''),
    schedulable: !node.unschedulable,
  };
}
