/** What happens when work that was under way on a machine is done: one entry per job name. */
import { setHealth, setService } from './services.ts';
import { secureApi } from './boot.ts';
import { revertTrial } from './apply.ts';
import { etcdDirectoryMade, etcdHealthy, etcdImagePulled, etcdStarted, joinEtcd, promoteLearner } from './etcd.ts';
import { finishInstall } from './install.ts';
import { bootKernel, enterMaintenance, loadStoredConfig, restartMachine } from './power.ts';
import { claimVip, keepImage, nodeNetworkReady, nodeRegistered, staticPodStarted } from './reconcile.ts';
import { abortReset, finishSequence } from './sequences.ts';
import { endJob, machineOf, runOf, startJob, updateRun, type Turn } from './turn.ts';

/** Ends the job and carries out what it was for. */
export function finishJob(turn: Turn, job: string): void {
  endJob(turn, job);
  const action = ACTIONS[job];
  if (action === undefined) return;
  if (job === 'kernel' || machineOf(turn).run !== undefined) action(turn);
}

const ACTIONS: Readonly<Record<string, (turn: Turn) => void>> = {
  kernel: bootKernel,
  maintenance: enterMaintenance,
  'load-config': loadStoredConfig,
  'secure-api': secureApi,
  install: finishInstall,
  kexec: (turn) => restartMachine(turn, true),
  'panic-reboot': (turn) => restartMachine(turn, false),
  'api-gone': (turn) => updateRun(turn, { api: { kind: 'down' }, apiGeneration: runOf(turn).apiGeneration + 1 }),
  'sequence-end': finishSequence,
  'leave-failed': abortReset,
  'end-trial': revertTrial,
  trustd: (turn) => {
    setService(turn, 'trustd', 'Running', 'Started task trustd (PID 144) for container trustd');
    setHealth(turn, 'trustd', { healthy: true });
  },
  cri: (turn) => {
    setService(turn, 'cri', 'Running', 'Process Process(["/bin/containerd"]) started with PID 85');
    setHealth(turn, 'cri', { healthy: true });
  },
  'kubelet-pull': (turn) => {
    keepImage(turn, runOf(turn).config?.facts.images.kubelet ?? 'kubelet');
    setService(turn, 'kubelet', 'Running', 'Started task kubelet (PID 201) for container kubelet');
    updateRun(turn, { kubelet: 'running' });
    startJob(turn, 'kubelet', turn.latencies.kubelet);
  },
  kubelet: (turn) => {
    updateRun(turn, { kubelet: 'healthy' });
    setHealth(turn, 'kubelet', { healthy: true });
  },
  'etcd-pull': (turn) => {
    keepImage(turn, runOf(turn).config?.facts.images.etcd ?? 'etcd');
    etcdImagePulled(turn);
  },
  'etcd-directory': etcdDirectoryMade,
  'etcd-start': etcdStarted,
  'etcd-health': etcdHealthy,
  'etcd-join': joinEtcd,
  'etcd-promote': promoteLearner,
  'kube-apiserver': (turn) => staticPodStarted(turn, 'kube-apiserver'),
  'kube-controller-manager': (turn) => staticPodStarted(turn, 'kube-controller-manager'),
  'kube-scheduler': (turn) => staticPodStarted(turn, 'kube-scheduler'),
  'vip-claim': claimVip,
  'node-register': nodeRegistered,
  cni: nodeNetworkReady,
};
