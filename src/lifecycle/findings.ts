/** What an observation shows that a person must know: machines that are not what the spec means, disks that do not exist, facts unread. */
import type { Finding } from '../spec/finding.ts';
import type { Cluster, NodeSpec } from '../spec/model.ts';
import { resolveInstallDisk } from './install-disk.ts';
import { checkLinks } from './link-check.ts';
import { nodeIn, type NodeObservation, type Observation } from './observation.ts';
import type { Plan } from './plan.ts';

/** Names of the nodes for which nothing may be planned: not ours, not the machine that is meant, or sure to be lost by its config. */
export function barredNodes(findings: readonly Finding[]): ReadonlySet<string> {
  return new Set(
    findings.flatMap((finding) => (finding.severity === 'error' && finding.node !== undefined ? [finding.node] : [])),
  );
}

/** Those of a plan that bar a node from it. */
export function barringFindings(plan: Plan): readonly Finding[] {
  return plan.findings.filter((finding) => finding.severity === 'error');
}

export function findingsOf(cluster: Cluster, observation: Observation): readonly Finding[] {
  return cluster.nodes.flatMap((node) => {
    const observed = nodeIn(observation, node.name);
    return observed === undefined
      ? []
      : [
          ...identityFindings(node, observed),
          ...diskFindings(node, observed),
          ...linkFindings(cluster, node, observed),
          ...configFindings(node, observed),
        ];
  });
}

function identityFindings(node: NodeSpec, observed: NodeObservation): readonly Finding[] {
  const reached = observed.reached;
  if (reached.kind === 'foreign') {
    return [
      about(node, {
        severity: 'error',
        rule: 'foreign-node',
        message: `${node.name}: the machine at ${reached.address} belongs to another cluster: ${reached.why}`,
        hint: 'Nothing is sent to it. Check the address, or that `secrets` names the bundle the cluster was made with.',
      }),
    ];
  }
  if (reached.kind === 'mistaken') {
    return [
      about(node, {
        severity: 'error',
        rule: 'identity-mismatch',
        message: `${node.name}: the machine at ${reached.address} is another one: ${reached.why}`,
        hint: 'Nothing is sent to it. Correct `mac`, `uuid` or `serial`, or name the right address with `--at`.',
      }),
    ];
  }
  return [];
}

function diskFindings(node: NodeSpec, observed: NodeObservation): readonly Finding[] {
  if (
    observed.reached.kind !== 'maintenance' ||
    observed.facts.disks.kind === 'unread' ||
    node.platform === 'container'
  )
    return [];
  const chosen = resolveInstallDisk(node.install, observed.facts.disks.value);
  switch (chosen.kind) {
    case 'missing':
      return [
        about(node, {
          severity: 'error',
          rule: 'install-disk-missing',
          message: `${node.name} has nowhere to install to: ${chosen.why}`,
          hint: 'With such a selector the node takes its config and stays in maintenance. Correct `install.disk`.',
        }),
      ];
    case 'ambiguous':
      return [
        about(node, {
          severity: 'warning',
          rule: 'install-disk-ambiguous',
          message: `${node.name}: \`install.disk\` matches ${chosen.disks.map((disk) => disk.devPath).join(', ')}; Talos takes the first it finds`,
          hint: 'Add the serial of the disk that is meant.',
        }),
      ];
    case 'found':
    case 'unjudged':
      return [];
  }
}

function linkFindings(cluster: Cluster, node: NodeSpec, observed: NodeObservation): readonly Finding[] {
  if (observed.reached.kind !== 'maintenance' || observed.facts.links.kind === 'unread') return [];
  return checkLinks(cluster, node, observed.facts.links.value).map((remark) => about(node, remark));
}

function configFindings(node: NodeSpec, observed: NodeObservation): readonly Finding[] {
  if (observed.reached.kind !== 'secure' || observed.facts.config.kind === 'read') return [];
  return [
    about(node, {
      severity: 'warning',
      rule: 'config-unread',
      message: `${node.name}: whether its config is the wanted one is unknown: ${observed.facts.config.why}`,
    }),
  ];
}

function about(node: NodeSpec, remark: Pick<Finding, 'severity' | 'rule' | 'message' | 'hint'>): Finding {
  const where = node.origin.where;
  return { ...remark, node: node.name, ...(where === undefined ? {} : { where }) };
}
