/**
 * From the wanted cluster and an observation to a plan: pure, no clock, no I/O. What is there already is not planned; what could not
 * be read is planned as if it had to be done, since each step looks again before it acts.
 */
import { controlPlanes, type Cluster, type NodeSpec } from '../spec/model.ts';
import { canonicalJson, type Digest } from './digest.ts';
import { add, factDigests, finish, planned, reachedDigest, wasPlanned, type Draft } from './draft.ts';
import { criticalPathMs, ESTIMATES_MS } from './estimates.ts';
import { barredNodes, findingsOf } from './findings.ts';
import { installDiskText, resolveInstallDisk } from './install-disk.ts';
import { nodeIn, valueOf, type NodeObservation, type Observation } from './observation.ts';
import type { NodeDifference, Plan } from './plan.ts';
import { etcdText, hasEtcd, isConfigured, isVoter, readyText, stageText } from './standing.ts';
import { kindOf } from './steps/registry.ts';
import type { StepArguments } from './step.ts';

/** What render makes of a node, as far as planning needs it. */
export interface WantedConfig {
  readonly config: string;
}

export interface PlanInput {
  readonly cluster: Cluster;
  readonly rendered: ReadonlyMap<string, WantedConfig>;
  readonly observation: Observation;
  readonly now: number;
  readonly digest: Digest;
  /** Names that the person confirmed: control planes that are gone for good, or machines whose data may be destroyed. */
  readonly confirmed?: ReadonlySet<string>;
}

export function planCluster(input: PlanInput): Plan {
  const findings = findingsOf(input.cluster, input.observation);
  const draft: Draft = { input, barred: barredNodes(findings), steps: [] };
  for (const node of input.cluster.nodes) planArrival(draft, node);
  if (canComeUp(draft)) {
    planEtcd(draft);
    planKubernetes(draft);
  }
  return {
    v: 1,
    cluster: input.cluster.name,
    specDigest: specDigest(input),
    createdAt: input.now,
    steps: draft.steps,
    differences: differencesOf(input),
    findings,
    estimateMs: criticalPathMs(draft.steps),
  };
}

/** Whether two plans were made from the same spec and secrets. */
export function specDigest(input: Pick<PlanInput, 'cluster' | 'rendered' | 'digest'>): string {
  return input.digest(
    canonicalJson(input.cluster.nodes.map((node) => [node.name, input.rendered.get(node.name)?.config ?? ''])),
  );
}

/** There is an etcd, or the one node that may begin one can be had. Else nothing but a wait without end could be planned. */
function canComeUp(draft: Draft): boolean {
  const planes = controlPlanes(draft.input.cluster);
  const seen = planes.map((node) => nodeIn(draft.input.observation, node.name));
  if (seen.some((node) => node !== undefined && hasEtcd(node))) return true;
  const [first] = planes;
  return first !== undefined && !draft.barred.has(first.name);
}

/** Up to the point where the node runs its config. */
function planArrival(draft: Draft, node: NodeSpec): void {
  const observed = nodeIn(draft.input.observation, node.name);
  if (observed === undefined || draft.barred.has(node.name)) return;
  const isVirtual = node.proxmox !== undefined;
  if (observed.reached.kind === 'unreachable') {
    add(draft, {
      kind: 'reach-node',
      node: node.name,
      because: observed.reached.why,
      facts: [reachedDigest(draft, observed)],
      waitsFor: [],
      waitingFor: `${node.name} to answer`,
      estimateMs: isVirtual ? ESTIMATES_MS.reachVirtual : ESTIMATES_MS.reachMetal,
    });
  }
  if (observed.reached.kind !== 'secure') planApply(draft, node, observed);
  if (!isConfigured(observed)) {
    add(draft, {
      kind: 'wait-configured',
      node: node.name,
      args: configuredArgs(node, observed),
      because: stageText(observed),
      facts: [reachedDigest(draft, observed), ...factDigests(draft, observed, ['systemDisk'])],
      waitsFor: planned(draft, [`apply-config/${node.name}`]),
      waitingFor: `${node.name} to be installed and to boot its config`,
      estimateMs: isVirtual ? ESTIMATES_MS.installVirtual : ESTIMATES_MS.installMetal,
    });
  }
}

function planApply(draft: Draft, node: NodeSpec, observed: NodeObservation): void {
  const losses = installLosses(node, observed);
  const disks = installsToDisk(node) ? valueOf(observed.facts.disks) : undefined;
  const disk = disks === undefined ? undefined : installDiskText(node.install, disks);
  add(draft, {
    kind: 'apply-config',
    node: node.name,
    because:
      observed.reached.kind === 'maintenance'
        ? `${node.name} is in maintenance at ${observed.reached.address}`
        : `${node.name} was not seen to have a config`,
    // Talos writes its own partitions over the install disk.
    args: { ...(disk === undefined ? {} : { disk }), ...(losses.length > 0 ? { destroys: losses } : {}) },
    impact: losses.length > 0 ? 'destroys' : installsToDisk(node) ? 'reinstall' : 'live',
    preconditions: [
      'it answers in maintenance',
      'its identity is that of the spec',
      'its own dry run takes the config',
    ],
    facts: [reachedDigest(draft, observed), ...factDigests(draft, observed, ['identity', 'disks'])],
    waitsFor: planned(draft, [`reach-node/${node.name}`]),
    waitingFor: `${node.name} to leave maintenance with its config`,
    estimateMs: ESTIMATES_MS.apply,
  });
}

