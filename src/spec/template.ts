/** The cluster file that `ichor init` writes: complete, commented, and sound but for the values that only its owner knows. */
import { kubernetesRange, TALOS_MINORS } from '../catalog/versions.ts';
import { tagOf } from '../catalog/version.ts';
import { IchorError } from '../errors.ts';
import { addressAt, parseCidr } from './ip.ts';
import { SCHEMA_URL } from './schema-url.ts';

/** What is known of a machine; the rest is written as a placeholder that the lint warns of. */
export interface TemplateMachine {
  readonly name?: string;
  readonly address?: string;
  readonly mac?: string;
  readonly diskSerial?: string;
}

export interface TemplateOptions {
  readonly name: string;
  /** A number when nothing is known of them. At least one. */
  readonly controlPlanes: number | readonly TemplateMachine[];
  readonly workers: number | readonly TemplateMachine[];
  readonly subnet?: string;
  readonly gateway?: string;
  /** Default: an address of the subnet when there are several control planes. */
  readonly vip?: string;
  /** Default: the newest release that the catalogue knows. */
  readonly talos?: string;
  readonly kubernetes?: string;
}

/** Texts that stand for what the owner must fill in; `lint/placeholders.ts` warns of them. */
export const PLACEHOLDER_MAC = '00:00:00:00:';
export const PLACEHOLDER_SERIAL = 'CHANGE-ME';

const DEFAULT_SUBNET = '192.168.1.0/24';
/** Offsets in the subnet: low enough for a /27, apart enough to be read. */
const OFFSETS = { gateway: 1, vip: 10, controlplane: 11, worker: 21 };

export function renderTemplate(options: TemplateOptions): string {
  const talos = tagOf(options.talos ?? newestRelease());
  const kubernetes = tagOf(
    options.kubernetes ?? kubernetesRange(talos).default ?? `${kubernetesRange(talos).newest}.0`,
  );
  const subnet = options.subnet ?? DEFAULT_SUBNET;
  const planes = machinesOf({ role: 'controlplane', prefix: 'cp', subnet, known: options.controlPlanes });
  const workers = machinesOf({ role: 'worker', prefix: 'worker', subnet, known: options.workers });
  const first = planes[0];
  if (first === undefined)
    throw new IchorError('invalid-input', 'a cluster needs a control plane', {
      hint: 'One for trying out, three to survive the loss of one.',
    });
  const vip = options.vip ?? (planes.length > 1 ? addressIn(subnet, OFFSETS.vip) : undefined);
  const lines = [
    `# yaml-language-server: $schema=${SCHEMA_URL}`,
    '# The cluster, and the only file to edit. `ichor check` says what is wrong with it, `ichor rehearse` brings it up on simulated',
    '# machines, `ichor discover` lists the machines that wait in maintenance mode, with their MACs and disks.',
    'ichor: 1',
    `name: ${options.name}`,
    ...endpointLines(vip, first),
    `talos: ${talos}`,
    `kubernetes: ${kubernetes}`,
    'secrets: secrets.sops.yaml # made by the first `ichor apply`, encrypted; keep it in Git with this file',
    '',
    'network:',
    `  subnet: ${subnet}`,
    `  gateway: ${options.gateway ?? addressIn(subnet, OFFSETS.gateway)}`,
    '  nameservers: [1.1.1.1, 9.9.9.9]',
    ...(vip === undefined
      ? []
      : [`  vip: ${vip} # a free address: one control plane answers there, another takes over`]),
    '  # pods: 10.244.0.0/16, services: 10.96.0.0/12 and cni: flannel, unless you say otherwise',
    '',
    ...(workers.length > 0 ? [] : ['scheduling: true # there are no workers: control planes carry the workloads', '']),
    'classes: # what machines have in common',
    '  metal:',
    '    platform: metal',
    '    # hardware: [intel] # or amd, nvidia-production, longhorn …: brings extensions, kernel arguments and checks',
    '',
    'nodes: # the first control plane is the one that is bootstrapped',
    ...planes.flatMap(nodeLines),
    ...workers.flatMap(nodeLines),
    '',
    '# Talos documents or fragments, at cluster, class or node level; the node has the last word.',
    '# patches:',
    '#   - machine: { sysctls: { vm.max_map_count: "262144" } }',
  ];
  return `${lines.join('\n')}\n`;
}

interface Machine {
  readonly role: 'controlplane' | 'worker';
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly diskSerial: string;
}

function endpointLines(vip: string | undefined, first: Machine): readonly string[] {
  if (vip !== undefined) return [`endpoint: https://${bracketed(vip)}:6443 # the VIP`];
  return [`endpoint: https://${bracketed(first.address)}:6443 # the control plane; with several, a VIP`];
}

function bracketed(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

function nodeLines({ role, name, address, mac, diskSerial }: Machine): readonly string[] {
  return [
    `  ${name}:`,
    `    role: ${role}`,
    '    class: metal',
    `    address: ${address}`,
    `    mac: "${mac}"`,
    `    install: { disk: { serial: ${JSON.stringify(diskSerial)} } }`,
  ];
}

function machinesOf(wanted: {
  readonly role: Machine['role'];
  readonly prefix: string;
  readonly subnet: string;
  readonly known: TemplateOptions['workers'];
}): readonly Machine[] {
  const { role, known } = wanted;
  const given = typeof known === 'number' ? Array.from({ length: known }, (): TemplateMachine => ({})) : known;
  return given.map((machine, index) => ({
    role,
    name: machine.name ?? `${wanted.prefix}-${index + 1}`,
    address: machine.address ?? addressIn(wanted.subnet, OFFSETS[role] + index),
    mac: machine.mac ?? `${PLACEHOLDER_MAC}${role === 'controlplane' ? '01' : '02'}:${hex(index + 1)}`,
    diskSerial: machine.diskSerial ?? `${PLACEHOLDER_SERIAL}-${wanted.prefix}-${index + 1}`,
  }));
}

function hex(number: number): string {
  return (number % 256).toString(16).padStart(2, '0');
}

function addressIn(subnet: string, offset: number): string {
  const cidr = parseCidr(subnet);
  const address = cidr === undefined ? undefined : addressAt(cidr, offset);
  if (address !== undefined) return address;
  throw new IchorError('invalid-input', `${subnet} has no room for these machines`, {
    hint: 'Give a larger subnet, such as 192.168.1.0/24.',
  });
}

function newestRelease(): string {
  return TALOS_MINORS.filter(({ patch }) => !patch.includes('-')).at(-1)?.patch ?? '1.13.9';
}
