/** One machine at one moment with everything around it that its answers depend on. */
import { memberOf, type EtcdMember } from '../cluster/etcd.ts';
import type { KubernetesNode } from '../cluster/kubernetes.ts';
import type { Latencies } from '../latencies.ts';
import { networkOf, type EffectiveNetwork } from './network.ts';
import type { Machine, Run } from './state.ts';
import type { ClusterState, World } from './turn.ts';

export interface MachineView {
  readonly name: string;
  readonly machine: Machine;
  readonly run?: Run;
  readonly cluster?: ClusterState;
  readonly network: EffectiveNetwork;
  readonly member?: EtcdMember;
  readonly node?: KubernetesNode;
  readonly world: World;
  readonly now: number;
  readonly latencies: Latencies;
}

export interface Moment {
  readonly world: World;
  readonly now: number;
  readonly latencies: Latencies;
}

export function viewOf(name: string, moment: Moment): MachineView | undefined {
  const { world, now, latencies } = moment;
  const machine = world.machines[name];
  if (machine === undefined) return undefined;
  const { run } = machine;
  const key = run?.config?.facts.clusterKey;
  const cluster = key === undefined ? undefined : world.clusters[key];
  const member = cluster === undefined ? undefined : memberOf(cluster.etcd, name);
  const plain = networkOf(machine, run?.config?.facts.network, world.seed);
  const vip = cluster?.kubernetes.vip;
  const vipLink = run?.config?.facts.network.vip?.link ?? plain.addresses[0]?.link ?? plain.links[0]?.name ?? 'eth0';
  const network =
    vip?.owner === name
      ? { ...plain, addresses: [...plain.addresses, { ip: vip.ip, prefix: 32, link: vipLink, source: 'vip' as const }] }
      : plain;
  const node = cluster?.kubernetes.nodes[network.hostname];
  return {
    name,
    machine,
    network,
    world,
    now,
    latencies,
    ...(run === undefined ? {} : { run }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(member === undefined ? {} : { member }),
    ...(node?.machine === name ? { node } : {}),
  };
}

/** The other machines of the same cluster that know each other through discovery, this one first. */
export function clusterViews(view: MachineView): readonly MachineView[] {
  const key = view.run?.config?.facts.clusterKey;
  const names = Object.keys(view.world.machines).filter(
    (name) => name !== view.name && view.world.machines[name]?.run?.config?.facts.clusterKey === key,
  );
  return [view, ...names.map((name) => viewOf(name, view)).filter((other) => other !== undefined)];
}
