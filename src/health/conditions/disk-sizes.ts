/** EPHEMERAL is as large as an install disk of the least size leaves it. */
import { INSTALL_DISK_MIN_BYTES } from '../../catalog/disks.ts';
import type { HealthCheck } from '../check.ts';
import { everyNode } from '../every-node.ts';
import { fieldsOf, numberField } from '../resource-fields.ts';

const MIB = 2 ** 20;
const EPHEMERAL = { namespace: 'runtime', type: 'VolumeStatuses.block.talos.dev', id: 'EPHEMERAL' } as const;
/** EFI, META, STATE and the table, as Talos subtracts them (pkg/cluster/check, talos-6 §9.7). */
const EPHEMERAL_MIN_BYTES = Number(INSTALL_DISK_MIN_BYTES) - (2101 + 100 + 1 + 10) * MIB;

export const diskSizes: HealthCheck = {
  name: 'disk-sizes',
  title: 'disks suffice on all nodes',
  stage: 'talos-api',
  check: (input) =>
    everyNode(input, input.nodes, async (node) => {
      if (node.spec.platform === 'container') return undefined;
      const volume = await node.session.getResource(EPHEMERAL, { signal: input.signal });
      const size = numberField(fieldsOf(volume?.spec), 'size');
      if (size === undefined) return 'EPHEMERAL has no size yet';
      return size >= EPHEMERAL_MIN_BYTES
        ? undefined
        : `EPHEMERAL has ${Math.round(size / MIB)} MiB, needed are ${EPHEMERAL_MIN_BYTES / MIB} MiB`;
    }),
};
