/**
 * Bootstraps etcd, once in the life of a cluster, on the first control plane of the spec and on no other (design §1.3). It acts only
 * when in one and the same observation every control plane was read and none has etcd data or membership.
 */
import { nodeIn, valueOf, type NodeObservation, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Admission, type Judgement, type StepKind } from '../step-kind.ts';

export const bootstrapEtcd: StepKind = {
  kind: 'bootstrap-etcd',
  scope: 'control-planes',
  reads: ['stage', 'etcd'],
  readsKubernetes: false,
  deadlineMs: 15 * 60_000,
  describe: (step) => `bootstrap etcd on ${step.node ?? '?'}`,
  judge,
  action: {
    repeatAfterMs: 60_000,
    admit: admitBootstrap,
    run(step, context, signal) {
      return context.nodes.bootstrap(step.node ?? '', signal);
    },
  },
};

function judge(step: Step, observation: Observation): Judgement {
  const node = nodeIn(observation, step.node ?? '');
  const etcd = node === undefined ? undefined : valueOf(node.facts.etcd);
  if (etcd?.kind === 'member' && !etcd.self.learner) {
    return etcd.healthy
      ? done(`etcd member ${etcd.self.id} on ${step.node} is a healthy voter`)
      : pending(`etcd on ${step.node} to become healthy`);
  }
  const elsewhere = observation.nodes.find(
    (other) => other.node !== step.node && valueOf(other.facts.etcd)?.kind === 'member',
  );
  if (elsewhere) return done(`etcd runs already, on ${elsewhere.node}; ${step.node} joins it`);
  if (etcd?.kind === 'silent')
    return pending(
      `etcd on ${step.node} to answer (${etcd.why})`,
      `\`ichor status --node ${step.node}\` shows the state of its etcd service.`,
    );
  return pending(`${step.node} to start etcd`);
}

/** Also what the planner and the invariants ask: may a bootstrap happen in the world as observed? */
export function admitBootstrap(step: Step, observation: Observation): Admission {
  const confirmed = new Set(stringsOf(step.args['confirmed']));
  const unknown: string[] = [];
  for (const name of stringsOf(step.args['controlPlanes'])) {
    const node = nodeIn(observation, name);
    const standing = standingOf(node);
    // There is an etcd: whatever else happens, no other one may be born. Once it answers, the step is done.
    if (standing.kind === 'has-etcd')
      return {
        kind: 'wait',
        waitingFor: `etcd on ${name} to answer (${standing.why})`,
        hint: `\`ichor status --node ${name}\` shows the state of its etcd service.`,
      };
    if (standing.kind === 'unknown' && !confirmed.has(name)) unknown.push(`${name} (${standing.why})`);
  }
  if (unknown.length > 0) {
    return {
      kind: 'wait',
      waitingFor: `it to be known that no etcd exists on ${unknown.join(', ')}`,
      hint: 'A control plane that does not answer may hold the etcd of this very cluster. Bring it back, or if it is gone for good, say so with `--confirm` and its name.',
    };
  }
  const first = nodeIn(observation, step.node ?? '');
  if (first?.reached.kind !== 'secure') return { kind: 'wait', waitingFor: `${step.node} to run its config` };
  return { kind: 'go' };
}

type Standing =
  | { readonly kind: 'no-etcd' }
  | { readonly kind: 'has-etcd'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

function standingOf(node: NodeObservation | undefined): Standing {
  if (node === undefined) return { kind: 'unknown', why: 'not observed' };
  const reached = node.reached;
  if (reached.kind !== 'secure' && reached.kind !== 'maintenance') return { kind: 'unknown', why: reached.why };
  const etcd = node.facts.etcd;
  if (etcd.kind === 'unread') return { kind: 'unknown', why: etcd.why };
  if (etcd.value.kind === 'none') return { kind: 'no-etcd' };
  return { kind: 'has-etcd', why: etcd.value.kind === 'member' ? `member ${etcd.value.self.id}` : etcd.value.why };
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
