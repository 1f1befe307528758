/**
 * The network that a node will have, held against the links that the machine really has, before its config is sent (design §1.9): a
 * static address on a link that does not exist takes the machine off the network for good.
 */
import type { Finding } from '../spec/finding.ts';
import type { Cluster, NodeSpec } from '../spec/model.ts';
import { describeSelector, effectiveNetwork, type EffectiveLink } from '../spec/network/effective.ts';
import type { ObservedLink } from './observation.ts';

export type LinkRemark = Pick<Finding, 'severity' | 'rule' | 'message' | 'hint'>;

export function checkLinks(cluster: Cluster, node: NodeSpec, observed: readonly ObservedLink[]): readonly LinkRemark[] {
  const physical = observed.filter((link) => link.physical);
  return effectiveNetwork(cluster, node).links.flatMap((link) =>
    link.isVirtual ? [] : checkLink(node, link, physical),
  );
}

function checkLink(node: NodeSpec, link: EffectiveLink, physical: readonly ObservedLink[]): readonly LinkRemark[] {
  const selector = link.selector;
  switch (selector.kind) {
    case 'mac': {
      const found = physical.find(
        (candidate) =>
          candidate.mac === selector.mac.toLowerCase() || candidate.permanentMac === selector.mac.toLowerCase(),
      );
      return found === undefined ? [missing(node, link, physical, 'error')] : down(node, link, found);
    }
    case 'name': {
      const found = physical.find((candidate) => candidate.name === selector.name);
      // Names can be those of another kernel or of an alias; only a MAC is certain.
      return found === undefined ? [missing(node, link, physical, 'warning')] : down(node, link, found);
    }
    case 'physical': {
      if (physical.length === 0) return [missing(node, link, physical, 'error')];
      if (physical.length === 1 || link.addresses.length === 0) return [];
      return [
        {
          severity: 'warning',
          rule: 'link-ambiguous',
          message: `${node.name}: ${link.addresses.join(', ')} goes to the physical link, and there are ${physical.map(describe).join(', ')}`,
          hint: 'Name the link with `mac` or `link`.',
        },
      ];
    }
    case 'selector':
      return [];
  }
}

/** Where the address of the node itself is to go there must be a cable. */
function down(node: NodeSpec, link: EffectiveLink, found: ObservedLink): readonly LinkRemark[] {
  if (!link.isPrimary || found.up) return [];
  return [
    {
      severity: 'warning',
      rule: 'link-down',
      message: `${node.name}: ${found.name} is to carry its address and has no link`,
      hint: 'Is the cable in another port?',
    },
  ];
}

function missing(
  node: NodeSpec,
  link: EffectiveLink,
  physical: readonly ObservedLink[],
  severity: 'error' | 'warning',
): LinkRemark {
  const use = link.addresses.length > 0 ? link.addresses.join(', ') : link.dhcp ? 'DHCP' : 'its settings';
  const there = physical.length === 0 ? 'are none' : `are ${physical.map(describe).join(', ')}`;
  return {
    severity,
    rule: 'link-missing',
    message: `${node.name}: ${use} belongs on ${describeSelector(link.selector)}, which the machine does not have; of physical links there ${there}`,
    hint:
      severity === 'error'
        ? 'With its config the machine would lose the network. Correct `mac`.'
        : 'Select links by `mac`: names differ between kernels and change with hardware.',
  };
}

function describe(link: ObservedLink): string {
  return `${link.name} (${link.mac}, ${link.up ? 'up' : 'down'})`;
}
