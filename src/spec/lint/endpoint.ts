/** The Kubernetes endpoint and the VIP: someone must answer there, also when the tailnet is down (S4-7, F1-5). */
import type { Finding } from '../finding.ts';
import { canonicalIp, isInside, parseIp } from '../ip.ts';
import { controlPlanes, wantedIp } from '../model.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const endpointRules: readonly LintRule[] = [
  { name: 'the endpoint is the VIP, a control plane, or declared to stand outside', check: checkHost },
  { name: 'a VIP needs control planes', check: checkVip },
  { name: 'the endpoint does not depend on a tailnet', check: checkTailnet },
];

/** Tailscale's range, and that of carrier-grade NAT: RFC 6598. */
export const CGNAT = '100.64.0.0/10';

function checkHost(cluster: LintedCluster): readonly Finding[] {
  const { host, outside } = cluster.endpoint;
  const known = [cluster.network.vip, ...controlPlanes(cluster).flatMap((node) => [wantedIp(node), node.name])]
    .filter((name) => name !== undefined)
    .map(canonicalIp);
  if (outside !== undefined || known.includes(canonicalIp(host))) return [];
  const worker = cluster.nodes.find(
    (node) => node.role === 'worker' && (wantedIp(node) === host || node.name === host),
  );
  const why =
    worker === undefined
      ? 'nothing in this file answers there'
      : `that is the worker \`${worker.name}\`, which has no API server`;
  const hint =
    parseIp(host) === undefined
      ? 'If a balancer or a DNS record of yours stands there, say so: {url: …, outside: "what it is"}.'
      : `Set \`network.vip: ${host}\`, use a control plane's address, or declare what stands there: {url: …, outside: "haproxy on nuc"}.`;
  return [
    findingAt(
      cluster,
      {
        severity: 'error',
        rule: 'endpoint-host-unknown',
        message: `\`endpoint\` host ${host} is neither the VIP nor a control plane: ${why}`,
        hint,
      },
      ['endpoint', 'url'],
      ['endpoint'],
    ),
  ];
}

function checkVip(cluster: LintedCluster): readonly Finding[] {
  const { vip } = cluster.network;
  if (vip === undefined || controlPlanes(cluster).length > 0) return [];
  return [
    findingAt(
      cluster,
      {
        severity: 'error',
        rule: 'vip-without-control-planes',
        message: `\`network.vip\` ${vip} has nobody to own it: there is no control plane`,
        hint: 'The VIP is owned by the control plane that etcd elects.',
      },
      ['network', 'vip'],
    ),
  ];
}

function checkTailnet(cluster: LintedCluster): readonly Finding[] {
  const { host } = cluster.endpoint;
  const isTailnet =
    host.endsWith('.ts.net') ||
    (isInside(host, CGNAT) && !isInside(cluster.network.subnet?.split('/')[0] ?? '', CGNAT));
  if (!isTailnet) return [];
  const message = `\`endpoint\` host ${host} is known to a tailnet only: with the tailnet, its DNS or an expired key down, no node finds the API server`;
  return [
    findingAt(
      cluster,
      {
        severity: 'warning',
        rule: 'endpoint-on-tailnet',
        message,
        hint: 'Use an address of the LAN, and put the tailnet name into `certSANs` for people.',
      },
      ['endpoint', 'url'],
      ['endpoint'],
    ),
  ];
}
