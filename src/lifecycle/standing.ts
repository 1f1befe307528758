/** How far a node is, read from what was observed of it, and the same in words: the reasons of a plan's steps. */
import { valueOf, type NodeObservation } from './observation.ts';

export function isConfigured(observed: NodeObservation): boolean {
  if (observed.reached.kind !== 'secure') return false;
  const stage = valueOf(observed.facts.stage);
  const isBooted = stage !== undefined && (stage.stage === 'running' || stage.stage === 'booting');
  return isBooted && !stage.unmet.some((condition) => condition.name === 'install' || condition.name === 'reboot');
}

export function hasEtcd(observed: NodeObservation): boolean {
  const kind = valueOf(observed.facts.etcd)?.kind;
  return kind === 'member' || kind === 'silent';
}

export function isVoter(observed: NodeObservation): boolean {
  const etcd = valueOf(observed.facts.etcd);
  return etcd?.kind === 'member' && etcd.healthy && !etcd.self.learner;
}

export function stageText(observed: NodeObservation): string {
  const stage = observed.facts.stage;
  return stage.kind === 'read'
    ? `${observed.node} is in stage ${stage.value.stage}`
    : `the stage of ${observed.node} is unknown: ${stage.why}`;
}

export function etcdText(observed: NodeObservation): string {
  const etcd = observed.facts.etcd;
  if (etcd.kind === 'unread') return `etcd on ${observed.node} is unknown: ${etcd.why}`;
  if (etcd.value.kind === 'member')
    return etcd.value.self.learner
      ? `etcd on ${observed.node} is a learner`
      : `etcd on ${observed.node} is not healthy`;
  return `etcd on ${observed.node} is not a member yet`;
}

export function readyText(observed: NodeObservation): string {
  const node = observed.facts.kubernetesNode;
  if (node.kind === 'unread') return `the Node ${observed.node} is unknown: ${node.why}`;
  if (node.value === null) return `Kubernetes knows no Node ${observed.node}`;
  return node.value.ready
    ? `Talos on ${observed.node} is not ready`
    : `Node ${observed.node} is not Ready: ${node.value.why ?? 'no reason given'}`;
}
