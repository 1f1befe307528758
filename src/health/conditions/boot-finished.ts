/** Every node is in stage `running`: its boot sequence has ended. Whether its Node is Ready is another condition. */
import type { HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';
import { fieldsOf, textField } from '../resource-fields.ts';

const MACHINE_STATUS = { namespace: 'runtime', type: 'MachineStatuses.runtime.talos.dev', id: 'machine' } as const;

export const bootFinished: HealthCheck = {
  name: 'boot-finished',
  title: 'all nodes have finished booting',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, input.nodes, async (node) => {
      const status = await node.session.getResource(MACHINE_STATUS, { signal: input.signal });
      const stage = textField(fieldsOf(status?.spec), 'stage') ?? 'unknown';
      return stage === 'running' ? undefined : `in stage ${stage}`;
    }),
};
