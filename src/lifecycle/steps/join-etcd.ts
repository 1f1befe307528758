/** Waits until a control plane is a voter of etcd. Being a learner is not enough: it carries no quorum (field.md F1-9). */
import { nodeIn, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Judgement, type StepKind } from '../step-kind.ts';

export const joinEtcd: StepKind = {
  kind: 'join-etcd',
  scope: 'node',
  reads: ['etcd'],
  readsKubernetes: false,
  // Talos gives joining 30 minutes and promoting a learner ten (talos-1 §1.6 Bootstrap).
  deadlineMs: 30 * 60_000,
  describe: (step) => `wait until etcd on ${step.node ?? '?'} is a voter`,
  judge,
};

function judge(step: Step, observation: Observation): Judgement {
  const node = nodeIn(observation, step.node ?? '');
  if (node?.reached.kind !== 'secure') return pending(`${step.node} to answer`);
  const etcd = node.facts.etcd;
  if (etcd.kind === 'unread') return pending(`etcd on ${step.node} (${etcd.why})`);
  switch (etcd.value.kind) {
    case 'none':
      return pending(`etcd on ${step.node} to join (service ${etcd.value.service})`);
    case 'silent':
      return pending(`etcd on ${step.node} to answer (${etcd.value.why})`);
    case 'member':
      if (etcd.value.self.learner) return pending(`etcd on ${step.node}: member ${etcd.value.self.id} is a learner`);
      if (!etcd.value.healthy) return pending(`etcd on ${step.node} to become healthy`);
      return done(`etcd member ${etcd.value.self.id} is a healthy voter among ${etcd.value.members.length}`);
  }
}
