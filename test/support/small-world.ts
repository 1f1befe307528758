/**
 * A world of machines that is just large enough to judge planner and engine by: it lives behind the engine's own ports (`Observer`,
 * `NodeActions`), so that properties over thousands of faulty runs are cheap. The simulator behind the Talos API is the other one.
 * It counts how many etcd clusters are born: the one number that must never become two.
 */
import { IchorError } from '../../src/errors.ts';
import type { Cluster } from '../../src/spec/model.ts';
import type { Clock } from '../../src/system.ts';
import {
  read,
  unread,
  type EtcdObservation,
  type KubernetesNodeObservation,
  type KubernetesObservation,
  type NodeFacts,
  type NodeObservation,
  type Observation,
  type Reached,
} from '../../src/lifecycle/observation.ts';
import type { Observer } from '../../src/lifecycle/observer.ts';
import type { ActionOutcome, NodeActions } from '../../src/lifecycle/step-kind.ts';

export const SMALL_TIMES = {
  install: 40_000,
  boot: 10_000,
  etcdStart: 5_000,
  join: 2_000,
  promote: 15_000,
  api: 20_000,
  register: 8_000,
} as const;

export interface SmallMachine {
  readonly node: string;
  isOn: boolean;
  isSilent: boolean;
  /** When it took its config; undefined: in maintenance. */
  configuredAt: number | undefined;
  /** Which etcd it belongs to, since when. */
  etcd: { readonly cluster: number; readonly since: number } | undefined;
  configs: number;
}

/** What befalls one changing call: it does not arrive, its answer is lost, its answer never comes. */
export type CallTrouble = 'broken' | 'reply-lost' | 'reply-held';

