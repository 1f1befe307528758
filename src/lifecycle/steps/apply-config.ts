/**
 * Gives a machine in maintenance its config. Done when it answers with the certificates of the config's own CA: an accepted call
 * proves nothing (field.md F0-1, F0-2).
 */
import { nodeIn, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Admission, type Judgement, type StepKind } from '../step-kind.ts';

export const applyConfig: StepKind = {
  kind: 'apply-config',
  scope: 'node',
  reads: ['stage'],
  readsKubernetes: false,
  deadlineMs: 15 * 60_000,
  describe: (step) => `send ${step.node ?? '?'} its machine config`,
  judge,
  action: {
    repeatAfterMs: 60_000,
    admit,
    run(step, context, signal) {
      return context.nodes.applyInMaintenance(step.node ?? '', signal);
    },
  },
};

function judge(step: Step, observation: Observation): Judgement {
  const node = nodeIn(observation, step.node ?? '');
  switch (node?.reached.kind) {
    case 'secure':
      return done(`left maintenance: answers at ${node.reached.address} with this cluster's certificates`);
    case 'maintenance':
      return pending(
        `${step.node} to leave maintenance`,
        'A node that keeps sitting in maintenance after it took its config most often has no disk that matches `install.disk`; what it says about that is on its console only.',
      );
    case 'foreign':
    case 'mistaken':
      return {
        kind: 'failed',
        code: 'identity-mismatch',
        message: `${node.reached.address} is not ${step.node}: ${node.reached.why}`,
      };
    default:
      return pending(
        `${step.node} to come back with its config (${node?.reached.why ?? 'not looked for yet'})`,
        'Its address may have changed with the config: `ichor discover` lists what answers on the network.',
      );
  }
}

function admit(step: Step, observation: Observation): Admission {
  const kind = nodeIn(observation, step.node ?? '')?.reached.kind;
  if (kind === 'maintenance') return { kind: 'go' };
  return { kind: 'wait', waitingFor: `${step.node} to answer in maintenance` };
}
