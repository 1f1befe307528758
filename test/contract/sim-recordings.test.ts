/** The recordings of real nodes of all four minors against the simulator: codes, texts and shapes, with every known deviation listed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transport } from '@connectrpc/connect';
import { createAuthority } from '../../src/pki/authority.ts';
import { issueServerCertificate } from '../../src/pki/issue.ts';
import { createInProcessNetwork, type InProcessNetwork } from '../../src/sim/doors/in-process.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import { systemRandom } from '../../src/system.ts';
import { DEVIATIONS, type Deviation } from './sim-deviations.ts';
import {
  compare,
  methodOf,
  readRecording,
  recordedOutcome,
  replay,
  type Recorded,
  type Replayer,
} from './sim-replay.ts';
import {
  makeCluster,
  makeConfig,
  makeMachine,
  talosCredentials,
  type TestCluster,
  type TestCredentials,
} from './sim-support.ts';

const START = Date.UTC(2026, 0, 15, 12);
const NODES: Readonly<Record<string, string>> = {
  'v1.11.6': '10.5.0.8',
  'v1.12.11': '10.5.0.6',
  'v1.13.9': '10.5.0.2',
  'v1.14.1': '10.5.0.7',
};
/** What container mode asks of every config. */
const HOST_DNS = '\n  features: {hostDNS: {enabled: true, forwardKubeDNSToHost: true}}';

type State = 'maintenance' | 'configured' | 'bootstrapped';

const STEPS: readonly (readonly [step: string, state: State, versions: readonly string[]])[] = [
  ['02-maintenance-reads', 'maintenance', Object.keys(NODES)],
  ['02-maintenance-admin-calls', 'maintenance', Object.keys(NODES)],
  ['02-maintenance-routing', 'maintenance', Object.keys(NODES)],
  ['03-maintenance-cosi', 'maintenance', Object.keys(NODES)],
  ['04-maintenance-apply-invalid', 'maintenance', Object.keys(NODES)],
  ['04-maintenance-apply-partial', 'maintenance', ['v1.12.11', 'v1.13.9', 'v1.14.1']],
  ['06-auth', 'configured', Object.keys(NODES)],
  ['06-routing-one-node', 'configured', Object.keys(NODES)],
  ['07-reads-as-reader', 'configured', Object.keys(NODES)],
  ['07-admin-calls-as-reader', 'configured', Object.keys(NODES)],
  ['07-admin-calls-as-operator', 'configured', Object.keys(NODES)],
  ['07-admin-calls-as-admin', 'configured', Object.keys(NODES)],
  ['08-cosi-as-admin', 'configured', Object.keys(NODES)],
  ['08-cosi-as-reader', 'configured', Object.keys(NODES)],
  ['09-etcd-bootstrap', 'configured', Object.keys(NODES)],
  ['09-health', 'bootstrapped', Object.keys(NODES)],
  ['10-day2', 'bootstrapped', ['v1.13.9', 'v1.14.1']],
  ['14-reset-refusals', 'bootstrapped', ['v1.13.9']],
];

let cluster: TestCluster;
const credentials = new Map<string, TestCredentials>();
const seen = new Map<Deviation, number>();
let compared = 0;

beforeAll(async () => {
  cluster = await makeCluster('https://10.5.0.2:6443', new Date(START - 60_000));
});

afterAll(() => {
  console.log(
    `${compared} recorded exchanges replayed, ${[...seen.values()].reduce((sum, count) => sum + count, 0)} of them with a listed deviation`,
  );
});

interface Bench extends Replayer {
  readonly clock: VirtualClock;
  readonly simulation: Simulation;
  readonly network: InProcessNetwork;
}

function bench(version: string): Bench {
  const clock = createVirtualClock({ startMs: START });
  const ip = NODES[version] ?? '';
  const machine = makeMachine(1, {
    talos: version,
    name: 'wire-1',
    platform: 'container',
    addresses: [{ kind: 'static', ip, prefix: 24, gateway: '10.5.0.1' }],
    disks: [],
    media: { talos: version },
  });
  const simulation = createSimulation({
    clock,
    seed: version,
    machines: [machine],
    latencies: { firmware: 0, kernel: 0 },
  });
  simulation.power('wire-1', 'on');
  const network = createInProcessNetwork(simulation);
  return { clock, simulation, network, connect: (record) => connect(network, ip, record), fill: fillConfig };
}

