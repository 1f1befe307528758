/** cluster.HealthCheck as it runs on a control plane node: the checks in order, each repeated every 5 s (talos-6-procedures.md §9.7). */
import { Code, ConnectError } from '@connectrpc/connect';
import type { ClusterInfo } from '../../gen/proto/cluster/cluster_pb.ts';
import { sleep, withDeadline } from '../../system.ts';
import { readinessOf } from '../cluster/kubernetes.ts';
import { isRunningView, type RunningView } from '../machine/resources/resource.ts';
import { knownViews, ownIps } from '../machine/resources/cluster.ts';
import type { Call } from './call.ts';

interface Check {
  readonly name: string;
  /** Undefined when it holds, else what is wrong. */
  readonly problem: (views: readonly RunningView[]) => string | undefined;
}

export async function* healthMessages(
  call: Call,
  timeoutMs: number,
  info: ClusterInfo | undefined,
): AsyncGenerator<{ message: string }> {
  const deadline = withDeadline(call.simulation.clock, timeoutMs, call.signal);
  try {
    const nodes = [...(info?.controlPlaneNodes ?? []), ...(info?.workerNodes ?? [])];
    yield {
      message: `discovered nodes: ${JSON.stringify(nodes.length > 0 ? nodes : knownViews(call.view()).flatMap(ownIps))}`,
    };
    for (const check of CHECKS) yield* runCheck(call, check, { nodes, signal: deadline.signal });
  } finally {
    deadline.dispose();
  }
}

interface CheckContext {
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
}

async function* runCheck(
  call: Call,
  check: Check,
  { nodes, signal }: CheckContext,
): AsyncGenerator<{ message: string }> {
  let shown = '...';
  yield { message: `waiting for ${check.name}: ...` };
  for (;;) {
    const problem = check.problem(viewsOf(call, nodes));
    if (problem === undefined) {
      yield { message: `waiting for ${check.name}: OK` };
      return;
    }
    if (problem !== shown) {
      shown = problem;
      yield { message: `waiting for ${check.name}: ${problem}` };
    }
    try {
      await sleep(call.simulation.clock, 5_000, signal);
    } catch {
      throw new ConnectError('context deadline exceeded', Code.DeadlineExceeded);
    }
  }
}

function viewsOf(call: Call, nodes: readonly string[]): readonly RunningView[] {
  if (nodes.length === 0) return knownViews(call.view());
  return call.simulation
    .views()
    .filter(isRunningView)
    .filter((view) => ownIps(view).some((ip) => nodes.includes(ip)));
}

function controlPlanes(views: readonly RunningView[]): readonly RunningView[] {
  return views.filter((view) => view.run.config?.facts.role === 'controlplane');
}

function firstProblem(
  views: readonly RunningView[],
  problem: (view: RunningView) => string | undefined,
): string | undefined {
  for (const view of views) {
    const found = problem(view);
    if (found !== undefined) return `${ownIps(view)[0] ?? view.name}: ${found}`;
  }
  return undefined;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

const CHECKS: readonly Check[] = [
  {
    name: 'etcd to be healthy',
    problem: (views) =>
      firstProblem(controlPlanes(views), ({ run }) =>
        run.services['etcd']?.healthy === true ? undefined : 'service is not healthy: etcd',
      ),
  },
  {
    name: 'etcd members to be consistent across nodes',
    problem: (views) =>
      firstProblem(controlPlanes(views), (view) => (view.member === undefined ? 'not a member of etcd' : undefined)),
  },
  {
    name: 'etcd members to be control plane nodes',
    problem: (views) =>
      firstProblem(controlPlanes(views), (view) =>
        view.member?.isLearner === true ? 'member is a learner' : undefined,
      ),
  },
  {
    name: 'apid to be ready',
    problem: (views) =>
      firstProblem(views, ({ run }) => (run.api.kind === 'secure' ? undefined : 'connection refused')),
  },
  {
    name: 'all nodes memory sizes',
    problem: (views) =>
      firstProblem(views, ({ machine, run }) => {
        const least = run.config?.facts.role === 'worker' ? GIB - 150 * MIB : 1848 * MIB - 150 * MIB;
        return machine.definition.memoryBytes >= least
          ? undefined
          : `node memory size (${Math.round(machine.definition.memoryBytes / MIB)} MiB) is less than the recommended minimum (${Math.round(least / MIB)} MiB)`;
      }),
  },
  {
    name: 'all nodes disk sizes',
    problem: (views) =>
      firstProblem(views, ({ machine }) => {
        const disk = machine.definition.disks.find((candidate) => candidate.name === machine.installation?.disk);
        return disk !== undefined && disk.sizeBytes >= 6 * GIB ? undefined : 'ephemeral partition is too small';
      }),
  },
  { name: 'no diagnostics', problem: () => undefined },
  {
    name: 'kubelet to be healthy',
    problem: (views) =>
      firstProblem(controlPlanes(views), ({ run }) =>
        run.services['kubelet']?.healthy === true ? undefined : 'service is not healthy: kubelet',
      ),
  },
  {
    name: 'all nodes to finish boot sequence',
    problem: (views) =>
      firstProblem(views, ({ run }) =>
        run.stage === 'running' ? undefined : `expected machine stage "running", got "${run.stage}"`,
      ),
  },
  {
    name: 'all k8s nodes to report',
    problem: (views) => firstProblem(views, (view) => (view.node === undefined ? 'node is not registered' : undefined)),
  },
  {
    name: 'all control plane static pods to be running',
    problem: (views) => firstProblem(controlPlanes(views), missingPods),
  },
  {
    name: 'all control plane components to be ready',
    problem: (views) => firstProblem(controlPlanes(views), missingPods),
  },
  {
    name: 'all k8s nodes to report ready',
    problem: (views) =>
      firstProblem(views, (view) =>
        view.node !== undefined && readinessOf(view.node, view.now, view.latencies.nodeMonitorGrace) === 'True'
          ? undefined
          : 'some nodes are not ready',
      ),
  },
  { name: 'kube-proxy to report ready', problem: () => undefined },
  { name: 'coredns to report ready', problem: () => undefined },
  {
    name: 'all k8s nodes to report schedulable',
    problem: (views) =>
      firstProblem(views, (view) => (view.node?.unschedulable === true ? 'node is unschedulable' : undefined)),
  },
];

function missingPods({ run }: RunningView): string | undefined {
  const missing = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].filter(
    (pod) => run.staticPods[pod] !== 'running',
  );
  return missing.length === 0 ? undefined : `missing static pods on node: ${missing.join(', ')}`;
}
