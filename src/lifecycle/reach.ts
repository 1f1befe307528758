/**
 * Finds the machine behind a node of the spec and keeps the session to it: where it answered before in this run, where `--at` says,
 * its wanted address, then what a search of the subnet found (design §2). A machine is followed by what it is, not by its address.
 */
import { IchorError } from '../errors.ts';
import { controlPlanes, wantedIp, type Cluster, type NodeSpec } from '../spec/model.ts';
import type { Clock } from '../system.ts';
import {
  TALOS_API_PORT,
  type TalosConnector,
  type TalosCredentials,
  type TalosNodeSession,
} from '../talos-api/port.ts';
import type { Resource } from '../talos-api/resource.ts';
import { compareIdentity, type IdentityVerdict } from './facts/identity.ts';
import { MACHINE_STATUS } from './facts/talos-types.ts';
import { FIRST_ANSWER_MS, meet, meetThrough, type Meeting, type Shut } from './meet.ts';
import type { MachineIdentity, Reached } from './observation.ts';
import type { PortProbe } from './probe.ts';
import { isScannable, scanSubnet, searchRange } from './scan.ts';

export interface ReachParts {
  readonly cluster: Cluster;
  readonly connector: TalosConnector;
  readonly credentials: TalosCredentials;
  readonly clock: Clock;
  readonly probe: PortProbe;
  /** `--at NODE=IP` */
  readonly at?: ReadonlyMap<string, string>;
  /** Pinned keys of machines in maintenance, as their consoles show them. */
  readonly fingerprints?: ReadonlyMap<string, string>;
}

/** An open way to a machine, or why there is none. */
export type Door = OpenDoor | { readonly kind: 'shut'; readonly reached: Shut };

export interface OpenDoor {
  readonly kind: 'open';
  readonly reached: Reached & { readonly kind: 'maintenance' | 'secure' };
  readonly session: TalosNodeSession;
  readonly identity: MachineIdentity;
  readonly talos: string | undefined;
  readonly status: Resource | undefined;
}

/** `thorough` waits for a search of the subnet; `quick` uses what the last one found and starts another in the background. */
export type Effort = 'quick' | 'thorough';

const SCAN_PAUSE_MS = 500;
/** A search rests this many times as long as it took: where it is slow, it is also a burden to the network. */
const SCAN_REST_FACTOR = 4;
/** A machine that reboots is not searched for: most often it comes back where it was. */
const LOST_AFTER_MS = 20_000;

interface Kept {
  readonly mode: 'maintenance' | 'secure';
  readonly address: string;
  /** The control plane that forwards the calls. */
  readonly via?: string;
  readonly session: TalosNodeSession;
  readonly identity: MachineIdentity;
  readonly talos: string | undefined;
}

/** A search of the subnet: who was met where, and what each machine is. Sessions of machines that are not of the spec are closed again. */
interface Census {
  readonly result: Promise<readonly Sighting[]>;
  /** When the next one may begin; never while this one goes on. */
  nextAt: number;
  /** Of the last search that ended. */
  known: readonly Sighting[];
}

interface Sighting {
  readonly address: string;
  readonly identity: MachineIdentity;
}

export class Reach {
  readonly #parts: ReachParts;
  readonly #kept = new Map<string, Kept>();
  readonly #lastAddress = new Map<string, string>();
  readonly #lostSince = new Map<string, number>();
  #census: Census | undefined;
  #isClosed = false;

  constructor(parts: ReachParts) {
    this.#parts = parts;
  }

  async reach(name: string, effort: Effort, signal: AbortSignal): Promise<Door> {
    const node = this.#node(name);
    const kept = this.#kept.get(name);
    // A way round is only kept until there is time to look for the straight one.
    if (kept?.via !== undefined && effort === 'thorough') this.release(name);
    else if (kept) {
      const door = await this.#knock(kept, signal);
      if (door) return door;
      this.release(name);
    }
    const doors = await this.#tryAll(node, this.#candidates(node), signal);
    const best = bestOf(doors);
    if (best?.kind === 'open') return best;
    const elsewhere = await this.#search(node, effort, signal);
    return (
      bestOf([...doors, ...elsewhere]) ??
      shut({
        kind: 'unreachable',
        tried: [],
        code: 'not-found',
        why: 'its address is not known and no machine with its identity was found',
      })
    );
  }

