/**
 * Invents machines that fit a spec: the MACs, UUIDs and serials that it names, disks that its selectors find with room for its volumes, and for
 * VMs the hardware that it declares. What the spec leaves open is made up from the node's name, the same every time.
 */
import type { DiskDefinition, InitialAddress, LinkDefinition, MachineDefinition } from './definition.ts';
import type { Cluster, DiskSelector, NodeSpec } from '../spec/model.ts';
import { seededBytes, seededUuid } from './seeded.ts';

export interface MachinesOptions {
  /** Schematic id that each node's boot image carries. */
  readonly schematicOf?: (node: NodeSpec) => string | undefined;
  readonly seed?: string;
}

const GIB = 2 ** 30;
const DEFAULT_DISK_BYTES = 256 * GIB;

/** One machine per node, called like it, switched off, with nothing on its disks and the node's image to boot. */
export function machinesFor(cluster: Cluster, options: MachinesOptions = {}): readonly MachineDefinition[] {
  const seed = options.seed ?? cluster.name;
  return cluster.nodes.map((node, index) =>
    machineFor(cluster, node, { index, seed, schematic: options.schematicOf?.(node) ?? node.image.schematic }),
  );
}

interface Place {
  readonly index: number;
  readonly seed: string;
  readonly schematic: string | undefined;
}

function machineFor(cluster: Cluster, node: NodeSpec, place: Place): MachineDefinition {
  const { seed, schematic } = place;
  const purpose = `${cluster.name}/${node.name}`;
  const isVm = node.proxmox !== undefined || node.platform === 'nocloud';
  const links = linksFor(node, seed, purpose);
  return {
    name: node.name,
    uuid: node.identity.uuid ?? seededUuid(seed, `${purpose}/uuid`),
    serial: node.identity.serial ?? `SIM${hex(seed, `${purpose}/serial`, 5).toUpperCase()}`,
    manufacturer: isVm ? 'QEMU' : 'Simulated',
    productName: isVm ? 'Standard PC (Q35 + ICH9, 2009)' : 'Simulated machine',
    links,
    disks: disksFor(node, isVm, { seed, purpose }),
    memoryBytes: sizeOf(node.proxmox?.['memory']) ?? 16 * GIB,
    cores: typeof node.proxmox?.['cores'] === 'number' ? node.proxmox['cores'] : 4,
    arch: node.image.arch,
    platform: node.platform,
    media: {
      talos: node.talos,
      ...(schematic === undefined ? {} : { schematic }),
      kernelArgs: node.image.kernelArgs,
      extensions: node.image.extensions,
    },
    bootOrder: ['disk', 'media'],
    addresses: [initialAddress(cluster, node, place)],
  };
}

function linksFor(node: NodeSpec, seed: string, purpose: string): readonly LinkDefinition[] {
  const named = node.links.filter(
    (link) =>
      link.mac !== undefined || (link.name !== undefined && link.bond === undefined && link.bridge === undefined),
  );
  const members = node.links
    .flatMap((link) => memberNames(link.bond))
    .concat(node.links.flatMap((link) => memberNames(link.bridge)));
  const macs = [
    ...new Set([...node.identity.macs, ...named.map((link) => link.mac).filter((mac) => mac !== undefined)]),
  ];
  const names = [
    ...new Set([
      ...(node.link === undefined ? [] : [node.link]),
      ...named.map((link) => link.name).filter((name) => name !== undefined),
      ...members,
    ]),
  ].filter((name) => !name.includes('.') && !/^(bond|br|wg|dummy)\d*/.test(name));
  const count = Math.max(1, macs.length, names.length);
  return Array.from({ length: count }, (_, index) => {
    const byMac = named.find((link) => link.mac !== undefined && link.mac === macs[index])?.name;
    return {
      name: byMac ?? names[index] ?? `eth${index}`,
      mac: macs[index] ?? inventedMac(seed, `${purpose}/mac/${index}`),
      driver: node.proxmox === undefined ? 'e1000e' : 'virtio_net',
      busPath: `0000:0${index + 1}:00.0`,
    };
  });
}

