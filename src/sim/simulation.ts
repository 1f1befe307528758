/**
 * The simulated world in time: holds the state, lets machines act, finishes their work when its time comes, and tells listeners.
 * Doors (in-process, sockets) stand on it; the state itself is only ever replaced by pure transitions.
 */
import { IchorError } from '../errors.ts';
import type { Clock } from '../system.ts';
import type { MachineDefinition } from './definition.ts';
import { createFaultBook, type FaultBook, type FaultScript, type MachineFault } from './faults.ts';
import { applyMachineFault } from './machine/fault-effects.ts';
import { readConfig, type ConfigFacts } from './machine/config.ts';
import { finishJob } from './machine/jobs.ts';
import { powerOff, powerOn } from './machine/power.ts';
import { reconcile } from './machine/reconcile.ts';
import { newMachine } from './machine/state.ts';
import type { Turn, World } from './machine/turn.ts';
import { validateConfigText, type ConfigValidator, type Verdict } from './machine/validate.ts';
import { viewOf, type MachineView } from './machine/view.ts';
import { DEFAULT_LATENCIES, type Latencies } from './latencies.ts';

export interface SimulationOptions {
  readonly clock: Clock;
  /** The same seed and the same calls give the same world. */
  readonly seed: string;
  readonly machines: readonly MachineDefinition[];
  readonly latencies?: Partial<Latencies>;
  readonly faults?: FaultScript;
  /** How configs are judged; by default the simulator's own checks. */
  readonly validator?: ConfigValidator;
}

export interface Simulation {
  readonly clock: Clock;
  readonly latencies: Latencies;
  readonly validator: ConfigValidator;
  readonly faults: FaultBook;
  readonly names: readonly string[];
  world(): World;
  view(name: string): MachineView;
  views(): readonly MachineView[];
  power(name: string, state: 'on' | 'off'): void;
  /** Takes effect at once: what happens to a machine, as opposed to what happens to its calls (`faults`). */
  fault(name: string, fault: MachineFault): void;
  /** Installs a CNI from outside, as an operator or a GitOps tool does where the config has none. */
  installCni(clusterName?: string): void;
  /** One transition of one machine at this moment. */
  act<T>(name: string, transition: (turn: Turn) => T): T;
  /** Calls back after every change; returns the function that ends it. */
  onChange(listener: () => void): () => void;
  /** Resolves at the next change or when the signal aborts. */
  nextChange(signal: AbortSignal): Promise<void>;
  inspect(): readonly MachineSummary[];
  /** No timer of this world fires any more. */
  close(): void;
}

export interface MachineSummary {
  readonly name: string;
  readonly power: boolean;
  readonly stage: string;
  readonly ready: boolean;
  readonly addresses: readonly string[];
  readonly hostname: string;
  readonly talos?: string;
  readonly bootId?: string;
  readonly boots: number;
  readonly installedOn?: string;
  readonly schematic?: string;
  readonly etcd: string;
  readonly isVoter: boolean;
  readonly nodeReady: boolean;
  readonly ownsVip: boolean;
}

export function createSimulation(options: SimulationOptions): Simulation {
  const core = new SimulationCore(options);
  return core.simulation;
}

class SimulationCore {
  readonly simulation: Simulation;
  #world: World;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;
  readonly #clock: Clock;
  readonly #latencies: Latencies;
  readonly #listeners = new Set<() => void>();
  /** The last view of each machine: most of it stays as long as the machine and its cluster do. */
  readonly #views = new Map<string, MachineView>();
  readonly #read = rememberingReader();

