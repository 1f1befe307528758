/** The commands of importing and leaving, in a folder of their own: what they write, list and refuse. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, cpSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@stricli/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { application } from '../../src/cli/application.ts';
import type { IchorContext } from '../../src/cli/context.ts';
import { generateIdentity } from '../../src/secrets/age.ts';
import { encryptSops } from '../../src/secrets/sops/file.ts';
import { renderBundle } from '../../src/secrets/bundle.ts';
import { sortFiles } from '../../src/spec/import/machine-configs.ts';
import { systemRandom } from '../../src/system.ts';
import { generateConfig } from '../../src/talos/generate/generate.ts';
import { patchConfig } from '../../src/talos/patch/patch.ts';
import { bundle, PROJECTS } from '../support/talhelper-import.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ichor-import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ichor(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => void (said[name] += text) });
  const processLike: {
    stdout: ReturnType<typeof stream>;
    stderr: ReturnType<typeof stream>;
    exitCode?: number | string | null;
  } = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
  };
  const context: IchorContext = {
    process: processLike,
    env,
    cwd: folder,
    homeDir: folder,
    random: systemRandom,
    signal: new AbortController().signal,
    readStdin: async () => '',
  };
  await run(application, args, context);
  return { code: Number(processLike.exitCode ?? 0), ...said };
}

function json(said: Said): Readonly<Record<string, unknown>> {
  return JSON.parse(said.stdout);
}

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

describe('ichor import talhelper', () => {
  it('S3-3 writes a cluster file beside the project that renders, naming its patch files and its secrets', async () => {
    cpSync(join(PROJECTS, 'patches'), folder, { recursive: true });
    write('talsecret.yaml', renderBundle(bundle));

    const imported = await ichor(['import', 'talhelper', '--to', 'cluster.yaml', '--output', 'json']);
    const rendered = await ichor(['render', '--node', 'cp-2', '--show-secrets']);

    expect(imported.code).toBe(0);
    expect(json(imported)).toMatchObject({ v: 1, file: 'cluster.yaml', notes: [] });
    expect(rendered.stdout).toContain('net.core.rmem_max: "7500000"');
    expect(rendered.stdout).toContain(bundle.trustdinfo.token);
  });

  it('writes no value of an encrypted file into the cluster file, unless told to', async () => {
    cpSync(join(PROJECTS, 'variables'), folder, { recursive: true });
    const key = await generateIdentity();
    write(
      'talenv.yaml',
      await encryptSops(
        readFileSync(join(folder, 'talenv.yaml'), 'utf8').replace('---\n', ''),
        { recipients: [key.recipient] },
        { file: 'talenv.yaml', now: new Date(), random: systemRandom },
      ),
    );
    const env = { SOPS_AGE_KEY: key.identity };

    const refused = await ichor(['import', 'talhelper'], env);
    const revealed = await ichor(['import', 'talhelper', '--reveal', '--output', 'json'], env);

    expect(refused.code).toBe(4);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('variable endpointIP');
    expect(json(revealed)['notes']).toContainEqual(
      expect.objectContaining({ kind: 'secret', what: 'variable clusterName' }),
    );
  });

  it('names all variables without a value at once', async () => {
    cpSync(join(PROJECTS, 'variables', 'talconfig.yaml'), join(folder, 'talconfig.yaml'));
    write('patch.yaml', '{}');

    const said = await ichor(['import', 'talhelper']);

    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/clusterName.*talosVersion.*endpointIP/s);
  });

  it('F3-3 says that a patch pins the installer of another Talos than the project names', async () => {
    cpSync(join(PROJECTS, 'minimal'), folder, { recursive: true });
    const pin = 'patches:\n  - "machine: { install: { image: ghcr.io/siderolabs/installer:v1.11.0 } }"\n';
    write('talconfig.yaml', `${readFileSync(join(folder, 'talconfig.yaml'), 'utf8')}${pin}`);

    const { findings, differences } = json(await ichor(['import', 'talhelper', '--output', 'json']));

    expect(findings).toContainEqual(expect.objectContaining({ rule: 'installer-tag-differs', severity: 'error' }));
    expect(JSON.stringify(differences)).not.toContain('"isSameMeaning":false');
  });

  it('overwrites nothing', async () => {
    cpSync(join(PROJECTS, 'minimal'), folder, { recursive: true });
    write('cluster.yaml', 'mine');

    expect((await ichor(['import', 'talhelper', '--to', 'cluster.yaml'])).code).toBe(4);
    expect(readFileSync(join(folder, 'cluster.yaml'), 'utf8')).toBe('mine');
  });
});

const PATCHES = {
  'v1.11.6':
    '{"machine":{"network":{"hostname":"NAME","interfaces":[{"interface":"eno1","addresses":["10.0.4.IP/24"],"routes":[{"network":"0.0.0.0/0","gateway":"10.0.4.1"}]}]}}}',
  'v1.13.9': [
    '{"apiVersion":"v1alpha1","kind":"HostnameConfig","hostname":"NAME","auto":"off"}',
    '{"apiVersion":"v1alpha1","kind":"LinkConfig","name":"eno1","addresses":[{"address":"10.0.4.IP/24"}],"routes":[{"gateway":"10.0.4.1"}]}',
    '{"apiVersion":"v1alpha1","kind":"UserVolumeConfig","name":"data","provisioning":{"diskSelector":{"match":"!system_disk"},"minSize":"10GiB"}}',
  ].join('\n---\n'),
} as const;

function nodeConfig(talos: keyof typeof PATCHES, type: 'controlplane' | 'worker', ip: number): string {
  const kubernetes = talos === 'v1.11.6' ? 'v1.34.1' : 'v1.36.1';
  const made = generateConfig({
    clusterName: 'home',
    endpoint: 'https://10.0.4.11:6443',
    bundle,
    talos,
    kubernetes,
    options: { installDisk: '/dev/sda', installImage: `ghcr.io/siderolabs/installer:${talos}` },
  });
  const patch = PATCHES[talos]
    .replaceAll('NAME', `${type === 'worker' ? 'w' : 'cp'}-${ip}`)
    .replaceAll('IP', String(ip));
  return patchConfig(made[type], [patch, `{"machine":{"sysctls":{"vm.max_map_count":"${ip}"}}}`], talos).text;
}

describe.each(['v1.11.6', 'v1.13.9'] as const)('ichor import talosctl of configs of Talos %s', (talos) => {
  it('F1-15 S4-50 keeps every document, and what differs between nodes as their patches', async () => {
    for (const ip of [11, 12, 13]) write(`configs/cp-${ip}.yaml`, nodeConfig(talos, 'controlplane', ip));
    write('configs/w-21.yaml', nodeConfig(talos, 'worker', 21));

    const said = await ichor(['import', 'talosctl', 'configs', '--output', 'json']);
    const { spec, differences } = json(said);

    expect(said.code).toBe(0);
    expect(String(spec)).toContain('vm.max_map_count: "12"');
    expect(Array.isArray(differences)).toBe(true);
    expect(JSON.stringify(differences)).not.toContain('"isSameMeaning":false');
    for (const secret of [bundle.trustdinfo.token, bundle.certs.os.key, bundle.secrets.bootstraptoken])
      expect(said.stdout + said.stderr).not.toContain(secret);
  });

  it('F1-16 takes what a node gives back by `talosctl get machineconfig -o yaml`', async () => {
    const config = nodeConfig(talos, 'controlplane', 11);
    const resource = (id: string): string =>
      [
        'node: 10.0.4.11',
        'metadata:',
        '    namespace: config',
        '    type: MachineConfigs.config.talos.dev',
        `    id: ${id}`,
        'spec: |',
        ...config.split('\n').map((line) => `    ${line}`),
      ].join('\n');
    write('mc.yaml', `${resource('v1alpha1')}\n---\n${resource('persistent')}\n`);

    const { configs } = sortFiles([{ file: 'mc.yaml', text: readFileSync(join(folder, 'mc.yaml'), 'utf8') }]);
    const said = await ichor(['import', 'talosctl', 'mc.yaml', '--output', 'json']);

    expect(configs).toHaveLength(1);
    expect(configs[0]?.documents.length).toBe(
      sortFiles([{ file: 'c.yaml', text: config }]).configs[0]?.documents.length,
    );
    expect(JSON.stringify(json(said)['differences'])).not.toContain('"isSameMeaning":false');
  });
});

it('S4-50 gives patch files beside the configs to the machines that their names mean, unless the configs hold them already', async () => {
  write('talos/cp-11.yaml', nodeConfig('v1.13.9', 'controlplane', 11));
  write('talos/w-21.yaml', nodeConfig('v1.13.9', 'worker', 21));
  write('talos/patches/all.yaml', 'machine: { sysctls: { net.core.somaxconn: "1024" } }\n');
  write('talos/patches/work.yaml', 'machine: { sysctls: { vm.max_map_count: "21" } }\n');
  write('talos/patches/cp.yaml', 'cluster: { proxy: { disabled: true } }\n');
  write('talos/patches/odd.yaml', 'machine: { sysctls: { a: "1" } }\n');

  const { spec, notes } = json(await ichor(['import', 'talosctl', 'talos', '--output', 'json']));

  expect(spec).toMatch(/^patches:\n {2}- "@talos\/patches\/all.yaml"/m);
  expect(spec).toMatch(/^ {2}controlplane:\n(?: {4}.*\n)*? {6}- "@talos\/patches\/cp.yaml"/m);
  expect(notes).toContainEqual(
    expect.objectContaining({ place: 'patches/work.yaml', reason: 'what it says is in the configs already' }),
  );
  expect(notes).toContainEqual(expect.objectContaining({ place: 'patches/odd.yaml', kind: 'lost' }));
});

it('S3-4 ichor export writes one complete config a node, and how to go on with talosctl', async () => {
  cpSync(join(PROJECTS, 'minimal'), folder, { recursive: true });
  write('talsecret.yaml', renderBundle(bundle));
  await ichor(['import', 'talhelper', '--to', 'cluster.yaml']);

  const said = await ichor(['export', '--to', 'out']);
  const rendered = await ichor(['render', '--show-secrets']);

  expect(said.code).toBe(0);
  expect(readFileSync(join(folder, 'out', 'cp-1.yaml'), 'utf8')).toBe(rendered.stdout);
  expect(readFileSync(join(folder, 'out', 'README.md'), 'utf8')).toContain(
    'talosctl apply-config -n 10.0.4.11 -f cp-1.yaml',
  );
  expect(readFileSync(join(folder, 'out', 'README.md'), 'utf8')).not.toContain(bundle.trustdinfo.token);
});

it('makes a cluster file of a nodes.json, and says what it does not know', async () => {
  write(
    'nodes.json',
    JSON.stringify({
      control_plane_vip: '10.0.232.200',
      login_server: 'https://x',
      controlplanes: [{ name: 'talos-cp-01', dhcp: '10.0.232.93' }],
      workers: [{ name: 'talos-worker-01', dhcp: '10.0.232.109', mac: 'bc:24:11:00:05:01' }],
    }),
  );

  const said = await ichor(['import', 'nodes', 'nodes.json', '--output', 'json']);
  const { spec, notes } = json(said);

  expect(String(spec)).toContain('talos-cp-01: { class: controlplane, address: { reserved: 10.0.232.93 } }');
  expect(String(spec)).toContain('vip: 10.0.232.200');
  expect(notes).toContainEqual(expect.objectContaining({ place: 'nodes.json: login_server', kind: 'lost' }));
});

it('ichor diff shows what two cluster files come to, value by value, and no secret', async () => {
  cpSync(join(PROJECTS, 'minimal'), folder, { recursive: true });
  await ichor(['import', 'talhelper', '--to', 'a.yaml']);
  write('b.yaml', readFileSync(join(folder, 'a.yaml'), 'utf8').replace('/dev/sda', '/dev/sdb'));

  const same = await ichor(['diff', 'a.yaml', 'a.yaml']);
  const other = await ichor(['diff', 'a.yaml', 'b.yaml', '--output', 'json']);

  expect(same).toMatchObject({ code: 0, stdout: 'The two come to the same machine configs.\n' });
  expect(other.code).toBe(2);
  expect(json(other)).toMatchObject({
    differences: [
      {
        node: 'cp-1',
        document: 'v1alpha1',
        path: 'machine.install.disk',
        change: 'changed',
        from: '/dev/sda',
        to: '/dev/sdb',
      },
    ],
  });
});
