/**
 * One turn of the simulated world: the machine whose turn it is, the time, and what the turn makes of the world. Transitions are
 * functions over a turn; the world that went in stays as it was.
 */
import { IchorError } from '../../errors.ts';
import type { EtcdCluster } from '../cluster/etcd.ts';
import type { KubernetesCluster } from '../cluster/kubernetes.ts';
import type { Latencies } from '../latencies.ts';
import { seededHex, seededUuid, type Seed } from '../seeded.ts';
import type { ConfigFacts } from './config.ts';
import type { Machine, Run, TalosEventData } from './state.ts';

/** What several machines share, by the id of the cluster that their configs name. */
export interface ClusterState {
  readonly id: string;
  readonly name: string;
  readonly etcd: EtcdCluster;
  readonly kubernetes: KubernetesCluster;
}

export interface World {
  readonly seed: Seed;
  readonly machines: Readonly<Record<string, Machine>>;
  readonly clusters: Readonly<Record<string, ClusterState>>;
}

export interface Turn {
  world: World;
  readonly name: string;
  readonly now: number;
  readonly latencies: Latencies;
  /** Reads a config; a simulation remembers those that it has read, since every boot reads the same one again. */
  readonly read: (text: string) => ConfigFacts;
  /** Streams that clients hold open over the maintenance API at this moment. */
  openStreams?: number;
}

/** How many events a node keeps (machined's ring buffer holds 1000). */
const EVENT_HISTORY = 1000;

export function machineOf(turn: Turn): Machine {
  const machine = turn.world.machines[turn.name];
  if (machine === undefined) throw new IchorError('internal', `no simulated machine is called ${turn.name}`);
  return machine;
}

/** The running system; transitions that need one are only reached while there is one. */
export function runOf(turn: Turn): Run {
  const { run } = machineOf(turn);
  if (run === undefined) throw new IchorError('internal', `the simulated machine ${turn.name} is not running`);
  return run;
}

export function updateMachine(turn: Turn, patch: Partial<Machine>): void {
  const machine = { ...machineOf(turn), ...patch };
  turn.world = { ...turn.world, machines: { ...turn.world.machines, [turn.name]: machine } };
}

export function updateRun(turn: Turn, patch: Partial<Run>): void {
  updateMachine(turn, { run: { ...runOf(turn), ...patch } });
}

export function endRun(turn: Turn): void {
  const { run: _, ...rest } = machineOf(turn);
  turn.world = { ...turn.world, machines: { ...turn.world.machines, [turn.name]: { ...rest, jobs: {} } } };
}

export function clusterOf(turn: Turn): ClusterState | undefined {
  const id = machineOf(turn).run?.config?.facts.clusterKey;
  return id === undefined ? undefined : turn.world.clusters[id];
}

export function updateCluster(turn: Turn, cluster: ClusterState): void {
  turn.world = { ...turn.world, clusters: { ...turn.world.clusters, [cluster.id]: cluster } };
}

/** Time as this machine's own clock shows it. */
export function machineNow(turn: Turn): number {
  return turn.now + machineOf(turn).clockSkewMs;
}

export function startJob(turn: Turn, job: string, ms: number): void {
  updateMachine(turn, { jobs: { ...machineOf(turn).jobs, [job]: turn.now + ms } });
}

export function hasJob(turn: Turn, job: string): boolean {
  return machineOf(turn).jobs[job] !== undefined;
}

export function endJob(turn: Turn, job: string): void {
  const { [job]: _, ...rest } = machineOf(turn).jobs;
  updateMachine(turn, { jobs: rest });
}

export function draw(turn: Turn, purpose: string): string {
  const machine = machineOf(turn);
  updateMachine(turn, { draws: machine.draws + 1 });
  return `${turn.name}/${purpose}/${machine.draws}`;
}

export function drawUuid(turn: Turn, purpose: string): string {
  return seededUuid(turn.world.seed, draw(turn, purpose));
}

export function drawHex(turn: Turn, purpose: string, bytes: number): string {
  return seededHex(turn.world.seed, draw(turn, purpose), bytes);
}

/** Event ids are ordered: Talos' are xids, whose last part counts up. */
export function emit(turn: Turn, data: TalosEventData, actor?: string): void {
  const run = runOf(turn);
  const last = run.events.at(-1);
  const count = last === undefined ? 0 : Number.parseInt(last.id.slice(-10), 36) + 1;
  const prefix = seededHex(turn.world.seed, `${turn.name}/events/${run.bootId}`, 5);
  const id = `${prefix}${count.toString(36).padStart(10, '0')}`;
  const event = { id, at: machineNow(turn), data, ...(actor === undefined ? {} : { actor }) };
  updateRun(turn, { events: [...run.events, event].slice(-EVENT_HISTORY) });
}