function memberNames(part: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const members = part?.['interfaces'] ?? part?.['links'];
  return Array.isArray(members) ? members.filter((name): name is string => typeof name === 'string') : [];
}

/** Where the machine answers before it has a config: the address that it is to keep where the image or a reservation gives it, else a lease. */
function initialAddress(cluster: Cluster, node: NodeSpec, { index, seed }: Place): InitialAddress {
  const gateway = node.gateway ?? cluster.network.gateway;
  const withGateway = gateway === undefined ? {} : { gateway };
  const [base, bits] = (cluster.network.subnet ?? '10.0.0.0/24').split('/');
  const prefix = Number(bits ?? 24);
  if (node.address.kind === 'reserved') return { kind: 'dhcp', ip: node.address.ip, prefix, ...withGateway };
  const hasIdentity =
    node.identity.macs.length > 0 ||
    node.identity.uuid !== undefined ||
    node.identity.serial !== undefined ||
    node.identity.vmid !== undefined;
  if (node.address.kind === 'static' && !hasIdentity)
    return { kind: 'static', ip: node.address.ip, prefix: node.address.prefix, ...withGateway };
  return {
    kind: 'dhcp',
    ip: freeAddress(cluster, base ?? '10.0.0.0', prefix, { index, seed, schematic: undefined }),
    prefix,
    ...withGateway,
  };
}

/** DHCP servers hand out addresses near the ones they know; no wider than a /22, which is what a search of the network covers. */
const LEASE_PREFIX = 22;

/** An address near the wanted ones that the spec does not use. */
function freeAddress(cluster: Cluster, base: string, prefix: number, { index }: Place): string {
  const wanted = cluster.nodes.flatMap((node) => (node.address.kind === 'dhcp' ? [] : node.address.ip));
  const taken = new Set([cluster.network.gateway, cluster.network.vip, cluster.endpoint.host, ...wanted]);
  const size = 2 ** (32 - Math.max(prefix, LEASE_PREFIX));
  const near = numberOf(prefix < LEASE_PREFIX ? (wanted[0] ?? base) : base);
  const start = near - (near % size);
  let skipped = 0;
  for (let offset = size - 6; offset > 0; offset -= 1) {
    const value = start + offset;
    const ip = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    if (taken.has(ip)) continue;
    if (skipped === index) return ip;
    skipped += 1;
  }
  return base;
}

function numberOf(ip: string): number {
  let value = 0;
  for (const part of ip.split('.')) value = value * 256 + Number(part);
  return value;
}

interface DiskPlace {
  readonly seed: string;
  readonly purpose: string;
}

