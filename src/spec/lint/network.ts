/** The effective network (design §1.9): what would take a node off the network, or leave it on the wrong one. */
import type { Finding } from '../finding.ts';
import { isInside, overlaps, parseCidr } from '../ip.ts';
import type { NodeSpec } from '../model.ts';
import { controlPlanes } from '../model.ts';
import type { EffectiveLink } from '../network/effective.ts';
import { describeSelector } from '../network/effective.ts';
import { textsAt } from '../patch-facts.ts';
import { CGNAT } from './endpoint.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const networkRules: readonly LintRule[] = [
  { name: 'no static address beside a DHCP lease', check: (cluster) => onEachNode(cluster, checkStaticBesideDhcp) },
  { name: 'a link with a VIP or MTU has an address or DHCP', check: (cluster) => onEachNode(cluster, checkBareLinks) },
  { name: 'links are not chosen by kernel names', check: (cluster) => onEachNode(cluster, checkNames) },
  { name: 'a LAN inside 100.64.0.0/10 is declared to etcd, kubelet and Tailscale', check: checkCgnat },
  { name: 'etcd and kubelet need no extension service', check: (cluster) => onEachNode(cluster, checkDependence) },
  {
    name: 'MagicDNS is not the first resolver of a control plane',
    check: (cluster) => onEachNode(cluster, checkMagicDns),
  },
  { name: 'KubeSpan has discovery', check: checkKubeSpan },
  { name: 'a CNI that replaces kube-proxy reaches the API by KubePrism', check: checkKubeProxy },
];

const MAGIC_DNS = '100.100.100.100';

function onEachNode(
  cluster: LintedCluster,
  check: (cluster: LintedCluster, node: NodeSpec) => readonly Finding[],
): readonly Finding[] {
  return cluster.nodes.flatMap((node) => check(cluster, node));
}

function atLink(
  cluster: LintedCluster,
  node: NodeSpec,
  link: EffectiveLink,
  problem: Omit<Finding, 'where' | 'frame' | 'node'>,
): Finding {
  const where = link.places.at(-1);
  return where === undefined
    ? findingAt(cluster, { ...problem, node: node.name }, ['nodes', node.name])
    : { ...problem, node: node.name, where };
}

/** Every veth of a pod makes Talos weigh the addresses anew; with two of them the node's address flips and containerd dies (F2-1). */
function checkStaticBesideDhcp(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const { links, defaultDhcp } = cluster.networkOf(node);
  const both = links
    .filter(({ dhcp, addresses }) => dhcp && addresses.length > 0)
    .map((link) => {
      const message = `link ${describeSelector(link.selector)} of \`${node.name}\` has the static address ${link.addresses.join(', ')} and a DHCP lease: the node's address would change between the two`;
      return atLink(cluster, node, link, {
        severity: 'error',
        rule: 'static-beside-dhcp',
        message,
        hint: 'Set `dhcp: false` there, or leave the static address out.',
      });
    });
  const bootIp = node.image.kernelArgs.find((argument) => /^ip=\d/.test(argument));
  if (bootIp === undefined || !(defaultDhcp || links.some(({ dhcp }) => dhcp))) return both;
  const message = `\`${node.name}\` gets an address by kernel argument (${bootIp}) and a DHCP lease as well`;
  return [
    ...both,
    findingAt(
      cluster,
      {
        severity: 'error',
        rule: 'static-beside-dhcp',
        message,
        hint: 'Give the address as `address:`; that switches DHCP off on its link.',
        node: node.name,
      },
      ['nodes', node.name, 'image', 'kernelArgs'],
    ),
  ];
}

/** Any entry for a link ends its default DHCP (F0-8, F1-40). */
function checkBareLinks(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster.networkOf(node).links.flatMap((link) => {
    const isBare = !link.dhcp && link.addresses.length === 0 && !link.isVirtual;
    const what = [link.vips.length > 0 ? 'a VIP' : '', link.mtu === undefined ? '' : 'an MTU']
      .filter((text) => text !== '')
      .join(' and ');
    if (!isBare || what === '') return [];
    const message = `link ${describeSelector(link.selector)} of \`${node.name}\` has ${what}, but neither an address nor DHCP: the entry switches default DHCP off, and the node leaves the network`;
    return [
      atLink(cluster, node, link, {
        severity: 'error',
        rule: 'link-without-address',
        message,
        hint: 'Add `dhcp: true` or an address to that entry; a VIP belongs into `network.vip`.',
      }),
    ];
  });
}

function checkNames(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const isPinned = node.image.kernelArgs.includes('net.ifnames=0');
  return cluster.networkOf(node).links.flatMap((link) => {
    if (link.selector.kind !== 'name' || link.isVirtual) return [];
    const { name } = link.selector;
    if (/^eth\d+$/.test(name) && !isPinned) {
      const message = `link ${name} of \`${node.name}\` will most likely not exist: Talos names links by their place in the hardware (eno1, enp3s0)`;
      return [
        atLink(cluster, node, link, {
          severity: 'error',
          rule: 'link-name-unlikely',
          message,
          hint: 'Choose it by `mac`, or add the kernel argument net.ifnames=0.',
        }),
      ];
    }
    if (!/^(eth|en|wl|ww)/.test(name)) return [];
    const message = `link ${name} of \`${node.name}\` is chosen by its name: another card or disk in the machine renames it, and the node comes up without an address`;
    return [
      atLink(cluster, node, link, {
        severity: 'warning',
        rule: 'link-pinned-by-name',
        message,
        hint: 'Choose it by `mac`, or by a selector such as {physical: true}.',
      }),
    ];
  });
}

