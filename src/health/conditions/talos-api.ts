/** Every node's Talos API answers with the cluster's certificates (Talos: "apid to be ready"). */
import type { HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';

export const talosApi: HealthCheck = {
  name: 'talos-api',
  title: 'Talos API answers on all nodes',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, input.nodes, async (node) => {
      await node.session.version({ signal: input.signal });
      return undefined;
    }),
};