  constructor(options: SimulationOptions) {
    const names = options.machines.map((definition) => definition.name);
    if (new Set(names).size !== names.length)
      throw new IchorError('invalid-input', 'two simulated machines have the same name');
    this.#clock = options.clock;
    this.#latencies = { ...DEFAULT_LATENCIES, ...options.latencies };
    this.#world = {
      seed: options.seed,
      machines: Object.fromEntries(options.machines.map((definition) => [definition.name, newMachine(definition)])),
      clusters: {},
    };
    this.simulation = {
      clock: options.clock,
      latencies: this.#latencies,
      validator: rememberingVerdicts(options.validator ?? validateConfigText),
      faults: createFaultBook(options.faults ?? []),
      names,
      world: () => this.#world,
      view: (name) => this.#view(name),
      views: () => names.map((name) => this.#view(name)),
      power: (name, state) => this.#act(name, state === 'on' ? powerOn : powerOff),
      fault: (name, fault) => this.#act(name, (turn) => applyMachineFault(turn, fault)),
      installCni: (clusterName) => this.#installCni(clusterName),
      act: (name, transition) => this.#act(name, transition),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      nextChange: (signal) => this.#nextChange(signal),
      inspect: () => names.map((name) => summaryOf(this.#view(name))),
      close: () => {
        this.#isClosed = true;
        this.#cancelTimer?.();
      },
    };
  }

  #view(name: string): MachineView {
    const moment = { world: this.#world, now: this.#now(), latencies: this.#latencies };
    const held = this.#views.get(name);
    const view = held !== undefined && isStillTrue(held, this.#world) ? { ...held, ...moment } : viewOf(name, moment);
    if (view === undefined) throw new IchorError('not-found', `no simulated machine is called ${name}`);
    this.#views.set(name, view);
    return view;
  }

  /** Whole milliseconds; a clock that runs fast gives fractions. */
  #now(): number {
    return Math.ceil(this.#clock.now());
  }

  #act<T>(name: string, transition: (turn: Turn) => T): T {
    const now = this.#now();
    this.#catchUp(now);
    const value = this.#transit(name, now, transition);
    this.#schedule();
    this.#tell();
    return value;
  }

  /** Runs a transition, then lets everyone whom it may concern look around until nothing changes any more. */
  #transit<T>(name: string, now: number, transition: (turn: Turn) => T): T {
    const turn: Turn = { world: this.#world, name, now, latencies: this.#latencies, read: this.#read };
    const value = transition(turn);
    const clustersBefore = this.#world.clusters;
    this.#world = turn.world;
    this.#lookAround(name, now);
    for (let round = 0; round < 8 && this.#world.clusters !== clustersBefore; round += 1) {
      const before = this.#world;
      for (const other of Object.keys(this.#world.machines))
        if (this.#world.machines[other]?.run !== undefined) this.#lookAround(other, now);
      if (before.clusters === this.#world.clusters) break;
    }
    return value;
  }

  #lookAround(name: string, now: number): void {
    if (this.#world.machines[name]?.run === undefined) return;
    const turn: Turn = { world: this.#world, name, now, latencies: this.#latencies, read: this.#read };
    reconcile(turn);
    this.#world = turn.world;
  }

  /** Finishes what was due, each at its own time, in order. */
  #catchUp(now: number): void {
    for (;;) {
      const due = nextJob(this.#world);
      if (due === undefined || due.at > now) return;
      this.#transit(due.machine, due.at, (turn) => finishJob(turn, due.job));
    }
  }

  #schedule(): void {
    this.#cancelTimer?.();
    const due = nextJob(this.#world);
    if (due === undefined || this.#isClosed) return;
    this.#cancelTimer = this.#clock.setTimer(Math.max(0, due.at - this.#clock.now()), () => {
      this.#catchUp(this.#now());
      this.#schedule();
      this.#tell();
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const end = (): void => {
        this.#listeners.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#listeners.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  #installCni(clusterName: string | undefined): void {
    for (const cluster of Object.values(this.#world.clusters)) {
      if (clusterName !== undefined && cluster.name !== clusterName) continue;
      const member = Object.values(this.#world.machines).find(
        (machine) => machine.run?.config?.facts.clusterKey === cluster.id,
      );
      if (member === undefined) continue;
      this.#act(member.definition.name, (turn) => {
        const kubernetes = { ...cluster.kubernetes, cniInstalledAt: turn.now };
        turn.world = { ...turn.world, clusters: { ...turn.world.clusters, [cluster.id]: { ...cluster, kubernetes } } };
      });
    }
  }
}

/** State is only ever replaced: the same object is the same state. */
function isStillTrue(view: MachineView, world: World): boolean {
  const machine = world.machines[view.name];
  const key = machine?.run?.config?.facts.clusterKey;
  return machine === view.machine && (key === undefined ? undefined : world.clusters[key]) === view.cluster;
}

/** A config is judged twice, at its dry run and when it is applied; its text, version and mode are all that counts. */
function rememberingVerdicts(validator: ConfigValidator): ConfigValidator {
  const verdicts = new Map<string, Verdict>();
  return (text, context) =>
    remembered(verdicts, `${context.version.text} ${context.mode}\n${text}`, () => validator(text, context));
}

/** Every boot of a machine reads its config anew. */
function rememberingReader(): (text: string) => ConfigFacts {
  const facts = new Map<string, ConfigFacts>();
  return (text) => remembered(facts, text, () => readConfig(text));
}

const KEPT = 256;

/** The latest are kept. */
function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make();
  known.delete(key);
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  return value;
}

interface DueJob {
  readonly machine: string;
  readonly job: string;
  readonly at: number;
}

/** The next work to be done, in an order that does not depend on how the state came about. */
function nextJob(world: World): DueJob | undefined {
  let first: DueJob | undefined;
  for (const [machine, { jobs }] of Object.entries(world.machines)) {
    for (const [job, at] of Object.entries(jobs)) {
      if (
        first === undefined ||
        at < first.at ||
        (at === first.at && `${machine}/${job}` < `${first.machine}/${first.job}`)
      )
        first = { machine, job, at };
    }
  }
  return first;
}

function summaryOf(view: MachineView): MachineSummary {
  const { machine, run, network } = view;
  const schematic = run?.image.schematic ?? machine.installation?.current.schematic;
  return {
    name: view.name,
    power: machine.power,
    stage: run?.stage ?? (machine.power ? 'firmware' : 'off'),
    ready: run?.ready ?? false,
    hostname: network.hostname,
    boots: machine.boots,
    addresses: run === undefined ? [] : network.addresses.map((address) => address.ip),
    etcd: run?.etcd ?? 'absent',
    isVoter: view.member !== undefined && !view.member.isLearner,
    nodeReady: view.node !== undefined && view.node.hasNetwork && view.node.isKubeletUp,
    ownsVip: view.cluster?.kubernetes.vip?.owner === view.name,
    ...(run === undefined ? {} : { talos: run.version.text, bootId: run.bootId }),
    ...(machine.installation === undefined ? {} : { installedOn: machine.installation.disk }),
    ...(schematic === undefined ? {} : { schematic }),
  };
}
