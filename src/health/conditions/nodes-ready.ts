/** All Nodes are Ready. With `cni: none` they wait for the CNI that the operator brings: no failure, and said so (F2-8). */
import { isTrue, type KubernetesNode } from '../../kubernetes/port.ts';
import { failed, succeeded, waiting, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';

export const nodesReady: HealthCheck = {
  name: 'nodes-ready',
  title: 'all nodes are Ready',
  stage: 'ready',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const nodes = await session.nodes({ signal: input.signal });
      const unready = nodes.filter((node) => !isTrue(node.conditions, 'Ready'));
      const evidence = nodes.map(
        (node) => `${node.name}: ${isTrue(node.conditions, 'Ready') ? 'Ready' : reasonOf(node)}`,
      );
      const [first] = unready;
      if (first === undefined)
        return nodes.length === 0
          ? failed('there are no Nodes')
          : succeeded(`${nodes.length} of ${nodes.length} Ready`, evidence);
      if (input.cluster.network.cni.kind === 'none' && unready.every(waitsForCni)) {
        return waiting(
          `${unready.length} of ${nodes.length} nodes wait for a CNI: the spec says \`cni: none\`, install one now`,
          evidence,
        );
      }
      return failed(`${first.name}: ${reasonOf(first)}`, evidence);
    }),
};

function reasonOf(node: KubernetesNode): string {
  const condition = node.conditions.find((candidate) => candidate.type === 'Ready');
  return condition?.message || condition?.reason || 'no Ready condition yet';
}

function waitsForCni(node: KubernetesNode): boolean {
  return /NetworkPluginNotReady|cni plugin not initialized|cni config uninitialized/i.test(reasonOf(node));
}