function disksFor(node: NodeSpec, isVm: boolean, place: DiskPlace): readonly DiskDefinition[] {
  const system = diskFor(node.install.disk ?? {}, {
    isVm,
    bytes: sizeOf(node.proxmox?.['disk']) ?? DEFAULT_DISK_BYTES,
    number: 0,
    ...place,
  });
  const device = node.install.device?.replace(/^\/dev\//, '');
  const disks: DiskDefinition[] = [
    device === undefined || device.startsWith('disk/') ? system : { ...system, name: device },
  ];
  for (const volume of node.volumes) {
    if (volume.kind === 'system') continue;
    const bytes = Number(volume.maxSizeBytes ?? volume.minSizeBytes ?? BigInt(100 * GIB));
    const fits = disks.findIndex((disk) => isFor(disk, volume.disk));
    const found = disks[fits];
    if (found === undefined)
      disks.push(diskFor(volume.disk, { isVm, bytes: bytes * 1.05 + GIB, number: disks.length, ...place }));
    else disks[fits] = { ...found, sizeBytes: Math.ceil(found.sizeBytes + bytes) };
  }
  return disks;
}

function isFor(disk: DiskDefinition, selector: DiskSelector): boolean {
  if (selector.serial !== undefined) return disk.serial === selector.serial;
  if (selector.name !== undefined) return disk.name === selector.name;
  if (selector.model !== undefined) return disk.model === selector.model.replaceAll('*', '');
  if (selector.type !== undefined)
    return (
      disk.transport === transportOf(selector, false) || (selector.type === 'virtio' && disk.transport === 'virtio')
    );
  return (
    selector.match === undefined ||
    (selector.match.includes('nvme') ? disk.transport === 'nvme' : !selector.match.includes('!system_disk'))
  );
}

interface DiskWants extends DiskPlace {
  readonly isVm: boolean;
  readonly bytes: number;
  readonly number: number;
}

function diskFor(selector: DiskSelector, { isVm, bytes, number, seed, purpose }: DiskWants): DiskDefinition {
  const transport = transportOf(selector, isVm);
  const letter = 'abcdefgh'.charAt(number);
  const name =
    selector.name ??
    (transport === 'nvme'
      ? `nvme${number}n1`
      : transport === 'virtio'
        ? `vd${letter}`
        : transport === 'mmc'
          ? `mmcblk${number}`
          : `sd${letter}`);
  const serial = fill(selector.serial) ?? `S${hex(seed, `${purpose}/disk/${number}`, 5).toUpperCase()}`;
  return {
    name,
    transport,
    sizeBytes: Math.ceil(sizeWanted(selector, bytes)),
    model: fill(selector.model) ?? (transport === 'virtio' ? 'QEMU HARDDISK' : 'SIMULATED SSD'),
    rotational: selector.type === 'hdd',
    ...(transport === 'virtio' && selector.serial === undefined ? {} : { serial }),
    wwid: fill(selector.wwid) ?? `naa.5${hex(seed, `${purpose}/wwid/${number}`, 7)}0`,
    ...(selector.uuid === undefined ? {} : { uuid: selector.uuid }),
    ...(selector.modalias === undefined ? {} : { modalias: fill(selector.modalias) ?? '' }),
    ...busPathOf(selector, transport, number),
  };
}

/** The path of a virtio disk names its bus: it is what tells it apart for the legacy selector, which knows no such type. */
function busPathOf(selector: DiskSelector, transport: string, number: number): Pick<DiskDefinition, 'busPath'> {
  if (selector.busPath !== undefined) return { busPath: fill(selector.busPath) ?? '' };
  return transport === 'virtio' ? { busPath: `/pci0000:00/0000:00:0${5 + number}.0/virtio${1 + number}` } : {};
}

function transportOf(selector: DiskSelector, isVm: boolean): DiskDefinition['transport'] {
  const quoted = /transport\s*==\s*["'](\w+)["']/.exec(selector.match ?? '')?.[1];
  if (quoted === 'nvme' || selector.type === 'nvme' || selector.name?.startsWith('nvme') === true) return 'nvme';
  if (quoted === 'virtio' || selector.type === 'virtio') return 'virtio';
  if (selector.type === 'sd') return 'mmc';
  return isVm && selector.type === undefined ? 'virtio' : 'ata';
}

/** A size that the selector's comparison accepts. */
function sizeWanted(selector: DiskSelector, bytes: number): number {
  const match = /^\s*(==|>=|<=|>|<)?\s*(.+)$/.exec(selector.size ?? '');
  const wanted = sizeOf(match?.[2]);
  if (wanted === undefined) return bytes;
  if (match?.[1] === undefined || match[1] === '==') return wanted;
  if (match[1].startsWith('>')) return Math.max(bytes, wanted * 1.1);
  return Math.min(bytes, wanted * 0.9);
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: 2 ** 20,
  G: GIB,
  T: 2 ** 40,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB,
  TIB: 2 ** 40,
};

function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  const match = typeof value === 'string' ? /^\s*([\d.]+)\s*([a-zA-Z]*)\s*$/.exec(value) : null;
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** A value that a glob of Talos matches. */
function fill(pattern: string | undefined): string | undefined {
  return pattern?.replaceAll('*', '').replaceAll('?', '0');
}

function hex(seed: string, purpose: string, bytes: number): string {
  return Buffer.from(seededBytes(seed, purpose, bytes)).toString('hex');
}

/** Locally administered, so that it can be nobody's. */
function inventedMac(seed: string, purpose: string): string {
  const tail =
    Buffer.from(seededBytes(seed, purpose, 5))
      .toString('hex')
      .match(/../g) ?? [];
  return ['02', ...tail].join(':');
}
