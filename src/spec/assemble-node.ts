/** One machine of the model: its short forms (`disk: nvme`, `address: 10.0.4.101`, `taints: {x: NoSchedule}`) written out. */
import type { AssembleInput } from './assembly.ts';
import { originAt, withV } from './assembly.ts';
import type { Finding } from './finding.ts';
import { parseCidr, parseIp } from './ip.ts';
import type {
  ClusterNetwork,
  DiskSelector,
  Identity,
  ImageWants,
  Install,
  Link,
  NodeAddress,
  NodeSpec,
  Patch,
  Taint,
  Volume,
} from './model.ts';
import type { DiskInput, LinkInput, NodeInput, VolumeInput } from './schema/node.ts';
import { beside } from './secret-reference.ts';
import { parseSize } from './size.ts';
import type { Path } from './tree.ts';
import { treeAt } from './tree.ts';

export interface NodeAssembly extends AssembleInput {
  readonly name: string;
  readonly node: NodeInput;
  readonly network: ClusterNetwork;
  readonly findings: Finding[];
}

const SYSTEM_VOLUMES = ['EPHEMERAL', 'STATE', 'IMAGECACHE', 'META', 'BOOT', 'EFI'];
const DISK_TYPES = ['ssd', 'hdd', 'nvme', 'sd', 'virtio'] as const;
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

export function assembleNode(assembly: NodeAssembly): NodeSpec {
  const { name, node, tree } = assembly;
  if (node.role === undefined) {
    report(assembly, [], {
      rule: 'missing-role',
      message: `node \`${name}\` has no role`,
      hint: 'Write `role: controlplane` or `role: worker`, on the node or on its class.',
    });
  }
  return {
    name,
    role: node.role ?? 'worker',
    classes: assembly.classes.get(name) ?? [],
    platform: node.platform ?? 'metal',
    talos: withV(node.talos ?? assembly.document.talos),
    kubernetes: withV(node.kubernetes ?? assembly.document.kubernetes),
    address: addressOf(assembly),
    identity: identityOf(node),
    ...(node.link !== undefined && { link: node.link }),
    links: (node.links ?? []).map(linkOf),
    nameservers: node.nameservers ?? [],
    timeservers: node.timeservers ?? [],
    ...(node.gateway !== undefined && { gateway: node.gateway }),
    install: installOf(assembly),
    hardware: node.hardware ?? [],
    image: imageOf(node),
    volumes: Object.entries(node.volumes ?? {}).map(([volume, written]) => volumeOf(assembly, volume, written)),
    labels: node.labels ?? {},
    annotations: node.annotations ?? {},
    taints: taintsOf(assembly),
    certSANs: node.certSANs ?? [],
    boot: node.boot ?? {},
    ...(node.proxmox && { proxmox: node.proxmox }),
    ...(node.power && { power: node.power }),
    patches: patchesOf(assembly),
    origin: originAt(tree, ['nodes', name]) ?? { layer: { kind: 'node', name } },
  };
}

function report(
  assembly: NodeAssembly,
  path: Path,
  problem: { readonly rule: string; readonly message: string; readonly hint?: string },
): void {
  const where = (
    originAt(assembly.tree, ['nodes', assembly.name, ...path]) ?? originAt(assembly.tree, ['nodes', assembly.name])
  )?.where;
  assembly.findings.push({ severity: 'error', ...problem, ...(where && { where }), node: assembly.name });
}

function addressOf(assembly: NodeAssembly): NodeAddress {
  const written = assembly.node.address;
  if (written === undefined || written === 'dhcp') return { kind: 'dhcp' };
  if (typeof written === 'object') return { kind: 'reserved', ip: written.reserved };
  const [ip = written, prefix] = written.split('/');
  if (prefix !== undefined) return { kind: 'static', ip, prefix: Number(prefix) };
  const subnet = parseCidr(assembly.network.subnet ?? '');
  const parsed = parseIp(ip);
  if (subnet !== undefined && parsed !== undefined && subnet.ip.kind() === parsed.kind())
    return { kind: 'static', ip, prefix: subnet.prefix };
  const message = `\`nodes.${assembly.name}.address\` ${ip} has no prefix, and no \`network.subnet\` of its kind gives one`;
  report(assembly, ['address'], {
    rule: 'address-without-prefix',
    message,
    hint: `Set \`network.subnet\`, or write ${ip}/24.`,
  });
  return { kind: 'static', ip, prefix: parsed?.kind() === 'ipv6' ? 64 : 24 };
}

