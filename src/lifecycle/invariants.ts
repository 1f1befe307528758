/**
 * What must never happen, whatever a plan says (design §4). The planner's output is checked as a whole, and the engine asks again
 * before each action, against the observation of that moment.
 */
import { controlPlanes, type Cluster } from '../spec/model.ts';
import { nodeIn, valueOf, type EtcdMember, type Observation } from './observation.ts';
import { hasEtcd } from './standing.ts';
import type { Impact, Step } from './step.ts';

export interface Violation {
  /** kebab-case, stable: `second-bootstrap`. */
  readonly invariant: string;
  readonly step: string;
  readonly message: string;
  readonly hint?: string;
}

export interface InvariantInput {
  readonly cluster: Cluster;
  readonly observation: Observation;
  readonly confirmed: ReadonlySet<string>;
}

const DISRUPTING: ReadonlySet<Impact> = new Set(['reboot', 'resize', 'upgrade', 'reinstall', 'destroys']);

/** Of a plan as a whole. */
export function violationsOf(steps: readonly Step[], input: InvariantInput): readonly Violation[] {
  return [
    ...bootstrapViolations(steps, input),
    ...steps.flatMap((step) => [...confirmationViolations(step, input), ...quorumViolations(step, [], input)]),
  ];
}

/**
 * Before one step acts, with those that are acting or whose disruption has not ended: empty when it may. `limits` are not lasting:
 * the engine waits and asks again.
 */
export function violationsOfStart(
  step: Step,
  inDisruption: readonly Step[],
  input: InvariantInput,
): readonly Violation[] {
  return [
    ...bootstrapViolations([step], input),
    ...confirmationViolations(step, input),
    ...quorumViolations(step, inDisruption, input),
    ...limitViolations(step, inDisruption, input),
  ];
}

/** Whether running the step takes something away that works at present: an etcd voter, or a registered Node. */
export function isDisruption(step: Step, observation: Observation): boolean {
  if (!DISRUPTING.has(step.impact) || step.node === undefined) return false;
  // A machine in maintenance, or one that does not answer, serves nothing, whatever Kubernetes remembers of it. The engine asks again
  // with what it sees right before it acts.
  if (nodeIn(observation, step.node)?.reached.kind !== 'secure') return false;
  return voters(observation).some((voter) => voter.node === step.node) || isRegistered(step.node, observation);
}

function bootstrapViolations(steps: readonly Step[], input: InvariantInput): readonly Violation[] {
  const bootstraps = steps.filter((step) => step.kind === 'bootstrap-etcd');
  const [first] = controlPlanes(input.cluster);
  const violations: Violation[] = [];
  for (const [index, step] of bootstraps.entries()) {
    if (index > 0)
      violations.push({ invariant: 'second-bootstrap', step: step.id, message: 'a plan may bootstrap etcd once only' });
    if (step.node !== first?.name)
      violations.push({
        invariant: 'bootstrap-elsewhere',
        step: step.id,
        message: `etcd is bootstrapped on ${first?.name ?? 'no node'} and nowhere else, never on ${step.node ?? 'no node'}`,
      });
    const member = controlPlanes(input.cluster).find((node) => {
      const seen = nodeIn(input.observation, node.name);
      return seen !== undefined && hasEtcd(seen);
    });
    if (member)
      violations.push({
        invariant: 'bootstrap-over-etcd',
        step: step.id,
        message: `${member.name} has etcd data or membership: a bootstrap would make a second cluster`,
      });
  }
  return violations;
}

function confirmationViolations(step: Step, input: InvariantInput): readonly Violation[] {
  if (step.impact !== 'destroys' || (step.node !== undefined && input.confirmed.has(step.node))) return [];
  const losses = step.args['destroys'];
  const what = Array.isArray(losses) && losses.length > 0 ? losses.join(', ') : 'data on its disks';
  return [
    {
      invariant: 'destroys-unconfirmed',
      step: step.id,
      message: `${step.node ?? 'the cluster'} would lose ${what}`,
      hint: `If that is meant, run it again with \`--confirm ${step.node ?? input.cluster.name}\`.`,
    },
  ];
}

/** The majority of all voters, down ones included, must stay healthy without the nodes that are taken away. */
function quorumViolations(step: Step, inDisruption: readonly Step[], input: InvariantInput): readonly Violation[] {
  if (!isDisruption(step, input.observation)) return [];
  const isPlane = controlPlanes(input.cluster).some((node) => node.name === step.node);
  const seen = step.node === undefined ? undefined : nodeIn(input.observation, step.node);
  if (isPlane && seen?.facts.etcd.kind !== 'read') {
    return [
      {
        invariant: 'quorum-unknown',
        step: step.id,
        message: `whether etcd can do without ${step.node ?? '?'} is unknown: its etcd was not read`,
        hint: 'Wait until it answers.',
      },
    ];
  }
  const present = voters(input.observation);
  if (!present.some((voter) => voter.node === step.node)) return [];
  const away = new Set([step.node, ...inDisruption.map((other) => other.node)]);
  const total = votersInAll(input.observation);
  const left = present.filter((voter) => voter.healthy && !away.has(voter.node)).length;
  const needed = Math.floor(total / 2) + 1;
  if (left >= needed) return [];
  return [
    {
      invariant: 'quorum',
      step: step.id,
      message: `etcd has ${total} voters and needs ${needed}; without ${[...away].join(', ')} only ${left} would be left`,
      hint: 'Bring the other control planes back first.',
    },
  ];
}

function limitViolations(step: Step, inDisruption: readonly Step[], input: InvariantInput): readonly Violation[] {
  if (!isDisruption(step, input.observation)) return [];
  const roleOf = (name: string | undefined): string | undefined =>
    input.cluster.nodes.find((node) => node.name === name)?.role;
  const role = roleOf(step.node);
  const others = new Set(
    inDisruption.filter((other) => other.node !== step.node && roleOf(other.node) === role).map((other) => other.node),
  );
  const limit = role === 'controlplane' ? 1 : input.cluster.limits.maxUnavailable;
  if (others.size < limit) return [];
  return [
    {
      invariant: 'max-unavailable',
      step: step.id,
      message: `${[...others].join(', ')} ${others.size === 1 ? 'is' : 'are'} in disruption; the limit for a ${role ?? 'node'} is ${limit}`,
    },
  ];
}

interface Voter {
  readonly node: string;
  readonly healthy: boolean;
}

function voters(observation: Observation): readonly Voter[] {
  return observation.nodes.flatMap((node) => {
    const etcd = valueOf(node.facts.etcd);
    return etcd?.kind === 'member' && !etcd.self.learner ? [{ node: node.node, healthy: etcd.healthy }] : [];
  });
}

/** The longest list that any member knows: unreachable members count towards the majority as well. */
function votersInAll(observation: Observation): number {
  const lists = observation.nodes.map((node): readonly EtcdMember[] => {
    const etcd = valueOf(node.facts.etcd);
    return etcd?.kind === 'member' ? etcd.members : [];
  });
  return Math.max(
    voters(observation).length,
    ...lists.map((members) => members.filter((member) => !member.learner).length),
  );
}

function isRegistered(name: string, observation: Observation): boolean {
  const node = nodeIn(observation, name);
  return (node === undefined ? undefined : valueOf(node.facts.kubernetesNode)) != null;
}
