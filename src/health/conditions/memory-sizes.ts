/** Every machine has at least the memory that Talos asks for. In containers the number is the host's and says nothing. */
import { MEMORY_MIN_BYTES } from '../../catalog/disks.ts';
import { skipped, type HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';

const MIB = 2 ** 20;

export const memorySizes: HealthCheck = {
  name: 'memory-sizes',
  title: 'memory suffices on all nodes',
  stage: 'talos-api',
  async check(input) {
    const nodes = input.nodes.filter((node) => node.spec.platform !== 'container');
    if (nodes.length === 0) return skipped('all nodes are containers');
    return everyNode(input, nodes, async (node) => {
      const { totalBytes } = await node.session.memory({ signal: input.signal });
      const needed = Number(MEMORY_MIN_BYTES[node.spec.role]);
      return totalBytes >= needed
        ? undefined
        : `${Math.round(totalBytes / MIB)} MiB of memory; a ${node.spec.role} needs ${needed / MIB} MiB`;
    });
  },
};
