/** Waits until the machine answers at all, in maintenance or with the cluster's certificates: powered on, booted, found. */
import { nodeIn, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Judgement, type StepKind } from '../step-kind.ts';

export const reachNode: StepKind = {
  kind: 'reach-node',
  scope: 'node',
  reads: [],
  readsKubernetes: false,
  deadlineMs: 15 * 60_000,
  describe: (step) => `find ${step.node ?? '?'} on the network`,
  judge,
};

function judge(step: Step, observation: Observation): Judgement {
  const reached = nodeIn(observation, step.node ?? '')?.reached;
  switch (reached?.kind) {
    case 'maintenance':
      return done(`answers in maintenance at ${reached.address}`);
    case 'secure':
      return done(`answers at ${reached.address} with this cluster's certificates`);
    case 'foreign':
    case 'mistaken':
      return {
        kind: 'failed',
        code: 'identity-mismatch',
        message: `${reached.address} is not ${step.node}: ${reached.why}`,
      };
    default:
      return pending(
        `${step.node} to answer (${reached?.why ?? 'not looked for yet'})`,
        'Is it powered on and booted into Talos? `ichor discover` lists what answers on the network; `--at NODE=IP` names its present address.',
      );
  }
}