  /**
   * The way round: through a control plane that is reached directly. Only for nodes that have their config; a machine in maintenance
   * cannot be reached so (design §5).
   */
  async reachThrough(name: string, signal: AbortSignal): Promise<Door | undefined> {
    const node = this.#node(name);
    const helper = this.#helperFor(name);
    const address = this.#lastAddress.get(name) ?? wantedIp(node);
    if (helper === undefined || address === undefined) return undefined;
    const { connector, credentials } = this.#parts;
    const via = { node: helper.node, host: helper.address, port: TALOS_API_PORT };
    const meeting = await meetThrough({ connector, credentials, name, address }, via, signal);
    if (meeting.kind === 'shut') return undefined;
    if (this.#judge(node, 'secure', address, meeting.identity).kind === 'other') {
      meeting.session.close();
      return undefined;
    }
    const kept: Kept = { ...meeting, via: helper.node };
    this.#kept.set(name, kept);
    return this.#open(kept, meeting.status);
  }

  /** Where the node answered last in this run. */
  addressOf(name: string): string | undefined {
    return this.#lastAddress.get(name);
  }

  /** The session in use is closed; the next `reach` dials anew. Needed before an apply takes effect (FINDINGS 3.1). */
  release(name: string): void {
    this.#kept.get(name)?.session.close();
    this.#kept.delete(name);
  }

  close(): void {
    this.#isClosed = true;
    for (const name of this.#kept.keys()) this.release(name);
  }

  #mayAdopt(name: string): boolean {
    const isKnown = this.#lastAddress.has(name) || this.#kept.has(name);
    return !this.#isClosed && !isKnown && this.#parts.fingerprints?.has(name) !== true;
  }

  #helperFor(name: string): { readonly node: string; readonly address: string } | undefined {
    for (const plane of controlPlanes(this.#parts.cluster)) {
      const kept = this.#kept.get(plane.name);
      if (plane.name !== name && kept?.mode === 'secure' && kept.via === undefined)
        return { node: plane.name, address: kept.address };
    }
    return undefined;
  }

