/** Addresses and identities of machines: inside their subnet, nobody else's, each once. */
import type { Finding } from '../finding.ts';
import { canonicalIp, isInside, networkOf, parseCidr } from '../ip.ts';
import type { NodeSpec } from '../model.ts';
import { wantedIp } from '../model.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const addressRules: readonly LintRule[] = [
  {
    name: 'every address lies in the subnet, and is neither the gateway nor the VIP',
    check: (cluster) => cluster.nodes.flatMap((node) => checkAddress(cluster, node)),
  },
  { name: 'gateway and VIP lie in the subnet', check: checkNetworkAddresses },
  { name: 'addresses, MACs, VM ids, UUIDs and serials stand once', check: checkDuplicates },
];

function checkAddress(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const ip = wantedIp(node);
  if (ip === undefined) return [];
  const { subnet, gateway, vip } = cluster.network;
  const at = (rule: string, message: string, hint?: string): Finding =>
    findingAt(cluster, { severity: 'error', rule, message, node: node.name, ...(hint !== undefined && { hint }) }, [
      'nodes',
      node.name,
      'address',
    ]);
  const found: Finding[] = [];
  if (subnet !== undefined && parseCidr(subnet)?.ip.kind() === parseCidr(`${ip}/0`)?.ip.kind()) {
    const own = node.address.kind === 'static' && !isInside(ip, subnet) && node.gateway !== cluster.network.gateway;
    if (!isInside(ip, subnet) && !own)
      found.push(
        at(
          'address-outside-subnet',
          `${ip} of \`${node.name}\` lies outside of \`network.subnet\` ${subnet}: its gateway would not be reachable`,
          'Mend the address or the subnet; a machine on another network needs its own `gateway`.',
        ),
      );
    if (isReserved(ip, subnet))
      found.push(
        at('address-not-usable', `${ip} of \`${node.name}\` is the network or broadcast address of ${subnet}`),
      );
  }
  if (gateway !== undefined && canonicalIp(ip) === canonicalIp(gateway))
    found.push(at('address-is-gateway', `${ip} of \`${node.name}\` is the gateway's address`));
  if (vip !== undefined && canonicalIp(ip) === canonicalIp(vip))
    found.push(
      at(
        'address-is-vip',
        `${ip} of \`${node.name}\` is the VIP: a node must keep an address of its own when the VIP moves`,
      ),
    );
  return found;
}

/** IPv4 only: in IPv6 there is no broadcast, and the all-zeros address is merely unusual. */
function isReserved(ip: string, subnet: string): boolean {
  const cidr = parseCidr(subnet);
  if (cidr === undefined || cidr.ip.kind() !== 'ipv4' || cidr.prefix >= 31) return false;
  const bytes = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = bytes(networkOf(cidr).split('/')[0] ?? '');
  return bytes(ip) === first || bytes(ip) === first + 2 ** (32 - cidr.prefix) - 1;
}

function checkNetworkAddresses(cluster: LintedCluster): readonly Finding[] {
  const { subnet, gateway, vip } = cluster.network;
  if (subnet === undefined) return [];
  const found: Finding[] = [];
  if (gateway !== undefined && !isInside(gateway, subnet)) {
    found.push(
      findingAt(
        cluster,
        {
          severity: 'error',
          rule: 'gateway-outside-subnet',
          message: `\`network.gateway\` ${gateway} lies outside of \`network.subnet\` ${subnet}: no node could reach it`,
        },
        ['network', 'gateway'],
      ),
    );
  }
  if (vip !== undefined && !isInside(vip, subnet)) {
    const message = `\`network.vip\` ${vip} lies outside of \`network.subnet\` ${subnet}: a layer-2 VIP answers on the nodes' own network only`;
    found.push(findingAt(cluster, { severity: 'error', rule: 'vip-outside-subnet', message }, ['network', 'vip']));
  }
  if (vip !== undefined && gateway !== undefined && canonicalIp(vip) === canonicalIp(gateway)) {
    found.push(
      findingAt(
        cluster,
        { severity: 'error', rule: 'vip-is-gateway', message: `\`network.vip\` ${vip} is the gateway's address` },
        ['network', 'vip'],
      ),
    );
  }
  return found;
}

interface Claim {
  /** Default error. Hypervisors give disks of different VMs the same serial. */
  readonly severity?: 'warning';
  readonly what: string;
  readonly rule: string;
  readonly value: string;
  readonly node: NodeSpec;
  readonly path: readonly string[];
}

function checkDuplicates(cluster: LintedCluster): readonly Finding[] {
  const first = new Map<string, Claim>();
  const found: Finding[] = [];
  for (const claim of cluster.nodes.flatMap(claimsOf)) {
    const key = `${claim.rule}\0${claim.value}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, claim);
    else {
      const who =
        other.node === claim.node
          ? `twice on \`${claim.node.name}\``
          : `on \`${other.node.name}\` and \`${claim.node.name}\``;
      found.push(
        findingAt(
          cluster,
          {
            severity: claim.severity ?? 'error',
            rule: claim.rule,
            message: `${claim.what} ${claim.value} stands ${who}`,
            node: claim.node.name,
          },
          ['nodes', claim.node.name, ...claim.path],
          ['nodes', claim.node.name],
        ),
      );
    }
  }
  return found;
}

function claimsOf(node: NodeSpec): readonly Claim[] {
  const ip = wantedIp(node);
  const { macs, uuid, serial, vmid } = node.identity;
  return [
    ...(ip === undefined
      ? []
      : [{ what: 'address', rule: 'duplicate-address', value: canonicalIp(ip), node, path: ['address'] }]),
    ...macs.map((value) => ({ what: 'MAC', rule: 'duplicate-mac', value, node, path: ['mac'] })),
    ...(vmid === undefined
      ? []
      : [{ what: 'VM id', rule: 'duplicate-vmid', value: String(vmid), node, path: ['proxmox', 'vmid'] }]),
    ...(uuid === undefined ? [] : [{ what: 'UUID', rule: 'duplicate-uuid', value: uuid, node, path: ['uuid'] }]),
    ...(serial === undefined
      ? []
      : [{ what: 'serial number', rule: 'duplicate-serial', value: serial, node, path: ['serial'] }]),
    ...diskClaims(node),
  ];
}

/** A serial with `*` is a pattern, which may well fit several machines. */
function diskClaims(node: NodeSpec): readonly Claim[] {
  const serial = node.install.disk?.serial;
  if (serial === undefined || serial.includes('*')) return [];
  return [
    {
      what: 'disk serial',
      rule: 'duplicate-disk-serial',
      severity: 'warning',
      value: serial,
      node,
      path: ['install', 'disk', 'serial'],
    },
  ];
}