function planEtcd(draft: Draft): void {
  const { cluster, observation } = draft.input;
  const planes = controlPlanes(cluster);
  const [first] = planes;
  if (first === undefined) return;
  const seen = planes.map((node) => nodeIn(observation, node.name));
  if (!seen.some((node) => node !== undefined && hasEtcd(node))) planBootstrap(draft, first, planes);
  for (const node of planes) {
    const observed = nodeIn(observation, node.name);
    if (
      observed === undefined ||
      draft.barred.has(node.name) ||
      isVoter(observed) ||
      (node === first && wasPlanned(draft, `bootstrap-etcd/${node.name}`))
    )
      continue;
    add(draft, {
      kind: 'join-etcd',
      node: node.name,
      because: etcdText(observed),
      facts: factDigests(draft, observed, ['etcd']),
      waitsFor: planned(draft, [`wait-configured/${node.name}`, `bootstrap-etcd/${first.name}`]),
      waitingFor: `etcd on ${node.name} to become a voter`,
      estimateMs: ESTIMATES_MS.joinEtcd,
    });
  }
}

function planBootstrap(draft: Draft, first: NodeSpec, planes: readonly NodeSpec[]): void {
  const { observation, confirmed } = draft.input;
  const observed = nodeIn(observation, first.name);
  if (observed === undefined || draft.barred.has(first.name)) return;
  const names = planes.map((node) => node.name);
  add(draft, {
    kind: 'bootstrap-etcd',
    node: first.name,
    args: { controlPlanes: names, confirmed: names.filter((name) => confirmed?.has(name) === true) },
    because: 'no control plane was seen to have etcd data or membership',
    preconditions: ['every control plane was read in one observation', 'none of them has etcd data or membership'],
    facts: planes.flatMap((node) => {
      const plane = nodeIn(observation, node.name);
      return plane === undefined ? [] : [reachedDigest(draft, plane), ...factDigests(draft, plane, ['etcd'])];
    }),
    waitsFor: planned(draft, [`wait-configured/${first.name}`]),
    waitingFor: `etcd on ${first.name} to be a healthy voter`,
    estimateMs: ESTIMATES_MS.bootstrap,
  });
}

function planKubernetes(draft: Draft): void {
  const { cluster, observation } = draft.input;
  const [first] = controlPlanes(cluster);
  if (observation.kubernetes.kind === 'unread') {
    add(draft, {
      kind: 'kubernetes-api',
      because: observation.kubernetes.why,
      facts: [],
      waitsFor: planned(
        draft,
        first === undefined ? [] : [`bootstrap-etcd/${first.name}`, `wait-configured/${first.name}`],
      ),
      waitingFor: 'the Kubernetes API to answer on a control plane',
      estimateMs: ESTIMATES_MS.kubernetesApi,
    });
  }
  for (const node of cluster.nodes) planReady(draft, node);
}

function planReady(draft: Draft, node: NodeSpec): void {
  const { cluster, observation } = draft.input;
  const observed = nodeIn(observation, node.name);
  if (observed === undefined || draft.barred.has(node.name)) return;
  const step = finish(draft, {
    kind: 'node-ready',
    node: node.name,
    args: { cni: cluster.network.cni.kind },
    because: readyText(observed),
    facts: factDigests(draft, observed, ['kubernetesNode']),
    waitsFor: planned(draft, [
      `wait-configured/${node.name}`,
      `join-etcd/${node.name}`,
      `bootstrap-etcd/${node.name}`,
      'kubernetes-api',
    ]),
    waitingFor:
      cluster.network.cni.kind === 'none'
        ? `${node.name} to register with Kubernetes`
        : `Node ${node.name} to be Ready`,
    estimateMs: ESTIMATES_MS.nodeReady,
  });
  // What is ready already is no step. The kind itself decides, so that planning and running never disagree.
  if (step.waitsFor.length > 0 || kindOf(step).judge(step, observation).kind !== 'done') draft.steps.push(step);
}

function configuredArgs(node: NodeSpec, observed: NodeObservation): StepArguments {
  const disks = valueOf(observed.facts.disks);
  const chosen = disks === undefined ? undefined : resolveInstallDisk(node.install, disks);
  const disk = chosen?.kind === 'found' ? chosen.disk : undefined;
  return {
    installs: installsToDisk(node),
    ...(disk === undefined ? {} : { disk: disk.devPath }),
    ...(disk?.serial === undefined ? {} : { diskSerial: disk.serial }),
  };
}

/** What stands on the disk that the install will write over. */
function installLosses(node: NodeSpec, observed: NodeObservation): readonly string[] {
  const disks = valueOf(observed.facts.disks);
  if (disks === undefined || !installsToDisk(node)) return [];
  const chosen = resolveInstallDisk(node.install, disks);
  const candidates =
    chosen.kind === 'found'
      ? [chosen.disk]
      : chosen.kind === 'ambiguous'
        ? chosen.disks
        : node.install.wipe
          ? disks
          : [];
  return candidates.flatMap((disk) => disk.contents.map((content) => `${content} on ${disk.devPath}`));
}

/** In a container there is no disk to install on. */
function installsToDisk(node: NodeSpec): boolean {
  return node.platform !== 'container';
}

function differencesOf(input: PlanInput): readonly NodeDifference[] {
  const result: NodeDifference[] = [];
  for (const observed of input.observation.nodes) {
    const config = valueOf(observed.facts.config);
    if (config === undefined || config.differences.length === 0) continue;
    result.push({
      node: observed.node,
      differences: config.differences,
      why: 'changing the config of a running node is not part of bring-up; it is left as it is',
    });
  }
  return result;
}