async function connect(network: InProcessNetwork, ip: string, { role }: Recorded): Promise<Transport | Error> {
  if (role === undefined || role === 'insecure') return network.connect(ip, 50_000, { kind: 'maintenance' });
  if (role === 'no-cert') return network.connect(ip, 50_000, { kind: 'maintenance' });
  return network.connect(ip, 50_000, { kind: 'certificate', ...(await credentialsFor(role)) });
}

async function credentialsFor(role: string): Promise<TestCredentials> {
  const held = credentials.get(role);
  if (held !== undefined) return held;
  const made = await makeCredentials(role);
  credentials.set(role, made);
  return made;
}

async function makeCredentials(role: string): Promise<TestCredentials> {
  const now = new Date(START - 30_000);
  const special = async (
    authority: { readonly crt: string; readonly key: string },
    organization: readonly string[],
    purposes: readonly ('clientAuth' | 'serverAuth')[],
    age = { fromMs: START - 30_000, ttlMs: 86_400_000 },
  ): Promise<TestCredentials> => {
    const pair = await issueServerCertificate(authority, {
      subject: { organization },
      dnsNames: [],
      ipAddresses: [],
      purposes,
      now: new Date(age.fromMs),
      random: systemRandom,
      ttlMs: age.ttlMs,
    });
    return { caPem: cluster.talos.crt, certPem: pair.crt, keyPem: pair.key };
  };
  switch (role) {
    case 'no-role':
      return special(cluster.talos, [], ['clientAuth']);
    case 'unknown-role':
      return special(cluster.talos, ['os:nonsense'], ['clientAuth']);
    case 'expired-admin':
      return special(cluster.talos, ['os:admin'], ['clientAuth'], { fromMs: START - 3_600_000, ttlMs: 60_000 });
    case 'client+server-eku':
      return special(cluster.talos, ['os:admin'], ['clientAuth', 'serverAuth']);
    case 'server-eku':
      return special(cluster.talos, ['os:admin'], ['serverAuth']);
    case 'no-eku':
      return special(cluster.talos, ['os:admin'], []);
    case 'self-signed':
    case 'other-ca':
      return special(
        await createAuthority({ algorithm: 'ed25519', organization: 'talos', now, random: systemRandom }),
        ['os:admin'],
        ['clientAuth'],
      );
    default:
      return talosCredentials(cluster, [role], now);
  }
}

/** Real keys in the places where the recording has none; a text that the fixture cut is replaced by a config like it. */
function fillConfig(text: string, note: string): string {
  if (text.includes('bytes)') && text.includes('…')) return variant(wireConfig(), note);
  const path: { readonly indent: number; readonly key: string }[] = [];
  return text
    .split('\n')
    .map((line) => {
      const match = /^(\s*)([\w.-]+):(.*)$/.exec(line);
      if (match === null) return line;
      const [, spaces = '', key = '', rest = ''] = match;
      while ((path.at(-1)?.indent ?? -1) >= spaces.length) path.pop();
      path.push({ indent: spaces.length, key });
      if (!rest.includes('<base64 of PEM'))
        return rest.includes('<random>') ? line.replace('<random>', 'aaaaaa.bbbbbbbbbbbbbbbb') : line;
      return `${spaces}${key}: ${pairFor(path.map((part) => part.key).join('.'))[key === 'key' ? 'key' : 'crt']}`;
    })
    .join('\n');
}

function pairFor(path: string): { readonly crt: string; readonly key: string } {
  const pair = path.startsWith('machine') ? cluster.talos : path.includes('etcd') ? cluster.etcd : cluster.kubernetes;
  return { crt: Buffer.from(pair.crt).toString('base64'), key: Buffer.from(pair.key).toString('base64') };
}

