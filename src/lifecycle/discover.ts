/** What answers on the network on Talos' port, and which node of the spec each machine is: the list that `ichor discover` prints. */
import type { Cluster } from '../spec/model.ts';
import { TALOS_API_PORT, type TalosConnector, type TalosCredentials } from '../talos-api/port.ts';
import { readDisks } from './facts/disks.ts';
import { compareIdentity, readLinks } from './facts/identity.ts';
import { readTalosVersion } from './facts/machine.ts';
import { meet } from './meet.ts';
import type { MachineIdentity, ObservedDisk, ObservedLink } from './observation.ts';
import type { PortProbe } from './probe.ts';
import { scanSubnet } from './scan.ts';

export interface DiscoverRequest {
  readonly connector: TalosConnector;
  readonly credentials: TalosCredentials;
  readonly probe: PortProbe;
  /** IPv4, at most a /22. */
  readonly subnet: string;
  /** Further addresses to look at, such as those of other subnets. */
  readonly addresses?: readonly string[];
  /** To name the nodes that machines belong to. */
  readonly cluster?: Cluster;
}

export type DiscoveredMachine =
  | {
      readonly kind: 'maintenance' | 'secure';
      readonly address: string;
      readonly identity: MachineIdentity;
      /** Node of the spec with this identity. */
      readonly node?: string;
      readonly fingerprint?: string;
      /** Absent where the machine would not say. */
      readonly talos?: string;
      readonly disks: readonly ObservedDisk[];
      readonly links: readonly ObservedLink[];
    }
  /** It has a config of another cluster, or is no Talos machine at all. */
  | { readonly kind: 'foreign' | 'silent'; readonly address: string; readonly why: string };

export async function discover(request: DiscoverRequest, signal: AbortSignal): Promise<readonly DiscoveredMachine[]> {
  const found = await scanSubnet(request.probe, request.subnet, TALOS_API_PORT, signal);
  const addresses = [...new Set([...found, ...(request.addresses ?? [])])];
  return Promise.all(addresses.map((address) => examine(request, address, signal)));
}

async function examine(request: DiscoverRequest, address: string, signal: AbortSignal): Promise<DiscoveredMachine> {
  const { connector, credentials, cluster } = request;
  const meeting = await meet({ connector, credentials, name: address, address }, signal);
  if (meeting.kind === 'shut')
    return { kind: meeting.reached.kind === 'foreign' ? 'foreign' : 'silent', address, why: meeting.reached.why };
  const { session, mode, identity } = meeting;
  try {
    const options = { signal };
    const [talos, disks, links] = await Promise.all([
      readTalosVersion(session, options).catch(() => undefined),
      readDisks(session, options).catch((): readonly ObservedDisk[] => []),
      readLinks(session, options).catch((): readonly ObservedLink[] => []),
    ]);
    signal.throwIfAborted();
    const node = cluster?.nodes.find((candidate) => compareIdentity(candidate, identity).kind === 'same');
    const fingerprint = session.peerFingerprint();
    return {
      kind: mode,
      address,
      identity,
      disks,
      links,
      ...(node === undefined ? {} : { node: node.name }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(talos === undefined ? {} : { talos }),
    };
  } finally {
    session.close();
  }
}
