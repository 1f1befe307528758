/** The kubelet runs and calls itself healthy on all nodes (Talos itself asks control planes only). */
import type { HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';

export const kubeletHealthy: HealthCheck = {
  name: 'kubelet-healthy',
  title: 'kubelet is healthy on all nodes',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, input.nodes, async (node) => {
      const services = await node.session.serviceList({ signal: input.signal });
      const kubelet = services.find((service) => service.id === 'kubelet');
      if (kubelet === undefined) return 'there is no kubelet service';
      if (kubelet.state !== 'Running') return `the kubelet is ${kubelet.state}`;
      return kubelet.health === 'healthy'
        ? undefined
        : `the kubelet is not healthy: ${kubelet.message || 'no message'}`;
    }),
};
