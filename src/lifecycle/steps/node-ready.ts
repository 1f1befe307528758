/**
 * Waits until the node has joined: Talos calls itself ready and Kubernetes calls the Node Ready (field.md F1-9). With `cni: none` a
 * Node that waits for nothing but a CNI counts as joined, and that is said.
 */
import { nodeIn, valueOf, type MachineStage, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Judgement, type StepKind } from '../step-kind.ts';

export const nodeReady: StepKind = {
  kind: 'node-ready',
  scope: 'node',
  reads: ['stage', 'kubernetesNode'],
  readsKubernetes: true,
  deadlineMs: 20 * 60_000,
  describe: (step) =>
    step.args['cni'] === 'none'
      ? `wait until ${step.node ?? '?'} is registered`
      : `wait until ${step.node ?? '?'} is Ready`,
  judge,
};

function judge(step: Step, observation: Observation): Judgement {
  const node = nodeIn(observation, step.node ?? '');
  if (node?.reached.kind !== 'secure') return pending(`${step.node} to answer`);
  const kubernetes = node.facts.kubernetesNode;
  if (kubernetes.kind === 'unread') return pending(`the Node ${step.node} (${kubernetes.why})`);
  if (kubernetes.value === null) return pending(`${step.node} to register with Kubernetes`);
  const stage = valueOf(node.facts.stage);
  if (stage === undefined) return pending(`${step.node} to say in which stage it is`);
  if (kubernetes.value.ready) {
    return stage.ready
      ? done(`Node Ready, kubelet ${kubernetes.value.kubelet}, Talos ready`)
      : pending(`Talos on ${step.node}: ${unmetText(stage)}`);
  }
  if (step.args['cni'] === 'none' && kubernetes.value.waitsForCni) {
    const unmet = stage.unmet.filter((condition) => condition.name !== 'nodeReady');
    if (unmet.length > 0)
      return pending(
        `Talos on ${step.node}: ${unmet.map((condition) => `${condition.name}: ${condition.reason}`).join('; ')}`,
      );
    return done(`registered with kubelet ${kubernetes.value.kubelet}; waits for a CNI, as \`cni: none\` asks`);
  }
  return pending(`Node ${step.node} to be Ready (${kubernetes.value.why ?? 'no reason given'})`);
}

function unmetText(stage: MachineStage): string {
  if (stage.unmet.length === 0) return `stage ${stage.stage}, not ready`;
  return stage.unmet.map((condition) => `${condition.name}: ${condition.reason}`).join('; ');
}