function identityOf(node: NodeInput): Identity {
  const macs = node.mac === undefined ? [] : typeof node.mac === 'string' ? [node.mac] : node.mac;
  return {
    macs: macs.map(canonicalMac),
    ...(node.uuid !== undefined && { uuid: node.uuid.toLowerCase() }),
    ...(node.serial !== undefined && { serial: node.serial }),
    ...(node.proxmox?.vmid !== undefined && { vmid: node.proxmox.vmid }),
  };
}

function canonicalMac(mac: string): string {
  return mac.toLowerCase().replaceAll('-', ':');
}

function linkOf(written: LinkInput): Link {
  const { name, mac, selector, addresses, dhcp, mtu, routes, bond, bridge, vlans, vip, ...rest } = written;
  return {
    ...(name !== undefined && { name }),
    ...(mac !== undefined && { mac: canonicalMac(mac) }),
    ...(selector && { selector }),
    addresses: addresses ?? [],
    ...(dhcp !== undefined && { dhcp }),
    ...(mtu !== undefined && { mtu }),
    routes: routes ?? [],
    ...(bond && { bond }),
    ...(bridge && { bridge }),
    vlans: vlans ?? [],
    ...(vip !== undefined && { vip }),
    rest,
  };
}

function installOf(assembly: NodeAssembly): Install {
  const written = assembly.node.install ?? {};
  const wipe = written.wipe ?? false;
  if (written.disk === undefined) return { ...(written.device !== undefined && { device: written.device }), wipe };
  if (typeof written.disk === 'string' && written.disk.startsWith('/dev/')) return { device: written.disk, wipe };
  if (written.device !== undefined) {
    report(assembly, ['install'], {
      rule: 'install-disk-twice',
      message: `node \`${assembly.name}\` names its install disk twice: \`disk\` and \`device\``,
      hint: 'Keep `disk`.',
    });
  }
  return { disk: diskOf(assembly, ['install', 'disk'], written.disk), wipe };
}

function diskOf(assembly: NodeAssembly, path: Path, written: DiskInput): DiskSelector {
  if (typeof written === 'object') {
    return withoutUndefined(written);
  }
  const type = DISK_TYPES.find((known) => known === written);
  if (type !== undefined) return { type };
  if (written === 'system') return { match: 'system_disk' };
  if (written.startsWith('/dev/')) return { match: `disk.dev_path == ${JSON.stringify(written)}` };
  const message = `\`${['nodes', assembly.name, ...path].join('.')}\`: ${JSON.stringify(written)} is no disk`;
  report(assembly, path, {
    rule: 'invalid-value',
    message,
    hint: `Write one of ${DISK_TYPES.join(', ')}, system, a path under /dev/, or a selector such as {serial: S6Z1}.`,
  });
  return {};
}

/** Zod types optional keys as `T | undefined`; the model says that they are absent. */
function withoutUndefined(written: Exclude<DiskInput, string>): DiskSelector {
  const { serial, wwid, model, type, size, busPath, name, modalias, uuid, match } = written;
  return {
    ...(serial !== undefined && { serial }),
    ...(wwid !== undefined && { wwid }),
    ...(model !== undefined && { model }),
    ...(type !== undefined && { type }),
    ...(size !== undefined && { size }),
    ...(busPath !== undefined && { busPath }),
    ...(name !== undefined && { name }),
    ...(modalias !== undefined && { modalias }),
    ...(uuid !== undefined && { uuid }),
    ...(match !== undefined && { match }),
  };
}

