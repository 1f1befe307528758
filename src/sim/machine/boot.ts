/**
 * From a config to running services: what happens when a complete config becomes active, the hand-over of port 50000, and the start of the
 * install or boot sequence (recording 05).
 */
import { handoverGraceMs, handoverMs, hasUnattendedInstall } from '../versions.ts';
import { NO_ETCD } from '../cluster/etcd.ts';
import { NO_KUBERNETES } from '../cluster/kubernetes.ts';
import type { ConfigFacts } from './config.ts';
import { networkOf } from './network.ts';
import { skipInstall, startInstall } from './install.ts';
import { ETCD_WAITS, setHealth, setService } from './services.ts';
import { refreshStatus, setStage } from './status.ts';
import { emit, machineOf, runOf, startJob, updateMachine, updateRun, type Turn } from './turn.ts';

/** Writes the config where the next boot finds it: to STATE when installed, else only into memory. */
export function storeConfig(turn: Turn, text: string): void {
  const { installation } = machineOf(turn);
  if (installation !== undefined) updateMachine(turn, { installation: { ...installation, config: text } });
  updateRun(turn, { stored: text });
}

export function activateConfig(turn: Turn, text: string): void {
  const facts = turn.read(text);
  const run = runOf(turn);
  const wasListening = run.api.kind !== 'down';
  updateRun(turn, {
    config: { text, facts },
    stored: machineOf(turn).installation?.config ?? run.stored ?? text,
    api: { kind: 'down' },
    apiGeneration: run.apiGeneration + 1,
  });
  ensureCluster(turn, facts);
  const network = networkOf(machineOf(turn), facts.network, turn.world.seed);
  emit(turn, {
    kind: 'address',
    hostname: network.hostname,
    addresses: network.addresses.map((address) => address.ip),
  });
  if (wasListening) emit(turn, { kind: 'task', task: 'runningMaintenance', action: 'stop' });
  emit(turn, { kind: 'task', task: 'loadConfig', action: 'stop' });
  emit(turn, { kind: 'phase', phase: 'config', action: 'stop' });
  emit(turn, { kind: 'sequence', sequence: 'initialize', action: 'stop' });
  const waitsForStreams = wasListening && (turn.openStreams ?? 0) > 0;
  startJob(
    turn,
    'secure-api',
    waitsForStreams ? handoverGraceMs(run.version) : wasListening ? handoverMs(run.version) : turn.latencies.secureApi,
  );
  setStage(turn, 'booting');
  if (machineOf(turn).installation === undefined) {
    if (startInstall(turn)) return;
  } else {
    skipInstall(turn);
  }
  startBootSequence(turn);
}

/** The last stream over the maintenance API is closed: nothing keeps the secured one waiting any more. */
export function hastenHandover(turn: Turn): void {
  const { run, jobs } = machineOf(turn);
  const due = jobs['secure-api'];
  if (run === undefined || due === undefined || run.api.kind !== 'down') return;
  const soonest = turn.now + handoverMs(run.version);
  if (due > soonest) startJob(turn, 'secure-api', handoverMs(run.version));
}

/** The API answers with the certificate of the config's own authority. A worker has to fetch it from a control plane's trustd first. */
export function secureApi(turn: Turn): void {
  const { config, apiGeneration } = runOf(turn);
  if (config === undefined) return;
  if (config.facts.role === 'worker' && !hasTrustd(turn, config.facts)) {
    startJob(turn, 'secure-api', 1_000);
    return;
  }
  updateRun(turn, { api: { kind: 'secure' }, apiGeneration: apiGeneration + 1 });
  if (runOf(turn).services['apid']?.state !== 'Running')
    setService(turn, 'apid', 'Running', 'Started task apid (PID 60) for container apid');
  setHealth(turn, 'apid', { healthy: true });
  refreshStatus(turn);
}

function hasTrustd(turn: Turn, facts: ConfigFacts): boolean {
  return Object.values(turn.world.machines).some(
    (machine) =>
      machine.run?.config?.facts.clusterKey === facts.clusterKey &&
      machine.run.config.facts.role === 'controlplane' &&
      machine.run.services['trustd']?.state === 'Running',
  );
}

const BOOT_PHASES: readonly (readonly [string, readonly string[]])[] = [
  ['memorySizeCheck', ['memorySizeCheck']],
  ['diskSizeCheck', ['diskSizeCheck']],
  ['env', ['setUserEnvVars', 'waitForCARoots']],
  ['dbus', ['startDBus']],
  ['ephemeral', ['mountEphemeralPartition']],
  ['userSetup', ['writeUserFiles']],
];

export function startBootSequence(turn: Turn): void {
  const { config, version } = runOf(turn);
  if (config === undefined) return;
  updateRun(turn, { sequence: { name: 'boot', options: {} } });
  emit(turn, { kind: 'sequence', sequence: 'boot', action: 'start' });
  for (const [phase, tasks] of BOOT_PHASES) {
    emit(turn, { kind: 'phase', phase, action: 'start' });
    for (const task of tasks) {
      emit(turn, { kind: 'task', task, action: 'start' });
      emit(turn, { kind: 'task', task, action: 'stop' });
    }
    emit(turn, { kind: 'phase', phase, action: 'stop' });
  }
  const isInstalled = machineOf(turn).installation !== undefined;
  const isContainer = machineOf(turn).definition.platform === 'container';
  if (!isInstalled && !isContainer && hasUnattendedInstall(version)) return;
  emit(turn, { kind: 'phase', phase: 'startEverything', action: 'start' });
  emit(turn, { kind: 'task', task: 'startAllServices', action: 'start' });
  startServices(turn, config.facts);
}

function startServices(turn: Turn, facts: ConfigFacts): void {
  const waits: readonly (readonly [string, string])[] = [
    [
      'kubelet',
      'Waiting for volumes /var/lib, /var/lib/kubelet to be mounted, service "cri" to be "up", time sync, network',
    ],
    ['cri', 'Waiting for volumes /var/lib, /var/lib/containerd to be mounted, network'],
    ...(facts.role === 'worker'
      ? []
      : ([
          ['trustd', 'Waiting for service "containerd" to be "up", time sync, network'],
          ['etcd', ETCD_WAITS],
        ] as const)),
  ];
  for (const [id, message] of waits) {
    setService(turn, id, 'Starting', 'Starting service');
    setService(turn, id, 'Waiting', message);
  }
  if (facts.role !== 'worker') {
    updateRun(turn, { etcd: 'absent' });
    startJob(turn, 'trustd', turn.latencies.trustd);
  }
  for (const name of facts.extensionServices)
    setService(turn, `ext-${name}`, 'Waiting', 'Waiting for service "cri" to be "up", network');
  startJob(turn, 'cri', turn.latencies.cri);
}

function ensureCluster(turn: Turn, facts: ConfigFacts): void {
  if (turn.world.clusters[facts.clusterKey] !== undefined) return;
  const cluster = { id: facts.clusterKey, name: facts.clusterName, etcd: NO_ETCD, kubernetes: NO_KUBERNETES };
  turn.world = { ...turn.world, clusters: { ...turn.world.clusters, [cluster.id]: cluster } };
}
