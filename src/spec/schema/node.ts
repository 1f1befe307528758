/** What may be said of a machine: at a class, at a node, and (the part that makes sense there) for the whole cluster. */
import { z } from 'zod';
import {
  dnsLabel,
  freeMap,
  ip,
  ipOrCidr,
  mac,
  names,
  oneOrMore,
  secretReference,
  size,
  stringMap,
  version,
} from './scalars.ts';

const diskType = z.enum(['ssd', 'hdd', 'nvme', 'sd', 'virtio']);

export const diskSelector = z
  .strictObject({
    serial: z
      .string('expected text: put the serial number in quotes')
      .optional()
      .meta({ description: 'Serial number, in full or with * for anything.' }),
    wwid: z.string().optional().meta({ description: 'World wide id, in full or with * for anything.' }),
    model: z.string().optional().meta({ description: 'Model name, in full or with * for anything.' }),
    type: diskType.optional().meta({ description: 'Kind of disk; virtio is a virtual machine’s.' }),
    size: z
      .string('expected a comparison in quotes, such as ">= 100GB"')
      .regex(/^\s*(==|>=|<=|>|<)?\s*\d+\s*([KMGTP]i?B|B)?\s*$/, 'expected a comparison such as ">= 100GB"')
      .optional()
      .meta({ description: 'A comparison as Talos writes it: ">= 100GB".' }),
    busPath: z.string().optional(),
    name: z.string().optional(),
    modalias: z.string().optional(),
    uuid: z.string().optional(),
    match: z.string().optional().meta({ description: 'A CEL expression over `disk`, Talos’ own.' }),
  })
  .meta({ id: 'diskSelector', description: 'Chooses a disk by what it is. All given keys must hold.' });

const disk = z.union(
  [diskSelector, z.string()],
  'expected a disk selector such as {serial: S6Z1}, a type such as nvme, or /dev/…',
);

const install = z
  .strictObject({
    disk: disk
      .optional()
      .meta({ description: 'The disk to install Talos to: {serial: …}, a type such as nvme, or a /dev path.' }),
    device: z
      .string()
      .startsWith('/dev/', 'expected a path under /dev/')
      .optional()
      .meta({ description: 'The disk by its /dev path; prefer `disk` with a serial.' }),
    wipe: z
      .boolean('expected true or false')
      .optional()
      .meta({ description: 'Wipe the disk before installing. Default false.' }),
  })
  .meta({ id: 'install' });

const image = z
  .strictObject({
    extensions: names
      .optional()
      .meta({ description: 'System extensions by hand, beyond what hardware and features bring.' }),
    kernelArgs: names
      .optional()
      .meta({ description: 'Kernel arguments; a leading - removes one that the imager adds.' }),
    schematic: z
      .string()
      .optional()
      .meta({ description: 'Id of an Image Factory schematic, instead of a computed one.' }),
    installer: z
      .string()
      .optional()
      .meta({ description: 'Installer image, instead of the factory’s. Its tag must be the Talos version.' }),
    factory: z.string().optional().meta({ description: 'Host of the Image Factory. Default factory.talos.dev.' }),
    secureboot: z.boolean('expected true or false').optional(),
    arch: z.enum(['amd64', 'arm64']).optional(),
  })
  .meta({ id: 'image', description: 'The Talos image by hand.' });

const taintEffect = z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

const taint = z
  .union(
    [z.string(), z.strictObject({ value: z.string().optional(), effect: taintEffect })],
    'expected NoSchedule, PreferNoSchedule or NoExecute, or {value: …, effect: …}',
  )
  .meta({ id: 'taint', description: 'NoSchedule, value:NoSchedule, or {value, effect}.' });

export const link = z
  .looseObject({
    name: z
      .string()
      .optional()
      .meta({ description: 'Name of the link. Prefer mac or selector: names move when hardware changes.' }),
    mac: mac.optional(),
    selector: freeMap
      .optional()
      .meta({ description: 'Talos’ device selector: {physical: true}, {driver: …}, {busPath: …}, or {match: CEL}.' }),
    addresses: z.array(ipOrCidr).optional(),
    dhcp: z.boolean('expected true or false').optional(),
    mtu: z.int('expected a whole number').min(68).max(65536).optional(),
    routes: z.array(freeMap).optional(),
    bond: freeMap.optional(),
    bridge: freeMap.optional(),
    vlans: z.array(freeMap).optional(),
    vip: ip.optional(),
  })
  .meta({ id: 'link', description: 'One network link in Talos’ own words.' });

const volume = z
  .strictObject({
    kind: z
      .enum(['user', 'raw', 'existing', 'swap', 'system'])
      .optional()
      .meta({ description: 'Default user; EPHEMERAL, STATE and IMAGECACHE are system.' }),
    size: size.optional().meta({ description: 'Exactly this size (minimum = maximum).' }),
    minSize: size.optional(),
    maxSize: size.optional(),
    grow: z
      .boolean('expected true or false')
      .optional()
      .meta({ description: 'Take all free space up to maxSize. Default false.' }),
    disk: disk
      .optional()
      .meta({ description: 'A type such as nvme, `system` for the disk Talos is installed on, or a selector.' }),
    filesystem: z.enum(['xfs', 'ext4']).optional(),
    encryption: freeMap.optional().meta({ description: 'Talos’ encryption block.' }),
  })
  .meta({ id: 'volume' });

