/** The conditions of a healthy cluster, in the order in which they can come true (talos-6 §9.7, field.md F2-8). */
import type { Condition, ConditionStage } from './condition.ts';
import type { HealthCheck, HealthInput } from './check.ts';
import { bootFinished } from './conditions/boot-finished.ts';
import { controlPlaneComponents } from './conditions/control-plane-components.ts';
import { coreDns } from './conditions/coredns.ts';
import { diskSizes } from './conditions/disk-sizes.ts';
import { etcdHealthy } from './conditions/etcd-healthy.ts';
import { etcdMembers } from './conditions/etcd-members.ts';
import { kubeProxy } from './conditions/kube-proxy.ts';
import { kubeletHealthy } from './conditions/kubelet-healthy.ts';
import { kubernetesApi } from './conditions/kubernetes-api.ts';
import { memorySizes } from './conditions/memory-sizes.ts';
import { noDiagnostics } from './conditions/no-diagnostics.ts';
import { nodesReady } from './conditions/nodes-ready.ts';
import { nodesRegistered } from './conditions/nodes-registered.ts';
import { nodesSchedulable } from './conditions/nodes-schedulable.ts';
import { staticPods } from './conditions/static-pods.ts';
import { talosApi } from './conditions/talos-api.ts';

export const HEALTH_CHECKS: readonly HealthCheck[] = [
  talosApi,
  etcdHealthy,
  etcdMembers,
  memorySizes,
  diskSizes,
  noDiagnostics,
  kubeletHealthy,
  bootFinished,
  kubernetesApi,
  nodesRegistered,
  staticPods,
  controlPlaneComponents,
  nodesReady,
  kubeProxy,
  coreDns,
  nodesSchedulable,
];

const STAGES: readonly ConditionStage[] = ['talos-api', 'kubernetes-api', 'ready'];

/**
 * Looks once, stage by stage. Of a stage whose forerunner failed nothing is asked: its conditions are `running`, since they could
 * not have been true and asking would only repeat the same complaint.
 */
export async function checkHealth(input: HealthInput): Promise<readonly Condition[]> {
  const conditions: Condition[] = [];
  for (const stage of STAGES) {
    const checks = HEALTH_CHECKS.filter((check) => check.stage === stage);
    const blocker = conditions.find((condition) => condition.state === 'failed');
    if (blocker) conditions.push(...checks.map((check) => notAsked(check, blocker)));
    else conditions.push(...(await Promise.all(checks.map((check) => runCheck(check, input)))));
  }
  return conditions;
}

/** Nothing failed and nothing is left to ask. A condition that waits for a CNI is no failure. */
export function isSettled(conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => condition.state !== 'failed' && condition.state !== 'running');
}

async function runCheck(check: HealthCheck, input: HealthInput): Promise<Condition> {
  return { name: check.name, title: check.title, stage: check.stage, ...(await check.check(input)) };
}

function notAsked(check: HealthCheck, blocker: Condition): Condition {
  return {
    name: check.name,
    title: check.title,
    stage: check.stage,
    state: 'running',
    message: `comes after: ${blocker.title}`,
    evidence: [],
  };
}
