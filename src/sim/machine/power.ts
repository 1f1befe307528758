/** Power, firmware, kernel: everything before machined has read a config, and the end of a run. */
import type { BootImage } from '../definition.ts';
import { maintenanceStartMs, parseTalosVersion } from '../versions.ts';
import { setApiServer, updateNode } from '../cluster/kubernetes.ts';
import { memberOf, updateMember } from '../cluster/etcd.ts';
import { activateConfig } from './boot.ts';
import { presentDisks } from './disk-selector.ts';
import { startBaseService } from './services.ts';
import type { Machine } from './state.ts';
import { refreshStatus } from './status.ts';
import {
  clusterOf,
  drawUuid,
  emit,
  endRun,
  machineOf,
  startJob,
  updateCluster,
  updateMachine,
  updateRun,
  type Turn,
} from './turn.ts';

export function powerOn(turn: Turn): void {
  if (machineOf(turn).power) return;
  updateMachine(turn, { power: true });
  startJob(turn, 'kernel', turn.latencies.firmware + turn.latencies.kernel);
}

/** As by pulling the plug: nothing is told to anybody. */
export function powerOff(turn: Turn): void {
  goDown(turn);
  updateMachine(turn, { power: false, jobs: {} });
}

/** The run ends and another begins: through the firmware, or at once by kexec. */
export function restartMachine(turn: Turn, isKexec: boolean): void {
  goDown(turn);
  startJob(turn, 'kernel', (isKexec ? 0 : turn.latencies.firmware) + turn.latencies.kernel);
}

/** What the others notice when a machine is gone. */
function goDown(turn: Turn): void {
  withdraw(turn);
  if (machineOf(turn).run !== undefined) endRun(turn);
}

/** etcd, API server and kubelet of this machine no longer answer. */
export function withdraw(turn: Turn): void {
  const cluster = clusterOf(turn);
  if (cluster === undefined) return;
  const member = memberOf(cluster.etcd, turn.name);
  const etcd = member === undefined ? cluster.etcd : updateMember(cluster.etcd, member.id, { isUp: false });
  let kubernetes = setApiServer(cluster.kubernetes, turn.name, undefined);
  const node = Object.values(kubernetes.nodes).find((candidate) => candidate.machine === turn.name);
  if (node?.isKubeletUp === true)
    kubernetes = updateNode(kubernetes, node.name, { isKubeletUp: false, heardAt: turn.now });
  if (kubernetes.vip?.owner === turn.name)
    kubernetes = { ...kubernetes, vip: { ip: kubernetes.vip.ip, freeAt: turn.now + turn.latencies.vipLease } };
  updateCluster(turn, { ...cluster, etcd, kubernetes });
}

/** machined starts: from the disk if something can be booted there, else from the medium. */
export function bootKernel(turn: Turn): void {
  const { nextLease } = machineOf(turn);
  if (nextLease !== undefined) {
    updateMachine(turn, {
      leases: machineOf(turn).leases.map((lease) => (lease.kind === 'dhcp' ? { ...lease, ip: nextLease } : lease)),
    });
  }
  const machine = machineOf(turn);
  const choice = bootChoice(machine);
  if (choice === undefined) return;
  const version = parseTalosVersion(choice.image.talos);
  updateMachine(turn, { boots: machine.boots + 1 });
  const bootId = drawUuid(turn, 'boot');
  updateMachine(turn, {
    run: {
      bootId,
      startedAt: turn.now,
      source: choice.source,
      image: choice.image,
      version,
      api: { kind: 'down' },
      apiGeneration: 0,
      stage: 'booting',
      unmet: [],
      ready: false,
      services: {},
      events: [],
      etcd: 'absent',
      etcdDirectory: machine.installation?.etcd !== undefined,
      kubelet: 'down',
      staticPods: {},
      cordoned: false,
      isBootstrapping: false,
      hadVip: false,
      sequence: { name: 'initialize', options: {} },
    },
  });
  emit(turn, { kind: 'sequence', sequence: 'initialize', action: 'start' });
  emit(turn, { kind: 'phase', phase: 'machined', action: 'start' });
  emit(turn, { kind: 'phase', phase: 'machined', action: 'stop' });
  emit(turn, { kind: 'phase', phase: 'config', action: 'start' });
  for (const id of ['machined', 'containerd', 'udevd', 'syslogd', 'auditd', 'dashboard']) startBaseService(turn, id);
  const config = machine.installation?.config;
  if (config !== undefined && turn.read(config).isComplete) {
    startJob(turn, 'load-config', turn.latencies.loadConfig);
  } else {
    startJob(turn, 'maintenance', maintenanceStartMs(version) + turn.latencies.dhcp);
  }
  refreshStatus(turn);
}

/** The stored config is found on the STATE partition. */
export function loadStoredConfig(turn: Turn): void {
  const config = machineOf(turn).installation?.config;
  if (config === undefined) return;
  activateConfig(turn, config);
}

export function enterMaintenance(turn: Turn): void {
  updateRun(turn, { stage: 'maintenance', api: { kind: 'maintenance' }, apiGeneration: 1 });
  startBaseService(turn, 'apid');
  emit(turn, { kind: 'task', task: 'runningMaintenance', action: 'start' });
  refreshStatus(turn);
}

function bootChoice(machine: Machine): { readonly source: 'disk' | 'media'; readonly image: BootImage } | undefined {
  const { installation, definition } = machine;
  for (const source of definition.bootOrder) {
    if (source === 'media' && definition.media !== undefined) return { source, image: definition.media };
    const isPresent =
      installation !== undefined && presentDisks(machine).some((disk) => disk.name === installation.disk);
    if (source === 'disk' && installation !== undefined && isPresent) return { source, image: installation.current };
  }
  return undefined;
}
