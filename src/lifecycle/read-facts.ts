/**
 * All facts of one machine that was reached, side by side. A fact that cannot be read is no error: it is told apart from the others by
 * the reason why it was not.
 */
import { messageOf } from '../errors.ts';
import type { NodeSpec } from '../spec/model.ts';
import type { CallOptions, ServiceInfo } from '../talos-api/port.ts';
import type { Digest } from './digest.ts';
import { readConfig } from './facts/config.ts';
import { readDisks, readSystemDisk } from './facts/disks.ts';
import { readEtcd, readEtcdInMaintenance } from './facts/etcd.ts';
import { readAddresses, readLinks } from './facts/identity.ts';
import { readBootId, readExtensions, readStage, readTalosVersion } from './facts/machine.ts';
import { read, unread, type Fact, type FactName, type NodeFacts, type ServiceObservation } from './observation.ts';
import type { Door } from './reach.ts';

export const NOT_ASKED = 'not asked for';

export interface Reading {
  readonly node: NodeSpec;
  readonly door: Door & { readonly kind: 'open' };
  /** The rendered config; undefined when there is none to compare with. */
  readonly wantedConfig: string | undefined;
  readonly digest: Digest;
  readonly options: CallOptions;
  readonly wanted: readonly FactName[];
}

export async function readFacts(reading: Reading): Promise<NodeFacts> {
  const [machine, state] = await Promise.all([readMachine(reading), readState(reading)]);
  return { ...machine, ...state, kubernetesNode: unread(NOT_ASKED) };
}

/** Of a machine that was not reached. */
export function factsUnread(why: string): NodeFacts {
  const fact = unread<never>(why);
  return {
    identity: fact,
    talos: fact,
    stage: fact,
    bootId: fact,
    schematic: fact,
    extensions: fact,
    disks: fact,
    links: fact,
    systemDisk: fact,
    config: fact,
    etcd: fact,
    services: fact,
    addresses: fact,
    kubernetesNode: fact,
  };
}

type MachineFact = 'identity' | 'talos' | 'bootId' | 'schematic' | 'extensions' | 'disks' | 'links' | 'addresses';

/** What it is and what runs on it. */
async function readMachine(reading: Reading): Promise<Pick<NodeFacts, MachineFact>> {
  const { options } = reading;
  const { session, identity, reached } = reading.door;
  const images = once(() => readExtensions(session, options));
  const [identityFact, talos, bootId, schematic, extensions, disks, links, addresses] = await Promise.all([
    asked(reading, 'identity', async () => read(identity, 'LinkStatuses, SystemInformations')),
    asked(reading, 'talos', async () => read(await readTalosVersion(session, options), 'Version')),
    asked(reading, 'bootId', async () =>
      present(
        await readBootId(session, reached.kind === 'secure', options),
        'boot id',
        'in maintenance it is not told',
      ),
    ),
    asked(reading, 'schematic', async () =>
      present((await images()).schematic, 'ExtensionStatuses', 'its image was not made by an Image Factory'),
    ),
    asked(reading, 'extensions', async () => read((await images()).extensions, 'ExtensionStatuses')),
    asked(reading, 'disks', async () => read(await readDisks(session, options), 'Disks, DiscoveredVolumes')),
    asked(reading, 'links', async () => read(await readLinks(session, options), 'LinkStatuses')),
    asked(reading, 'addresses', async () => read(await readAddresses(session, options), 'NodeAddresses')),
  ]);
  return { identity: identityFact, talos, bootId, schematic, extensions, disks, links, addresses };
}

type StateFact = 'stage' | 'systemDisk' | 'config' | 'etcd' | 'services';

/** How far it has come. */
async function readState(reading: Reading): Promise<Pick<NodeFacts, StateFact>> {
  const { options, door } = reading;
  const list = once(() => door.session.serviceList(options));
  const [stage, systemDisk, config, etcd, services] = await Promise.all([
    asked(reading, 'stage', async () =>
      present(await readStage(door.session, door, options), 'MachineStatuses', 'the node has no status yet'),
    ),
    asked(reading, 'systemDisk', async () => read(await readSystemDisk(door.session, options), 'SystemDisks')),
    asked(reading, 'config', () => configFact(reading)),
    asked(reading, 'etcd', () => etcdFact(reading, list)),
    asked(reading, 'services', async () => read((await list()).map(serviceOf), 'ServiceList')),
  ]);
  return { stage, systemDisk, config, etcd, services };
}

async function asked<T>(reading: Reading, name: FactName, task: () => Promise<Fact<T>>): Promise<Fact<T>> {
  if (!reading.wanted.includes(name)) return unread(NOT_ASKED);
  try {
    return await task();
  } catch (reason) {
    return unread(messageOf(reason));
  }
}

async function configFact(reading: Reading): Promise<NodeFacts['config']> {
  const { door, wantedConfig, digest, options } = reading;
  if (door.reached.kind === 'maintenance') return unread('it is in maintenance and has no config');
  if (wantedConfig === undefined) return unread('its config was not rendered');
  const config = await readConfig(door.session, wantedConfig, digest, options);
  return present(config, 'MachineConfigs', 'it has no active config');
}

async function etcdFact(reading: Reading, services: () => Promise<readonly ServiceInfo[]>): Promise<NodeFacts['etcd']> {
  const { door, node, options } = reading;
  if (node.role !== 'controlplane') return unread('workers carry no etcd');
  if (door.reached.kind === 'maintenance') return readEtcdInMaintenance(door.session, options);
  return readEtcd(door.session, await services(), options);
}

function serviceOf(service: ServiceInfo): ServiceObservation {
  return {
    id: service.id,
    state: service.state,
    health: service.health,
    ...(service.message === '' ? {} : { message: service.message }),
  };
}

function present<T>(value: T | undefined, source: string, why: string): Fact<T> {
  return value === undefined ? unread(why) : read(value, source);
}

/** Two facts that come from one call make it once. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= call());
}
