/**
 * `nodes.json`: the list of machines that home-made render scripts are fed with. `controlplanes` and `workers` (or one list with roles) of
 * `{name, dhcp | address | ip, mac, vmid}`; everything that the cluster file has no word for is noted.
 */
import { z } from 'zod';
import { IchorError, messageOf } from '../../errors.ts';
import { TALOS_MINORS, kubernetesRange } from '../../catalog/versions.ts';
import { tagOf } from '../../catalog/version.ts';
import { parseIp } from '../ip.ts';
import { factored } from './draft.ts';
import type { DraftNode } from './draft.ts';
import type { ImportNote } from './note.ts';
import type { PlainMap } from './plain-yaml.ts';
import { specText } from './write-spec.ts';

const machine = z.looseObject({
  name: z.string().optional(),
  hostname: z.string().optional(),
  role: z.string().optional(),
  dhcp: z.string().optional(),
  address: z.string().optional(),
  ip: z.string().optional(),
  mac: z.string().optional(),
  vmid: z.int().optional(),
  disk: z.string().optional(),
});
type Machine = z.output<typeof machine>;

const list = z.array(machine);
const file = z.union([
  list.transform((nodes) => ({ nodes })),
  z.looseObject({
    name: z.string().optional(),
    cluster: z.string().optional(),
    endpoint: z.string().optional(),
    talos: z.string().optional(),
    kubernetes: z.string().optional(),
    control_plane_vip: z.string().optional(),
    vip: z.string().optional(),
    gateway: z.string().optional(),
    controlplanes: list.optional(),
    control_planes: list.optional(),
    workers: list.optional(),
    nodes: list.optional(),
  }),
]);

const MACHINE_KEYS = ['name', 'hostname', 'role', 'dhcp', 'address', 'ip', 'mac', 'vmid', 'disk'];
const FILE_KEYS = [
  'name',
  'cluster',
  'endpoint',
  'talos',
  'kubernetes',
  'control_plane_vip',
  'vip',
  'gateway',
  'controlplanes',
  'control_planes',
  'workers',
  'nodes',
];

export interface NodesImport {
  readonly text: string;
  readonly notes: readonly ImportNote[];
}

export function importNodes(text: string, name: string): NodesImport {
  const read = parsed(text, name);
  const notes: ImportNote[] = [];
  const note = (place: string, kind: ImportNote['kind'], what: string, reason: string): void => {
    notes.push({ kind, place: `${name}: ${place}`, what, reason });
  };
  for (const key of Object.keys(read))
    if (!FILE_KEYS.includes(key))
      note(key, 'lost', `\`${key}\``, 'the cluster file has no such word; a feature or a patch may be what it is for');
  const machines = [
    ...rows(read['controlplanes'], 'controlplane'),
    ...rows(read['control_planes'], 'controlplane'),
    ...rows(read['workers'], 'worker'),
    ...rows(read['nodes'], undefined),
  ];
  const nodes = machines.map(({ entry, role, place }, index) => draftOf({ entry, role, place, index }, note));
  if (nodes.length === 0)
    throw new IchorError('invalid-input', `${name} lists no machine`, {
      hint: 'Expected `controlplanes`, `workers` or `nodes`.',
    });
  const first = nodes.find(({ role }) => role === 'controlplane');
  const vip = read['control_plane_vip'] ?? read['vip'];
  const isVip = typeof vip === 'string' && parseIp(vip) !== undefined;
  if (typeof vip === 'string' && !isVip) note('control_plane_vip', 'lost', JSON.stringify(vip), 'it is no address');
  const talos =
    typeof read['talos'] === 'string'
      ? read['talos']
      : (TALOS_MINORS.filter(({ patch }) => !patch.includes('-')).at(-1)?.patch ?? '1.13.9');
  const host = isVip ? vip : first === undefined ? 'CHANGE-ME' : ipOf(first.values);
  note(
    'endpoint, versions, install disks',
    'check',
    'what a list of machines does not say',
    'it is filled in by what is usual; look at each before `ichor apply`',
  );
  const values = {
    ichor: 1,
    name: clusterName(read['name'] ?? read['cluster']),
    endpoint:
      typeof read['endpoint'] === 'string'
        ? read['endpoint']
        : `https://${host?.includes(':') === true ? `[${host}]` : host}:6443`,
    talos: tagOf(talos),
    kubernetes: tagOf(
      typeof read['kubernetes'] === 'string'
        ? read['kubernetes']
        : (kubernetesRange(talos).default ?? `${kubernetesRange(talos).newest}.0`),
    ),
    secrets: 'secrets.sops.yaml',
    ...((isVip || typeof read['gateway'] === 'string') && {
      network: { ...(typeof read['gateway'] === 'string' && { gateway: read['gateway'] }), ...(isVip && { vip }) },
    }),
  };
  const draft = { header: [`Imported from ${name}.`], values, nodes, patches: [], comments: {} };
  return { text: specText(factored(draft)), notes };
}

