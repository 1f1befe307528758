/** No Node is cordoned. */
import { failed, succeeded, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';

export const nodesSchedulable: HealthCheck = {
  name: 'nodes-schedulable',
  title: 'all nodes are schedulable',
  stage: 'ready',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const nodes = await session.nodes({ signal: input.signal });
      const cordoned = nodes.filter((node) => node.unschedulable).map((node) => node.name);
      return cordoned.length === 0
        ? succeeded(`${nodes.length} nodes`)
        : failed(`cordoned: ${cordoned.join(', ')}`, cordoned);
    }),
};