export class SmallWorld implements Observer, NodeActions {
  readonly machines: Map<string, SmallMachine>;
  readonly calls: string[] = [];
  births: string[] = [];
  /** Asked before each changing call; `n` counts all of them from 1. */
  trouble: (call: string, n: number) => CallTrouble | undefined = () => undefined;
  /** Told around each changing call: where a test kills the run. */
  onCall: (moment: 'before' | 'during' | 'after', n: number) => void = () => undefined;
  readonly #cluster: Cluster;
  readonly #clock: Clock;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.machines = new Map(
      cluster.nodes.map((node) => [
        node.name,
        { node: node.name, isOn: true, isSilent: false, configuredAt: undefined, etcd: undefined, configs: 0 },
      ]),
    );
  }

  machine(name: string): SmallMachine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  }

  async observe(request: Parameters<Observer['observe']>[0], signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    this.#live();
    const kubernetes = this.#kubernetes();
    const nodes = request.nodes.map((name) => this.#observe(this.machine(name), kubernetes));
    return {
      v: 1,
      at: this.#clock.now(),
      nodes,
      kubernetes: kubernetes === undefined ? unread('the Kubernetes API does not answer') : read(kubernetes, 'world'),
    };
  }

  applyInMaintenance(node: string, signal: AbortSignal): Promise<ActionOutcome> {
    const machine = this.machine(node);
    return this.#call(`apply ${node}`, signal, () => {
      if (!this.#isReachable(machine)) throw new IchorError('unreachable', `${node} does not answer`);
      if (machine.configuredAt !== undefined) return { kind: 'retry', why: 'it has its config' };
      machine.configuredAt = this.#clock.now();
      machine.configs += 1;
      return { kind: 'accepted' };
    });
  }

  /** As Talos does it: OK as long as there is no data yet, whatever other nodes have. Judging that is the caller's business. */
  bootstrap(node: string, signal: AbortSignal): Promise<ActionOutcome> {
    const machine = this.machine(node);
    return this.#call(`bootstrap ${node}`, signal, () => {
      if (!this.#isReachable(machine)) throw new IchorError('unreachable', `${node} does not answer`);
      if (!this.#isBooted(machine)) return { kind: 'retry', why: 'bootstrap is not available yet' };
      if (machine.etcd !== undefined) return { kind: 'accepted' };
      this.births.push(node);
      machine.etcd = { cluster: this.births.length, since: this.#clock.now() };
      return { kind: 'accepted' };
    });
  }

  /** Voters of the first cluster, healthy ones: for invariants over time. */
  healthyVoters(): readonly string[] {
    return [...this.machines.values()]
      .filter((machine) => this.#isVoter(machine) && machine.isOn && !machine.isSilent)
      .map((machine) => machine.node);
  }

  /** What the world came to, for comparing runs. */
  summary(): readonly string[] {
    this.#live();
    return [...this.machines.values()].map(
      (machine) =>
        `${machine.node} ${machine.configuredAt === undefined ? 'maintenance' : 'configured'} etcd ${machine.etcd?.cluster ?? '-'} voter ${this.#isVoter(machine)}`,
    );
  }

  async #call(name: string, signal: AbortSignal, effect: () => ActionOutcome): Promise<ActionOutcome> {
    this.calls.push(name);
    const n = this.calls.length;
    this.onCall('before', n);
    signal.throwIfAborted();
    this.#live();
    const trouble = this.trouble(name, n);
    if (trouble === 'broken') throw new IchorError('unreachable', `${name}: the connection broke`);
    const outcome = effect();
    this.onCall('during', n);
    signal.throwIfAborted();
    if (trouble === 'reply-lost') throw new IchorError('unreachable', `${name}: the reply was lost`);
    if (trouble === 'reply-held') throw new IchorError('deadline', `${name}: no answer in time`);
    this.onCall('after', n);
    return outcome;
  }

  /** Control planes that can join an etcd do so by themselves, as Talos' do. */
  #live(): void {
    const now = this.#clock.now();
    const born = [...this.machines.values()].find(
      (machine) => machine.etcd !== undefined && now - machine.etcd.since >= SMALL_TIMES.etcdStart,
    );
    if (born?.etcd === undefined) return;
    for (const node of this.#cluster.nodes) {
      const machine = this.machine(node.name);
      if (node.role !== 'controlplane' || machine.etcd !== undefined || !this.#isBooted(machine) || !machine.isOn)
        continue;
      machine.etcd = { cluster: born.etcd.cluster, since: now + SMALL_TIMES.join };
    }
  }

  #isReachable(machine: SmallMachine): boolean {
    if (!machine.isOn || machine.isSilent) return false;
    return machine.configuredAt === undefined || this.#clock.now() - machine.configuredAt >= SMALL_TIMES.install;
  }

  #isBooted(machine: SmallMachine): boolean {
    return (
      machine.configuredAt !== undefined &&
      this.#clock.now() - machine.configuredAt >= SMALL_TIMES.install + SMALL_TIMES.boot
    );
  }

  #isVoter(machine: SmallMachine): boolean {
    if (machine.etcd === undefined) return false;
    const isFounder = this.births.includes(machine.node);
    return this.#clock.now() - machine.etcd.since >= (isFounder ? SMALL_TIMES.etcdStart : SMALL_TIMES.promote);
  }

  #reached(machine: SmallMachine): Reached {
    const address = `10.0.4.${101 + [...this.machines.keys()].indexOf(machine.node)}`;
    if (!this.#isReachable(machine))
      return {
        kind: 'unreachable',
        tried: [address],
        code: machine.isSilent ? 'deadline' : 'unreachable',
        why: 'no answer',
      };
    return { kind: machine.configuredAt === undefined ? 'maintenance' : 'secure', address };
  }

  #observe(machine: SmallMachine, kubernetes: KubernetesObservation | undefined): NodeObservation {
    const reached = this.#reached(machine);
    if (reached.kind === 'unreachable') return { node: machine.node, reached, facts: factsOf({}, reached.why) };
    const isConfigured = reached.kind === 'secure';
    const registered = kubernetes?.nodes.find((node) => node.name === machine.node) ?? null;
    const stage = !isConfigured ? 'maintenance' : this.#isBooted(machine) ? 'running' : 'booting';
    const facts = factsOf(
      {
        stage: read({ stage, ready: stage === 'maintenance' || registered?.ready === true, unmet: [] }, 'world'),
        systemDisk: read(isConfigured ? { devPath: '/dev/nvme0n1' } : null, 'world'),
        disks: read(
          [
            {
              name: 'nvme0n1',
              devPath: '/dev/nvme0n1',
              sizeBytes: 1e12,
              readonly: false,
              cdrom: false,
              transport: 'nvme',
              serial: 'S1',
              contents: [],
            },
          ],
          'world',
        ),
        etcd: this.#etcd(machine, isConfigured),
        config: isConfigured
          ? read({ digest: 'd', wantedDigest: 'd', differences: [] }, 'world')
          : unread('in maintenance'),
        kubernetesNode:
          kubernetes === undefined ? unread('the Kubernetes API does not answer') : read(registered, 'world'),
      },
      'not part of this world',
    );
    return { node: machine.node, reached, facts };
  }

  #etcd(machine: SmallMachine, isConfigured: boolean): NodeFacts['etcd'] {
    if (!isConfigured) return read({ kind: 'none', service: 'not started' }, 'world');
    if (!this.#isBooted(machine)) return unread('its etcd service has not been set up yet');
    if (machine.etcd === undefined) return read({ kind: 'none', service: 'Preparing' }, 'world');
    const isStarted =
      this.#clock.now() >= machine.etcd.since + (this.births.includes(machine.node) ? SMALL_TIMES.etcdStart : 0);
    if (!isStarted)
      return read({ kind: 'silent', service: 'Running', why: 'its etcd runs but does not answer' }, 'world');
    const cluster = machine.etcd.cluster;
    const members = [...this.machines.values()]
      .filter((other) => other.etcd?.cluster === cluster)
      .map((other) => ({ id: other.node, hostname: other.node, learner: !this.#isVoter(other), peerUrls: [] }));
    const self = members.find((member) => member.id === machine.node);
    if (self === undefined) return unread('a member without itself');
    return read(
      { kind: 'member', service: 'Running', healthy: true, self, members } satisfies EtcdObservation,
      'world',
    );
  }

  #kubernetes(): KubernetesObservation | undefined {
    const now = this.#clock.now();
    const server = [...this.machines.values()].find(
      (machine) =>
        this.#isVoter(machine) &&
        this.#isReachable(machine) &&
        machine.etcd !== undefined &&
        now - machine.etcd.since >= SMALL_TIMES.api,
    );
    if (server === undefined) return undefined;
    const waitsForCni = this.#cluster.network.cni.kind === 'none';
    const nodes = [...this.machines.values()].flatMap((machine): readonly KubernetesNodeObservation[] => {
      const isRegistered =
        machine.configuredAt !== undefined &&
        now - machine.configuredAt >= SMALL_TIMES.install + SMALL_TIMES.boot + SMALL_TIMES.register;
      if (!isRegistered) return [];
      const ready = !waitsForCni && machine.isOn;
      return [
        {
          name: machine.node,
          internalIps: [],
          kubelet: 'v1.36.3',
          ready,
          waitsForCni: waitsForCni && machine.isOn,
          schedulable: true,
          ...(ready ? {} : { why: 'cni plugin not initialized' }),
        },
      ];
    });
    return { version: 'v1.36.3', server: server.node, nodes };
  }
}

function factsOf(facts: Partial<NodeFacts>, why: string): NodeFacts {
  const missing = unread<never>(why);
  return {
    identity: missing,
    talos: missing,
    stage: missing,
    bootId: missing,
    schematic: missing,
    extensions: missing,
    disks: missing,
    links: missing,
    systemDisk: missing,
    config: missing,
    etcd: missing,
    services: missing,
    addresses: missing,
    kubernetesNode: missing,
    ...facts,
  };
}
