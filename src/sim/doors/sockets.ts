/**
 * The socket door: each simulated machine's Talos API as gRPC over TLS and its Kubernetes API over HTTPS, on loopback sockets that the world
 * file names, or on the machine's own addresses inside a network namespace.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { StoreShelf, StreamCount } from '../api/call.ts';
import { messageOf } from '../../errors.ts';
import { isRunningView, type RunningView } from '../machine/resources/resource.ts';
import type { MachineView } from '../machine/view.ts';
import type { Simulation } from '../simulation.ts';
import { socketKey, type SocketAddress } from '../../world.ts';
import { endpointOf, isApiServer, KUBERNETES_PORT, TALOS_PORT, talosAuthority } from './reach.ts';
import { kubernetesIdentity, maintenanceIdentity, secureIdentity } from './certificates.ts';
import { createKubernetesServer } from './kubernetes-server.ts';
import { createTalosServer } from './talos-server.ts';
import { createWorldFile, type WorldFile } from './world-file.ts';

export interface SocketsOptions {
  readonly simulation: Simulation;
  readonly speed: number;
  /** Where the world file is written; absent: none. */
  readonly worldFile?: string;
  /** Listen on the machines' own addresses and ports, which have to exist on this host: for a network namespace. */
  readonly bindRealAddresses?: boolean;
  /** Told about what the door itself could not do. */
  readonly onProblem?: (message: string) => void;
}

export interface SocketDoor {
  /** Resolves once every API that should listen at this moment does. */
  settled(): Promise<void>;
  sockets(): Readonly<Record<string, SocketAddress>>;
  close(): Promise<void>;
}

/** A TLS server that takes raw connections, of one generation of a machine's API. */
export interface Generation {
  take(socket: Socket): void;
  /** No new requests; open streams may end by themselves. */
  retire(): void;
  /** Everything that is still open is torn. */
  destroy(): void;
}

export function openSockets(options: SocketsOptions): SocketDoor {
  const door = new Door(options);
  return { settled: () => door.settled(), sockets: () => door.sockets(), close: () => door.close() };
}

