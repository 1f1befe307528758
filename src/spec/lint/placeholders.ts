/** Values of `ichor init`'s template that are still to be filled in. */
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { PLACEHOLDER_MAC, PLACEHOLDER_SERIAL } from '../template.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const placeholderRule: LintRule = {
  name: 'no value of the template is left',
  check: (cluster) => cluster.nodes.flatMap((node) => checkNode(cluster, node)),
};

function checkNode(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const at = (what: string, path: readonly string[]): Finding =>
    findingAt(
      cluster,
      {
        severity: 'warning',
        rule: 'placeholder-left',
        message: `${what} of \`${node.name}\` is still the template's: no machine has it`,
        hint: '`ichor discover` lists MACs and disks of the machines that wait in maintenance mode.',
        node: node.name,
      },
      ['nodes', node.name, ...path],
    );
  return [
    ...(node.identity.macs.some((mac) => mac.startsWith(PLACEHOLDER_MAC)) ? [at('the MAC', ['mac'])] : []),
    ...(node.install.disk?.serial?.startsWith(PLACEHOLDER_SERIAL) === true
      ? [at('the disk serial', ['install', 'disk', 'serial'])]
      : []),
  ];
}
