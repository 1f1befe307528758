/** Kubernetes knows exactly the nodes of the spec. */
import { wantedIp } from '../../spec/model.ts';
import { failed, succeeded, type HealthCheck } from '../check.ts';
import { askKubernetes } from '../ask-kubernetes.ts';

export const nodesRegistered: HealthCheck = {
  name: 'nodes-registered',
  title: 'all nodes are registered, and no others',
  stage: 'kubernetes-api',
  check: (input) =>
    askKubernetes(input, async (session) => {
      const nodes = await session.nodes({ signal: input.signal });
      const isOf = (name: string, ips: readonly string[]) => (spec: (typeof input.cluster.nodes)[number]) =>
        spec.name === name || ips.includes(wantedIp(spec) ?? '');
      const missing = input.cluster.nodes
        .filter((spec) => !nodes.some((node) => isOf(node.name, node.internalIps)(spec)))
        .map((spec) => spec.name);
      if (missing.length > 0) return failed(`not registered: ${missing.join(', ')}`);
      const strangers = nodes
        .filter((node) => !input.cluster.nodes.some(isOf(node.name, node.internalIps)))
        .map((node) => node.name);
      if (strangers.length > 0) return failed(`not in the spec: ${strangers.join(', ')}`, strangers);
      return succeeded(
        `${nodes.length} nodes`,
        nodes.map((node) => `${node.name}: ${node.internalIps.join(', ')}`),
      );
    }),
};