class Door {
  readonly #options: SocketsOptions;
  readonly #stores = new StoreShelf();
  readonly #streams = new StreamCount();
  readonly #listeners = new Map<string, Listener>();
  readonly #world: WorldFile | undefined;
  readonly #unsubscribe: () => void;
  #work: Promise<void> = Promise.resolve();
  #isDirty = false;
  #isClosed = false;

  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#world = options.worldFile === undefined ? undefined : createWorldFile(options.worldFile, options.speed);
    this.#unsubscribe = options.simulation.onChange(() => this.#look());
    this.#look();
  }

  async settled(): Promise<void> {
    while (this.#isDirty) await this.#work;
    await this.#work;
  }

  sockets(): Readonly<Record<string, SocketAddress>> {
    const sockets: Record<string, SocketAddress> = {};
    for (const view of this.#options.simulation.views().filter(isRunningView)) {
      for (const [port, listener] of [
        [TALOS_PORT, this.#listeners.get(`${view.name}/talos`)],
        [KUBERNETES_PORT, this.#listeners.get(`${view.name}/kubernetes`)],
      ] as const) {
        const bound = listener?.address();
        if (bound === undefined) continue;
        for (const address of view.network.addresses) sockets[socketKey(address.ip, port)] = bound;
        const endpoint = endpointOf(view);
        const isElsewhere = endpoint !== undefined && endpoint.host !== view.run.config?.facts.network.vip?.ip;
        if (port === KUBERNETES_PORT && isElsewhere) sockets[socketKey(endpoint.host, endpoint.port)] ??= bound;
      }
    }
    return sockets;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    await this.settled();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
    this.#world?.remove();
  }

  #look(): void {
    if (this.#isDirty || this.#isClosed) return;
    this.#isDirty = true;
    this.#work = this.#work
      .then(async () => {
        this.#isDirty = false;
        await this.#adjust();
      })
      .catch((reason: unknown) => this.#options.onProblem?.(messageOf(reason)));
  }

  /** Brings the listeners in line with the machines. */
  async #adjust(): Promise<void> {
    await Promise.all(this.#options.simulation.views().map((view) => this.#adjustMachine(view)));
    this.#world?.write(this.sockets());
  }

  async #adjustMachine(view: MachineView): Promise<void> {
    await this.#adjustOne(`${view.name}/talos`, isRunningView(view) ? this.#talosWish(view) : undefined);
    await this.#adjustOne(
      `${view.name}/kubernetes`,
      isRunningView(view) && isApiServer(view) ? this.#kubernetesWish(view) : undefined,
    );
  }

  #talosWish(view: RunningView): Wish | undefined {
    const { run } = view;
    if (run.api.kind === 'down') {
      // While the secured API comes up, what is open over the old one goes on (FINDINGS 3.1).
      return {
        key: `${run.bootId}/down`,
        bootId: run.bootId,
        addresses: [],
        port: TALOS_PORT,
        keepsOpen: run.stage === 'booting' || run.stage === 'installing',
        isSilent: view.machine.isSilent,
      };
    }
    const now = new Date(Date.now() + view.machine.clockSkewMs);
    const key = JSON.stringify([
      run.bootId,
      run.api.kind,
      run.apiGeneration,
      view.network.addresses.map((address) => address.ip),
    ]);
    return {
      key,
      bootId: run.bootId,
      addresses: view.network.addresses.map((address) => address.ip),
      port: TALOS_PORT,
      keepsOpen: true,
      isSilent: view.machine.isSilent,
      make: async () => {
        const authority = talosAuthority(this.#options.simulation, view);
        const identity =
          run.api.kind === 'maintenance' || authority === undefined
            ? await maintenanceIdentity(view, now)
            : await secureIdentity(view, authority, now);
        return createTalosServer({
          served: {
            simulation: this.#options.simulation,
            machine: view.name,
            stores: this.#stores,
            streams: this.#streams,
          },
          identity,
          version: run.version,
        });
      },
    };
  }

  #kubernetesWish(view: RunningView): Wish {
    return {
      bootId: view.run.bootId,
      key: `${view.run.bootId}/${view.machine.hasWrongCertificate}/${view.network.addresses.map((address) => address.ip).join()}`,
      addresses: view.network.addresses.map((address) => address.ip),
      port: KUBERNETES_PORT,
      keepsOpen: false,
      isSilent: view.machine.isSilent,
      make: async () => {
        const identity = await kubernetesIdentity(view, new Date(Date.now() + view.machine.clockSkewMs));
        return identity === undefined
          ? undefined
          : createKubernetesServer({ simulation: this.#options.simulation, machine: view.name, identity });
      },
    };
  }

  async #adjustOne(id: string, wish: Wish | undefined): Promise<void> {
    const listener = this.#listeners.get(id);
    if (wish === undefined) {
      this.#listeners.delete(id);
      await listener?.close();
      return;
    }
    const current = listener ?? new Listener(this.#options.bindRealAddresses === true);
    this.#listeners.set(id, current);
    // Found as soon as it listens, however many others are still at it.
    if (await current.become(wish)) this.#world?.write(this.sockets());
  }
}

const LAST_WORDS_MS = 100;

interface Wish {
  readonly key: string;
  readonly bootId: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** Connections of the generation before may end by themselves. */
  readonly keepsOpen: boolean;
  readonly isSilent: boolean;
  /** Absent: nothing listens. */
  readonly make?: () => Promise<Generation | undefined>;
}

/** The raw sockets of one API of one machine, and the generation behind them. */
class Listener {
  readonly #isReal: boolean;
  #key = '';
  #generation: Generation | undefined;
  #former: Generation[] = [];
  #bootId = '';
  #servers: Server[] = [];
  #bound = '';
  #isSilent = false;
  readonly #mute = new Set<Socket>();

  constructor(isReal: boolean) {
    this.#isReal = isReal;
  }

  address(): SocketAddress | undefined {
    const [server] = this.#servers;
    const address = server?.address();
    return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : undefined;
  }

  /** Resolves to whether anything is different now. */
  async become(wish: Wish): Promise<boolean> {
    this.#isSilent = wish.isSilent;
    if (!wish.isSilent) for (const socket of this.#mute) socket.destroy();
    if (wish.key === this.#key) return false;
    this.#key = wish.key;
    const next = await wish.make?.();
    const previous = this.#generation;
    this.#generation = next;
    const isSameBoot = wish.bootId === this.#bootId;
    this.#bootId = wish.bootId;
    if (!isSameBoot || (next === undefined && !wish.keepsOpen)) this.#drop(previous);
    else if (previous === undefined) this.#drop(undefined);
    else {
      // A renewed certificate does not disturb what is open; a hand-over takes no new requests.
      if (next === undefined) previous.retire();
      this.#former.push(previous);
    }
    if (next === undefined) await this.#closeServers();
    else await this.#listen(wish);
    return true;
  }

  /** Tears what earlier generations have open, after a moment for replies that are on their way. */
  #drop(latest: Generation | undefined): void {
    const leaving = [...this.#former, ...(latest === undefined ? [] : [latest])];
    this.#former = [];
    latest?.retire();
    setTimeout(() => {
      for (const generation of leaving) generation.destroy();
    }, LAST_WORDS_MS).unref();
  }

  async close(): Promise<void> {
    this.#generation?.destroy();
    for (const generation of this.#former) generation.destroy();
    for (const socket of this.#mute) socket.destroy();
    await this.#closeServers();
  }

  async #listen(wish: Wish): Promise<void> {
    const wanted = this.#isReal ? wish.addresses.map((address) => `${address} ${wish.port}`).join() : 'loopback';
    if (wanted === this.#bound && this.#servers.length > 0) return;
    await this.#closeServers();
    const places = this.#isReal
      ? wish.addresses.map((host) => ({ host, port: wish.port }))
      : [{ host: '127.0.0.1', port: 0 }];
    this.#servers = await Promise.all(places.map(({ host, port }) => this.#open(host, port)));
    this.#bound = wanted;
  }

  async #open(host: string, port: number): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (this.#isSilent) {
        this.#mute.add(socket);
        socket.on('close', () => this.#mute.delete(socket));
        return;
      }
      if (this.#generation === undefined) socket.destroy();
      else this.#generation.take(socket);
    });
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  }

  async #closeServers(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    this.#bound = '';
    for (const server of servers) server.close();
  }
}