function parsed(text: string, name: string): PlainMap {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (reason) {
    throw new IchorError('invalid-input', `${name} is not JSON: ${messageOf(reason)}`);
  }
  const result = file.safeParse(json);
  if (!result.success)
    throw new IchorError('invalid-input', `${name}: ${z.prettifyError(result.error)}`, {
      hint: 'Expected `controlplanes` and `workers`, each a list of {name, dhcp or address, mac}.',
    });
  return result.data;
}

interface Row {
  readonly entry: Machine;
  readonly role: DraftNode['role'];
  readonly place: string;
}

function rows(entries: unknown, role: DraftNode['role'] | undefined): readonly Row[] {
  const read = list.safeParse(entries ?? []);
  const key = role === undefined ? 'nodes' : `${role}s`;
  return (read.success ? read.data : []).map((entry, index) => ({
    entry,
    role: role ?? (/^(control-?plane|master|cp|server)/i.test(entry.role ?? '') ? 'controlplane' : 'worker'),
    place: `${key}[${index}]`,
  }));
}

type Note = (place: string, kind: ImportNote['kind'], what: string, reason: string) => void;

function draftOf({ entry, role, place, index }: Row & { readonly index: number }, note: Note): DraftNode {
  for (const key of Object.keys(entry))
    if (!MACHINE_KEYS.includes(key))
      note(`${place}.${key}`, 'lost', JSON.stringify(entry[key]), 'the cluster file has no such word for a node');
  const name = (entry.name ?? entry.hostname ?? `node-${index + 1}`).toLowerCase();
  const fixed = entry.address ?? entry.ip;
  const address =
    fixed ?? (entry.dhcp === undefined || parseIp(entry.dhcp) === undefined ? 'dhcp' : { reserved: entry.dhcp });
  if (entry.dhcp !== undefined && fixed !== undefined)
    note(`${place}.dhcp`, 'lost', entry.dhcp, 'the node has a fixed address');
  if (entry.disk === undefined)
    note(
      `${place}`,
      'check',
      `${name} has no install disk`,
      'the list does not say; `ichor discover` lists the disks of a machine',
    );
  return {
    name,
    role,
    values: {
      address,
      ...(entry.mac !== undefined && { mac: entry.mac }),
      ...(entry.disk !== undefined && { install: { disk: entry.disk } }),
      ...(entry.vmid !== undefined && { proxmox: { vmid: entry.vmid } }),
    },
    sharedPatches: [],
    patches: [],
  };
}

function ipOf(values: PlainMap): string | undefined {
  const { address } = values;
  if (typeof address === 'string') return address.split('/')[0];
  return typeof address === 'object' && address !== null && 'reserved' in address
    ? String(address.reserved)
    : undefined;
}

function clusterName(written: unknown): string {
  const name = String(written ?? 'cluster')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'cluster' : name;
}