function imageOf(node: NodeInput): ImageWants {
  const written = node.image ?? {};
  return {
    extensions: written.extensions ?? [],
    kernelArgs: written.kernelArgs ?? [],
    ...(written.schematic !== undefined && { schematic: written.schematic }),
    ...(written.installer !== undefined && { installer: written.installer }),
    ...(written.factory !== undefined && { factory: written.factory }),
    secureboot: written.secureboot ?? false,
    arch: written.arch ?? 'amd64',
  };
}

function volumeOf(assembly: NodeAssembly, name: string, written: VolumeInput): Volume {
  const path = ['volumes', name];
  const exact = bytesOf(written.size);
  const minSizeBytes = exact ?? bytesOf(written.minSize);
  const maxSizeBytes = exact ?? bytesOf(written.maxSize);
  if (exact !== undefined && (written.minSize !== undefined || written.maxSize !== undefined)) {
    report(assembly, path, {
      rule: 'volume-size-twice',
      message: `volume \`${name}\` of \`${assembly.name}\` has \`size\` and also minSize or maxSize`,
      hint: '`size` means both.',
    });
  }
  if (minSizeBytes !== undefined && maxSizeBytes !== undefined && minSizeBytes > maxSizeBytes) {
    report(assembly, path, {
      rule: 'volume-sizes-crossed',
      message: `volume \`${name}\` of \`${assembly.name}\`: minSize is larger than maxSize`,
    });
  }
  return {
    name,
    ...(minSizeBytes !== undefined && { minSizeBytes }),
    ...(maxSizeBytes !== undefined && { maxSizeBytes }),
    grow: written.grow ?? false,
    disk: written.disk === undefined ? {} : diskOf(assembly, [...path, 'disk'], written.disk),
    ...(written.filesystem !== undefined && { filesystem: written.filesystem }),
    ...(written.encryption && { encryption: written.encryption }),
    kind: written.kind ?? (SYSTEM_VOLUMES.includes(name) ? 'system' : 'user'),
  };
}

function bytesOf(written: string | number | undefined): bigint | undefined {
  return written === undefined ? undefined : parseSize(String(written));
}

function taintsOf(assembly: NodeAssembly): Readonly<Record<string, Taint>> {
  const taints: Record<string, Taint> = {};
  for (const [key, written] of Object.entries(assembly.node.taints ?? {})) {
    if (typeof written === 'object') {
      taints[key] = { effect: written.effect, ...(written.value !== undefined && { value: written.value }) };
      continue;
    }
    const colon = written.lastIndexOf(':');
    const effect = TAINT_EFFECTS.find((known) => known === written.slice(colon + 1));
    if (effect === undefined) {
      const message = `\`nodes.${assembly.name}.taints.${key}\`: expected an effect of ${TAINT_EFFECTS.join(', ')}, found ${JSON.stringify(written)}`;
      report(assembly, ['taints', key], { rule: 'invalid-value', message });
      continue;
    }
    taints[key] = colon > 0 ? { value: written.slice(0, colon), effect } : { effect };
  }
  return taints;
}

function patchesOf(assembly: NodeAssembly): readonly Patch[] {
  const list = treeAt(assembly.tree, ['nodes', assembly.name, 'patches']);
  if (list?.kind !== 'list') return [];
  const patches: Patch[] = [];
  for (const [index, item] of list.items.entries()) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    if (!item.value.startsWith('@')) {
      patches.push({ text: item.value, origin: item.origin });
      continue;
    }
    const path = beside(item.origin.where?.file ?? assembly.file, item.value.slice(1));
    const text = assembly.readFile(path);
    if (text === undefined) {
      report(assembly, ['patches', index], {
        rule: 'file-not-found',
        message: `patch file ${path} cannot be read: there is no such file`,
        hint: 'The path is relative to the file that names it.',
      });
      continue;
    }
    patches.push({ text, origin: { layer: item.origin.layer, where: { file: path, line: 1, column: 1 } } });
  }
  return patches;
}