  #node(name: string): NodeSpec {
    const node = this.#parts.cluster.nodes.find((candidate) => candidate.name === name);
    if (node) return node;
    throw new IchorError('not-found', `the spec has no node ${name}`);
  }

  #candidates(node: NodeSpec): readonly string[] {
    const all = [this.#lastAddress.get(node.name), this.#parts.at?.get(node.name), wantedIp(node)];
    return [...new Set(all.filter((address) => address !== undefined))];
  }

  /** One cheap call over the session that is open already. */
  async #knock(kept: Kept, signal: AbortSignal): Promise<Door | undefined> {
    try {
      const status = await kept.session.getResource(MACHINE_STATUS, { signal, timeoutMs: FIRST_ANSWER_MS });
      return this.#open(kept, status);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  async #tryAll(node: NodeSpec, addresses: readonly string[], signal: AbortSignal): Promise<readonly Door[]> {
    const doors = await Promise.all(addresses.map((address) => this.#tryAddress(node, address, signal)));
    const best = bestOf(doors);
    for (const door of doors) {
      if (door.kind === 'open' && door !== best) door.session.close();
    }
    if (best?.kind === 'open') this.#keep(node.name, best);
    return doors;
  }

  #keep(name: string, door: OpenDoor): void {
    const { reached, session, identity, talos } = door;
    // A search that ended meanwhile may have brought one.
    if (this.#kept.get(name)?.session !== session) this.release(name);
    this.#kept.set(name, { mode: reached.kind, address: reached.address, session, identity, talos });
    this.#lastAddress.set(name, reached.address);
    this.#lostSince.delete(name);
  }

  /**
   * The machines of the spec that a search met are kept as they are: a hundred need not be met twice. Only those that this run reaches
   * for the first time: a session of before an apply may outlive the switch and go on showing maintenance (FINDINGS 3.2). And only
   * where nothing but the identity decides, and no pinned key was to be checked first.
   */
  #adopt(meetings: readonly Meeting[]): void {
    for (const meeting of meetings) {
      if (meeting.kind === 'shut') continue;
      const node = this.#parts.cluster.nodes.find((spec) => compareIdentity(spec, meeting.identity).kind === 'same');
      if (node !== undefined && this.#mayAdopt(node.name)) this.#keep(node.name, this.#open(meeting, meeting.status));
      else meeting.session.close();
    }
  }

  async #tryAddress(node: NodeSpec, address: string, signal: AbortSignal): Promise<Door> {
    const meeting = await this.#meet(node.name, address, signal);
    if (meeting.kind === 'shut') return meeting;
    const verdict = this.#judge(node, meeting.mode, address, meeting.identity);
    if (verdict.kind !== 'other') return this.#open(meeting, meeting.status);
    meeting.session.close();
    return shut({ kind: 'mistaken', address, why: verdict.why });
  }

  #meet(name: string, address: string, signal: AbortSignal): Promise<Meeting> {
    const { connector, credentials, fingerprints } = this.#parts;
    const fingerprint = fingerprints?.get(name);
    return meet(
      { connector, credentials, name, address, ...(fingerprint === undefined ? {} : { fingerprint }) },
      signal,
    );
  }

  /** A config carries the cluster's keys: in maintenance a machine must be known, not only be where it is looked for. */
  #judge(node: NodeSpec, mode: 'maintenance' | 'secure', address: string, identity: MachineIdentity): IdentityVerdict {
    const verdict = compareIdentity(node, identity);
    if (
      verdict.kind !== 'unknown' ||
      mode === 'secure' ||
      address === wantedIp(node) ||
      this.#parts.fingerprints?.has(node.name)
    )
      return verdict;
    return {
      kind: 'other',
      why: `the spec names no MAC, UUID or serial number for ${node.name}, so that nothing tells this machine from another`,
    };
  }

  #open(kept: Kept, status: Resource | undefined): OpenDoor {
    const { address, session, identity, talos } = kept;
    const fingerprint = session.peerFingerprint();
    const reached =
      kept.mode === 'secure'
        ? { kind: kept.mode, address, ...(kept.via === undefined ? {} : { via: kept.via }) }
        : { kind: kept.mode, address, ...(fingerprint === undefined ? {} : { fingerprint }) };
    return { kind: 'open', reached, session, identity, talos, status };
  }

  async #search(node: NodeSpec, effort: Effort, signal: AbortSignal): Promise<readonly Door[]> {
    const sightings = await this.#sightings(node.name, effort, signal);
    const adopted = this.#kept.get(node.name);
    if (adopted !== undefined) {
      const door = await this.#knock(adopted, signal);
      if (door !== undefined) return [door];
      this.release(node.name);
    }
    const tried = new Set(this.#candidates(node));
    const fitting = sightings.filter(
      (sighting) => !tried.has(sighting.address) && compareIdentity(node, sighting.identity).kind === 'same',
    );
    return this.#tryAll(
      node,
      fitting.map((sighting) => sighting.address),
      signal,
    );
  }

  async #sightings(name: string, effort: Effort, signal: AbortSignal): Promise<readonly Sighting[]> {
    const { clock, cluster } = this.#parts;
    const subnet = searchRange(
      cluster.network.subnet,
      cluster.nodes.flatMap((node) => wantedIp(node) ?? []),
    );
    if (!isScannable(subnet)) return [];
    if (effort === 'quick' && this.#mayComeBack(name)) return this.#census?.known ?? [];
    if (this.#census === undefined || clock.now() >= this.#census.nextAt) this.#startCensus(subnet, signal);
    return effort === 'thorough' ? (this.#census?.result ?? []) : (this.#census?.known ?? []);
  }

  /** Whether the machine answered in this run and has not been away for long. */
  #mayComeBack(name: string): boolean {
    if (!this.#lastAddress.has(name)) return false;
    const now = this.#parts.clock.now();
    const lostSince = this.#lostSince.get(name) ?? now;
    this.#lostSince.set(name, lostSince);
    return now - lostSince < LOST_AFTER_MS;
  }

  #startCensus(subnet: string, signal: AbortSignal): void {
    const { clock } = this.#parts;
    const startedAt = clock.now();
    const result = this.#takeCensus(subnet, signal);
    const census: Census = { result, nextAt: Number.POSITIVE_INFINITY, known: this.#census?.known ?? [] };
    this.#census = census;
    result.then(
      (sightings) => {
        census.known = sightings;
        census.nextAt = clock.now() + Math.max(SCAN_PAUSE_MS, SCAN_REST_FACTOR * (clock.now() - startedAt));
      },
      // Only a stop ends it, and whoever was stopped knows.
      () => undefined,
    );
  }

  async #takeCensus(subnet: string, signal: AbortSignal): Promise<readonly Sighting[]> {
    const addresses = await scanSubnet(this.#parts.probe, subnet, TALOS_API_PORT, signal);
    const meetings = await Promise.all(addresses.map((address) => this.#meet(address, address, signal)));
    // A machine with two addresses is kept by that at which it is furthest.
    this.#adopt(meetings.toSorted((left, right) => Number(isSecure(right)) - Number(isSecure(left))));
    return meetings.flatMap((meeting) =>
      meeting.kind === 'shut' ? [] : [{ address: meeting.address, identity: meeting.identity }],
    );
  }
}

function isSecure(meeting: Meeting): boolean {
  return meeting.kind === 'met' && meeting.mode === 'secure';
}

/** The most useful of several doors; the others among the same rank keep their order. */
function bestOf(doors: readonly Door[]): Door | undefined {
  const rank = (door: Door): number =>
    ['secure', 'maintenance', 'mistaken', 'foreign', 'unreachable'].indexOf(door.reached.kind);
  return doors.toSorted((left, right) => rank(left) - rank(right))[0];
}

function shut(reached: Shut): Door {
  return { kind: 'shut', reached };
}
