/** No node reports a problem of its own finding, such as overlapping addresses. */
import type { HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';
import { fieldsOf, textField } from '../resource-fields.ts';

const DIAGNOSTICS = { namespace: 'runtime', type: 'Diagnostics.runtime.talos.dev' } as const;

export const noDiagnostics: HealthCheck = {
  name: 'no-diagnostics',
  title: 'no node reports a problem of its own',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, input.nodes, async (node) => {
      const [first] = await node.session.listResources(DIAGNOSTICS, { signal: input.signal });
      if (first === undefined) return undefined;
      return `${first.metadata.id}: ${textField(fieldsOf(first.spec), 'message') ?? 'no message'}`;
    }),
};
