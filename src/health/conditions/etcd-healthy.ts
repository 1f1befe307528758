/** The etcd service runs and calls itself healthy on every control plane. */
import type { HealthCheck } from '../check.ts';
import { controlPlaneNodes, everyNode } from '../every-node.ts';

export const etcdHealthy: HealthCheck = {
  name: 'etcd-healthy',
  title: 'etcd is healthy',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, controlPlaneNodes(input), async (node) => {
      const services = await node.session.serviceList({ signal: input.signal });
      const etcd = services.find((service) => service.id === 'etcd');
      if (etcd === undefined) return 'there is no etcd service';
      if (etcd.state !== 'Running') return `the etcd service is ${etcd.state}`;
      return etcd.health === 'healthy' ? undefined : `etcd is not healthy: ${etcd.message || 'no message'}`;
    }),
};
