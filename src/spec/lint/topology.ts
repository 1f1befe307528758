/** How many machines of which role there are, and whether each can be told from the others. */
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { controlPlanes } from '../model.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const topologyRules: readonly LintRule[] = [
  { name: 'there is an odd number of control planes', check: checkCount },
  {
    name: 'every machine has an identity',
    check: (cluster) => cluster.nodes.flatMap((node) => checkIdentity(cluster, node)),
  },
];

function checkCount(cluster: LintedCluster): readonly Finding[] {
  const count = controlPlanes(cluster).length;
  if (count === 0) {
    return [
      findingAt(
        cluster,
        {
          severity: 'error',
          rule: 'no-control-plane',
          message: 'no node has `role: controlplane`: nothing would run etcd and the Kubernetes API',
        },
        ['nodes'],
      ),
    ];
  }
  if (count % 2 === 1) return [];
  const message = `${count} control planes: etcd survives the loss of ${Math.floor((count - 1) / 2)}, no more than with ${count - 1}, and there is one more to fail`;
  return [
    findingAt(
      cluster,
      { severity: 'warning', rule: 'even-control-planes', message, hint: `Use ${count - 1} or ${count + 1}.` },
      ['nodes'],
    ),
  ];
}

function checkIdentity(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const { macs, uuid, serial, vmid } = node.identity;
  if (macs.length > 0 || uuid !== undefined || serial !== undefined || vmid !== undefined) return [];
  const isFound = node.address.kind !== 'dhcp';
  const message = isFound
    ? `node \`${node.name}\` has no identity: it is found only while it answers at its address, and what answers there is taken for it`
    : `node \`${node.name}\` cannot be found: its address comes from DHCP, and it has neither mac, uuid, serial nor a VM id`;
  return [
    findingAt(
      cluster,
      {
        severity: isFound ? 'warning' : 'error',
        rule: 'no-identity',
        message,
        hint: 'Give it `mac`, `uuid` or `serial`; `ichor discover` lists what is there.',
        node: node.name,
      },
      ['nodes', node.name],
    ),
  ];
}