const boot = z.strictObject({
  primary: z.enum(['disk', 'usb', 'pxe', 'http', 'iso', 'redfish']).optional(),
  backup: z.enum(['disk', 'usb', 'pxe', 'http', 'iso', 'redfish']).optional(),
});

/** Names as in Proxmox VE's own API where it has one. */
const proxmox = z
  .strictObject({
    node: z.string().optional().meta({ description: 'The Proxmox host that carries the VM.' }),
    vmid: z.int('expected a whole number').min(100, 'Proxmox VM ids begin at 100').max(999999999).optional(),
    cores: z.int().min(1).optional(),
    sockets: z.int().min(1).optional(),
    cpu: z.string().optional(),
    numa: z.boolean().optional(),
    memory: size.optional(),
    balloon: size.optional(),
    disk: size.optional(),
    disks: z.array(freeMap).optional(),
    storage: z.string().optional(),
    isoStorage: z.string().optional(),
    bridge: z.string().optional(),
    vlan: z.int().min(1).max(4094).optional(),
    firewall: z.boolean().optional(),
    machine: z.enum(['q35', 'i440fx']).optional(),
    bios: z.enum(['seabios', 'ovmf']).optional(),
    scsihw: z.string().optional(),
    agent: z.boolean().optional(),
    hostpci: z.array(z.union([z.string(), freeMap])).optional(),
    onboot: z.boolean().optional(),
    startup: z.string().optional(),
    protection: z.boolean().optional(),
    pool: z.string().optional(),
    tags: names.optional(),
    url: z.string().optional().meta({ description: 'https://HOST:8006 of the Proxmox API.' }),
    token: z.union([secretReference, z.string()]).optional(),
    fingerprint: z.string().optional(),
  })
  .meta({ id: 'proxmox' });

const bmc = z.strictObject({
  address: z.string(),
  credentials: z
    .union([
      secretReference,
      z.strictObject({ username: z.string(), password: z.union([secretReference, z.string()]) }),
      z.string(),
    ])
    .optional(),
  system: z.string().optional(),
  fingerprint: z.string().optional(),
});

const power = z
  .strictObject({
    redfish: bmc.optional(),
    ipmi: bmc.optional(),
    wol: z.union([z.boolean(), z.strictObject({ broadcast: ip.optional() })]).optional(),
  })
  .meta({ id: 'power', description: 'How the machine is switched on and off.' });

const address = z
  .union(
    [z.literal('dhcp'), ipOrCidr, z.strictObject({ reserved: ip })],
    'expected an address such as 10.0.4.101 (static), dhcp, or {reserved: 10.0.4.101}',
  )
  .meta({
    description: 'Static address, `dhcp` (found by identity), or {reserved: IP} that a DHCP server must hand out.',
  });

/** Patches come out of the tree as text; the other forms are what a person writes. */
export const patches = z
  .array(z.union([z.string(), freeMap, z.array(z.unknown())]), 'expected a list of patches')
  .meta({
    description: 'Talos documents or fragments, JSON6902 lists, or "@file". Applied in order: cluster, class, node.',
  });

/** Keys that hold for machines and may stand at cluster level too. */
export const machineShape = {
  platform: z
    .string('expected a platform of Talos such as metal or nocloud')
    .optional()
    .meta({ description: 'Talos platform: metal (default), nocloud, …' }),
  hardware: names
    .optional()
    .meta({ description: 'Hardware by its catalogue name: brings extensions, kernel arguments and checks.' }),
  install: install.optional(),
  image: image.optional(),
  volumes: z.record(z.string(), volume).optional().meta({ description: 'Volumes by name, mounted at /var/mnt/NAME.' }),
  labels: stringMap.optional().meta({ description: 'Kubernetes node labels.' }),
  annotations: stringMap.optional(),
  taints: z.record(z.string(), taint).optional(),
  certSANs: names
    .optional()
    .meta({ description: 'More names and addresses for the certificates of the Talos and Kubernetes API.' }),
  boot: boot.optional().meta({ description: 'From what the machine boots for the first time.' }),
  proxmox: proxmox.optional(),
  power: power.optional(),
  patches: patches.optional(),
} as const;

const classShape = {
  ...machineShape,
  role: z.enum(['controlplane', 'worker']).optional(),
  talos: version.optional(),
  kubernetes: version.optional(),
  nameservers: z.array(ip).optional(),
  timeservers: names.optional(),
  gateway: ip.optional(),
  link: z.string().optional().meta({ description: 'Name of the link that carries `address`; prefer mac.' }),
  links: z.array(link).optional(),
} as const;

export const classSchema = z
  .strictObject({ extends: dnsLabel.optional().meta({ description: 'One other class to build on.' }), ...classShape })
  .meta({ id: 'class' });

export const nodeSchema = z
  .strictObject({
    class: z.string().optional().meta({ description: 'The class of this machine.' }),
    ...classShape,
    address: address.optional(),
    mac: oneOrMore(mac, 'expected a MAC address such as "00:23:24:00:00:01", or a list of them').optional(),
    uuid: z
      .string()
      .regex(
        /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
        'expected a system UUID such as 4c4c4544-0042-3510-8052-b4c04f4a3732',
      )
      .optional(),
    serial: z
      .string('expected text: put the serial number in quotes')
      .optional()
      .meta({ description: 'Serial number of the machine (SMBIOS).' }),
  })
  .meta({ id: 'node' });

export type NodeInput = z.output<typeof nodeSchema>;
export type LinkInput = z.output<typeof link>;
export type VolumeInput = z.output<typeof volume>;
export type DiskInput = z.output<typeof disk>;