/** The change that the recording made to its own config. */
function variant(text: string, note: string): string {
  if (note === 'v1alpha1 document twice') return `${text}---\n${text}`;
  if (note === 'bad cluster endpoint') return text.replace('https://10.5.0.2:6443', 'https://:6443');
  if (note === 'v1alpha1 hostname beside a HostnameConfig')
    return `${text}---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n`;
  if (note.startsWith('certSANs')) return text.replace('certSANs: []', 'certSANs: [wire.test, 10.5.0.250]');
  if (note.startsWith('machine.files'))
    return text.replace(
      'certSANs: []',
      'certSANs: []\n  files: [{content: hi, permissions: 0o600, path: /var/wire.txt, op: create}]',
    );
  if (note.startsWith('machine.token')) return text.replace('token: aaaaaa', 'token: bbbbbb');
  if (note.startsWith('machine.type worker')) return text.replace('type: controlplane', 'type: worker');
  if (note.startsWith('sysctl'))
    return text.replace('certSANs: []', 'certSANs: []\n  sysctls: {net.ipv4.ip_forward: "1"}');
  if (note === 'unknown field') return text.replace('certSANs: []', 'certSANs: []\n  nosuchField: 1');
  return text;
}

function wireConfig(): string {
  const text = makeConfig(cluster, { role: 'controlplane', hostname: 'wire-1' });
  return text.replace('\ncluster:', `${HOST_DNS}\ncluster:`);
}

async function arrange(version: string, state: State): Promise<Bench> {
  const world = bench(version);
  await world.clock.advance(30_000);
  if (state === 'maintenance') return world;
  const apply = {
    method: '/machine.MachineService/ApplyConfiguration',
    role: 'insecure',
    request: { data: '', mode: 'AUTO' },
    request_text: [wireConfig()],
    t_ms: 0,
  };
  const method = methodOf(apply.method);
  if (method === undefined) throw new Error('no such method');
  const applied = await replay(world, apply, method);
  if (applied.code !== 'OK') throw new Error(applied.message);
  await world.clock.advance(60_000);
  if (state === 'configured') return world;
  const bootstrap = methodOf('/machine.MachineService/Bootstrap');
  if (bootstrap !== undefined) await replay(world, { role: 'os:admin', request: {}, t_ms: 0 }, bootstrap);
  await world.clock.advance(10_000);
  return world;
}

describe.each(STEPS)('%s', (step, state, versions) => {
  it.each(versions.map((version) => [version]))('of %s', async (version) => {
    const world = await arrange(version, state);
    const unexpected: string[] = [];
    let before: number | undefined;

    for (const record of readRecording(version, step)) {
      if (record.method === undefined) continue;
      const method = methodOf(record.method);
      if (method === undefined) continue;
      if (before !== undefined) await world.clock.advance(Math.min(3_000, Math.max(0, record.t_ms - before)));
      before = record.t_ms;
      const recorded = recordedOutcome(record);
      const difference = compare(recorded, await replay(world, record, method));
      compared += 1;
      if (difference === undefined) continue;
      const place = `${version} ${step} ${record.method} ${record.note ?? ''} ${JSON.stringify(record.request ?? {})} ${record.role ?? ''} ${JSON.stringify(record.metadata ?? {})}`;
      const known = DEVIATIONS.find(
        (deviation) =>
          deviation.kind === difference.kind &&
          deviation.where.test(place) &&
          (deviation.recorded === undefined || deviation.recorded.test(difference.recorded)),
      );
      if (known === undefined)
        unexpected.push(
          `${place}\n    ${difference.kind}: real ${difference.recorded}\n    simulated ${difference.simulated}`,
        );
      else seen.set(known, (seen.get(known) ?? 0) + 1);
    }

    expect(unexpected).toEqual([]);
  });
});

describe('the list of deviations', () => {
  it('holds nothing that no longer deviates', () => {
    expect(DEVIATIONS.filter((deviation) => !seen.has(deviation)).map((deviation) => String(deviation.where))).toEqual(
      [],
    );
  });
});
