/** All kinds of steps, by name. A plan that names a kind that is not here was made by a newer Ichor and is refused. */
import { IchorError } from '../../errors.ts';
import type { Step } from '../step.ts';
import type { StepKind } from '../step-kind.ts';
import { applyConfig } from './apply-config.ts';
import { bootstrapEtcd } from './bootstrap-etcd.ts';
import { joinEtcd } from './join-etcd.ts';
import { kubernetesApi } from './kubernetes-api.ts';
import { nodeReady } from './node-ready.ts';
import { reachNode } from './reach-node.ts';
import { waitConfigured } from './wait-configured.ts';

export const STEP_KINDS: readonly StepKind[] = [
  reachNode,
  applyConfig,
  waitConfigured,
  bootstrapEtcd,
  joinEtcd,
  kubernetesApi,
  nodeReady,
];

export function kindOf(step: Step): StepKind {
  const kind = STEP_KINDS.find((candidate) => candidate.kind === step.kind);
  if (kind) return kind;
  throw new IchorError(
    'unsupported',
    `step ${step.id} is of kind ${step.kind}, which this version of Ichor does not know`,
    {
      hint: 'Make the plan again with this version, or run it with the one that made it.',
    },
  );
}