function checkCgnat(cluster: LintedCluster): readonly Finding[] {
  const { subnet } = cluster.network;
  const [lan, cgnat] = [parseCidr(subnet ?? ''), parseCidr(CGNAT)];
  if (lan === undefined || cgnat === undefined || subnet === undefined || !overlaps(lan, cgnat)) return [];
  const undeclared = controlPlanes(cluster).filter((node) => {
    const network = cluster.networkOf(node);
    return network.etcdSubnets.length === 0 || network.kubeletSubnets.length === 0;
  });
  const usesTailscale =
    cluster.features.some(({ name }) => name === 'tailscale') ||
    cluster.nodes.some((node) =>
      cluster
        .patchesOf(node)
        .documents.some(({ kind, name }) => kind === 'ExtensionServiceConfig' && name === 'tailscale'),
    );
  const message = `the LAN ${subnet} lies in 100.64.0.0/10, the range of tailnets: addresses of the two cannot be told apart${usesTailscale ? ', and Tailscale drops LAN peers without --netfilter-mode=nodivert' : ''}`;
  const hint = `Set cluster.etcd.advertisedSubnets and machine.kubelet.nodeIP.validSubnets to ${subnet} by patch in the first apply${usesTailscale ? ', and give Tailscale the flag' : ''}.`;
  const severity = undeclared.length > 0 && usesTailscale ? 'error' : 'warning';
  return [findingAt(cluster, { severity, rule: 'lan-in-cgnat', message, hint }, ['network', 'subnet'])];
}

/** The tailnet comes up after etcd and needs the internet: with a deleted auth key there was no quorum for an hour (F1-1). */
function checkDependence(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const { subnet } = cluster.network;
  const isLan = (cidr: string): boolean => subnet !== undefined && isInside(cidr.split('/')[0] ?? '', subnet);
  const found: Finding[] = [];
  const paths = [
    ['cluster', 'etcd', 'advertisedSubnets'],
    ['cluster', 'etcd', 'listenSubnets'],
    ['machine', 'kubelet', 'nodeIP', 'validSubnets'],
    ['nodeIP', 'validSubnets'],
  ];
  for (const document of cluster.patchesOf(node).documents) {
    for (const path of paths) {
      for (const cidr of textsAt(document.value, ...path)) {
        const ip = cidr.replace(/^!/, '').split('/')[0] ?? '';
        if (cidr.startsWith('!') || !isInside(ip, CGNAT) || isLan(cidr)) continue;
        const who = path.includes('etcd') ? 'etcd' : 'the kubelet';
        const where = document.place(path);
        const message = `${who} of \`${node.name}\` is to use ${cidr}, a network that exists only while the Tailscale extension runs and its key is good`;
        found.push({
          severity: node.role === 'controlplane' ? 'error' : 'warning',
          rule: 'depends-on-extension',
          message,
          hint: `Use the LAN${subnet === undefined ? '' : ` ${subnet}`}.`,
          node: node.name,
          ...(where && { where }),
        });
      }
    }
  }
  return found;
}

function checkMagicDns(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const { nameservers } = cluster.networkOf(node);
  if (node.role !== 'controlplane' || nameservers[0] !== MAGIC_DNS) return [];
  const where = cluster
    .patchesOf(node)
    .documents.find(
      (document) =>
        document.value['kind'] === 'ResolverConfig' ||
        textsAt(document.value, 'machine', 'network', 'nameservers').includes(MAGIC_DNS),
    )
    ?.place(['machine', 'network', 'nameservers']);
  const message = `\`${node.name}\` asks ${MAGIC_DNS} (MagicDNS) ${nameservers.length === 1 ? 'alone' : 'first'}: until the tailnet is up it resolves nothing, and Tailscale itself must resolve names to come up`;
  const finding = findingAt(
    cluster,
    {
      severity: 'error',
      rule: 'magic-dns-first',
      message,
      hint: 'Put resolvers of the LAN or public ones first.',
      node: node.name,
    },
    ['nodes', node.name, 'nameservers'],
    ['network', 'nameservers'],
  );
  return [where === undefined ? finding : { ...finding, where }];
}

function checkKubeSpan(cluster: LintedCluster): readonly Finding[] {
  if (!cluster.network.kubeSpan || cluster.network.discovery) return [];
  return [
    findingAt(
      cluster,
      {
        severity: 'error',
        rule: 'kubespan-without-discovery',
        message: "`kubeSpan` needs `discovery`: nodes find each other's keys and endpoints there",
        hint: 'Set `network.discovery: true`.',
      },
      ['network', 'kubeSpan'],
    ),
  ];
}

function checkKubeProxy(cluster: LintedCluster): readonly Finding[] {
  const { kubeProxy, kubePrism, cni } = cluster.network;
  if (kubeProxy) return [];
  if (cni.kind === 'flannel') {
    return [
      findingAt(
        cluster,
        {
          severity: 'error',
          rule: 'no-kube-proxy',
          message: '`kubeProxy: false` with flannel: nothing would serve Kubernetes services',
          hint: 'Leave kube-proxy on, or take a CNI that replaces it (`cni: none` and Cilium).',
        },
        ['network', 'kubeProxy'],
      ),
    ];
  }
  if (kubePrism.enabled) return [];
  const message =
    'without kube-proxy the CNI needs an address of the API that exists before any service: KubePrism is off, and the VIP has no owner until etcd runs';
  return [
    findingAt(
      cluster,
      {
        severity: 'error',
        rule: 'kubeprism-off',
        message,
        hint: `Leave \`kubePrism\` on and give the CNI localhost:${kubePrism.port}.`,
      },
      ['network', 'kubePrism'],
    ),
  ];
}
