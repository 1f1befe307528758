/** What Talos accepts in a META 0xa document and would still not do what was meant: layers, link names, missing links and routes. */
import { BlockList, isIP } from 'node:net';
import type { PlatformNetwork } from './platform-network.ts';

export interface MetaFinding {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
}

export interface MetaSurroundings {
  /** Arguments of the same image: `net.ifnames=0` decides how links are called. */
  readonly kernelArgs: readonly string[];
  /** Link names as the node reports them, when it was seen. */
  readonly links?: readonly string[];
  /** Whether the schematic goes to a factory that others can read. */
  readonly isPublicFactory: boolean;
}

export function lintPlatformNetwork(network: PlatformNetwork, surroundings: MetaSurroundings): readonly MetaFinding[] {
  return [
    ...lintLayers(network),
    ...lintLinkNames(network, surroundings),
    ...lintLinks(network),
    ...lintGateways(network),
    ...privacy(surroundings),
  ];
}

function lintLayers(network: PlatformNetwork): readonly MetaFinding[] {
  const sections = {
    addresses: network.addresses,
    links: network.links,
    routes: network.routes,
    hostnames: network.hostnames,
    resolvers: network.resolvers,
    timeServers: network.timeServers,
    operators: network.operators,
  };
  return Object.entries(sections).flatMap(([section, entries]) =>
    (entries ?? []).flatMap((entry, index) =>
      entry.layer === 'platform'
        ? []
        : [
            {
              severity: 'error' as const,
              rule: 'meta-layer',
              message: `META 0xa: ${section}[${index}] has layer ${entry.layer}; the platform's values must say platform`,
              hint: 'layer: platform',
            },
          ],
    ),
  );
}

/** Names the document uses for links that must exist by themselves. */
function physicalNames(network: PlatformNetwork): ReadonlySet<string> {
  const logical = new Set((network.links ?? []).filter((link) => link.logical === true).map(({ name }) => name));
  const used = [
    ...(network.addresses ?? []).map(({ linkName }) => linkName),
    ...(network.links ?? []).flatMap(({ name, parentName }) =>
      parentName === undefined ? [name] : [name, parentName],
    ),
    ...(network.routes ?? []).flatMap(({ outLinkName }) => (outLinkName === undefined ? [] : [outLinkName])),
    ...(network.operators ?? []).map(({ linkName }) => linkName),
  ];
  return new Set(used.filter((name) => name !== '' && !logical.has(name)));
}

function lintLinkNames(network: PlatformNetwork, { kernelArgs, links }: MetaSurroundings): readonly MetaFinding[] {
  const isClassic = kernelArgs.includes('net.ifnames=0');
  const findings: MetaFinding[] = [];
  for (const name of physicalNames(network)) {
    if (links !== undefined && !links.includes(name)) {
      findings.push({
        severity: 'error',
        rule: 'meta-link-name',
        message: `META 0xa names the link ${name}, and the node has ${links.join(', ')}`,
      });
    } else if (/^eth\d+$/.test(name) && !isClassic) {
      findings.push({
        severity: 'error',
        rule: 'meta-link-name',
        message: `META 0xa names the link ${name}, but links get predictable names such as enp1s0`,
        hint: 'Add the kernel argument net.ifnames=0 to the same image, or write the predictable name.',
      });
    } else if (/^en[opsx]/.test(name) && isClassic) {
      findings.push({
        severity: 'error',
        rule: 'meta-link-name',
        message: `META 0xa names the link ${name}, but net.ifnames=0 calls links eth0, eth1, …`,
      });
    }
  }
  return findings;
}

function lintLinks(network: PlatformNetwork): readonly MetaFinding[] {
  const declared = new Set((network.links ?? []).map(({ name }) => name));
  const addressed = new Set((network.addresses ?? []).map(({ linkName }) => linkName));
  return [...addressed]
    .filter((name) => !declared.has(name))
    .map((name) => ({
      severity: 'warning' as const,
      rule: 'meta-link-keeps-dhcp',
      message: `META 0xa gives ${name} an address and has no entry for it under links: DHCP stays on there`,
      hint: `links: [{name: ${name}, up: true, layer: platform}]`,
    }));
}

function lintGateways(network: PlatformNetwork): readonly MetaFinding[] {
  const onLink = new BlockList();
  for (const { address } of network.addresses ?? []) {
    const [host = '', bits = ''] = address.split('/');
    if (isIP(host) !== 0) onLink.addSubnet(host, Number(bits), isIP(host) === 4 ? 'ipv4' : 'ipv6');
  }
  return (network.routes ?? []).flatMap(({ gateway }) => {
    if (gateway === undefined || isIP(gateway) === 0 || gateway.startsWith('fe80:')) return [];
    if (onLink.check(gateway, isIP(gateway) === 4 ? 'ipv4' : 'ipv6')) return [];
    return [
      {
        severity: 'error' as const,
        rule: 'meta-gateway-unreachable',
        message: `META 0xa: gateway ${gateway} lies in none of the addresses' subnets`,
      },
    ];
  });
}

function privacy({ isPublicFactory }: MetaSurroundings): readonly MetaFinding[] {
  if (!isPublicFactory) return [];
  return [
    {
      severity: 'notice',
      rule: 'meta-public',
      message:
        'the schematic holds this network document, needs an image of its own for each node, and can be read at the public factory by anyone who knows its id',
      hint: 'A self-hosted factory, or INSTALLER_META_BASE64 in an own boot script, keeps it private.',
    },
  ];
}
