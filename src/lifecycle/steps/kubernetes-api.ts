/** Waits for the first answer of the Kubernetes API, asked at the control planes' own addresses: the VIP may not exist yet (S2-54). */
import type { Observation } from '../observation.ts';
import { done, pending, type Judgement, type StepKind } from '../step-kind.ts';
import type { Step } from '../step.ts';

export const kubernetesApi: StepKind = {
  kind: 'kubernetes-api',
  scope: 'control-planes',
  reads: [],
  readsKubernetes: true,
  deadlineMs: 15 * 60_000,
  describe: () => 'wait until the Kubernetes API answers',
  judge,
};

function judge(_step: Step, observation: Observation): Judgement {
  const kubernetes = observation.kubernetes;
  if (kubernetes.kind === 'read')
    return done(`${kubernetes.value.server} serves Kubernetes ${kubernetes.value.version}`);
  return pending(
    `the Kubernetes API (${kubernetes.why})`,
    'Its static pods start once etcd has a leader and their images are pulled.',
  );
}
