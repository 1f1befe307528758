/**
 * MachineStatus: the stage and what is still unmet, as machined's MachineStatusController computes it (talos-2-resources.md §2.1; texts
 * from recordings 05 and 09).
 */
import { readinessOf } from '../cluster/kubernetes.ts';
import { networkOf } from './network.ts';
import type { Run, Stage, UnmetCondition } from './state.ts';
import { clusterOf, emit, machineOf, runOf, updateRun, type Turn } from './turn.ts';

export function setStage(turn: Turn, stage: Stage): void {
  updateRun(turn, { stage });
  refreshStatus(turn);
}

/** Computes the conditions anew and tells about a change. */
export function refreshStatus(turn: Turn): void {
  const run = runOf(turn);
  const unmet = run.stage === 'booting' || run.stage === 'running' ? unmetConditions(turn, run) : [];
  const ready = unmet.length === 0 && run.stage !== 'booting';
  const last = run.events.findLast((event) => event.data.kind === 'machine-status')?.data;
  const isSame =
    last?.kind === 'machine-status' &&
    last.stage === run.stage &&
    JSON.stringify(last.unmet) === JSON.stringify(unmet) &&
    last.ready === ready;
  if (isSame) return;
  updateRun(turn, { unmet, ready });
  emit(turn, { kind: 'machine-status', stage: run.stage, ready, unmet });
}

export function requiredServices(run: Run): readonly string[] {
  const base = ['apid', 'machined', 'kubelet'];
  return run.config?.facts.role === 'worker' ? base : [...base, 'etcd', 'trustd'];
}

export function nodeNameOf(turn: Turn): string {
  return networkOf(machineOf(turn), runOf(turn).config?.facts.network, turn.world.seed).hostname;
}

function unmetConditions(turn: Turn, run: Run): readonly UnmetCondition[] {
  const unmet: UnmetCondition[] = [];
  if (run.config === undefined) return [{ name: 'services', reason: 'apid not running' }];
  const reasons = requiredServices(run).flatMap((id) => {
    const service = run.services[id];
    if (service?.state !== 'Running') return [`${id} not running`];
    return service.healthy === false ? [`${id} not healthy`] : [];
  });
  if (reasons.length > 0) unmet.push({ name: 'services', reason: reasons.join(', ') });
  const { role } = run.config.facts;
  if (role === 'controlplane' && run.etcd === 'running') {
    const missing = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].filter(
      (pod) => run.staticPods[pod] !== 'running',
    );
    if (missing.length > 0)
      unmet.push({ name: 'staticPods', reason: missing.map((pod) => `kube-system/${pod} not running`).join(', ') });
  }
  const node = nodeCondition(turn);
  return node === undefined ? unmet : [...unmet, node];
}

function nodeCondition(turn: Turn): UnmetCondition | undefined {
  const name = nodeNameOf(turn);
  const node = clusterOf(turn)?.kubernetes.nodes[name];
  if (node === undefined || node.machine !== turn.name)
    return { name: 'nodeReady', reason: `node "${name}" status is not available yet` };
  if (readinessOf(node, turn.now, turn.latencies.nodeMonitorGrace) === 'True') return undefined;
  return { name: 'nodeReady', reason: `node "${name}" is not ready` };
}
