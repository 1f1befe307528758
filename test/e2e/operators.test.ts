/** Requirements of operators that are about commands: what the built program says and refuses before anything reaches a machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateIdentity } from '../../src/secrets/age.ts';
import { parseBundle } from '../../src/secrets/bundle.ts';
import { Sandbox, startSimulator } from '../support/cli.ts';
import { homeCluster } from '../support/home-cluster.ts';

const one = (more: string): string => homeCluster({ controlPlanes: 1, more });

describe('what is wrong in a file', () => {
  const sandbox = new Sandbox();
  beforeAll(() => sandbox.run(['secrets', 'generate', '--plaintext', '--to', 'secrets.yaml']));
  afterAll(() => sandbox.remove());

  const write = (name: string, text: string): string => {
    writeFileSync(sandbox.path(name), text);
    return name;
  };

  const expectRefused = async (more: string, expected: RegExp): Promise<void> => {
    const file = write('refused.yaml', one(more));
    const check = await sandbox.run(['check', file]);
    const apply = await sandbox.run(['apply', '--file', file, '--yes']);

    expect(check.code, check.stderr).toBe(1);
    expect(check.stdout).toMatch(expected);
    expect([apply.code, apply.stdout]).toEqual([1, '']);
    expect(apply.stderr).toMatch(expected);
  };

  it('F1-1 etcd on the tailnet’s range is an error of check, and apply does not begin', () =>
    expectRefused(
      'patches: [{ cluster: { etcd: { advertisedSubnets: [100.64.0.0/10] } } }]',
      /only while the Tailscale extension runs.*depends-on-extension/,
    ));

  it('F1-18 two files at one path, out of two patches, are an error of check, and apply does not begin', () =>
    expectRefused(
      'patches: [{ machine: { files: [{ path: /var/a, op: create, content: a }] } }, { machine: { files: [{ path: /var/a, op: create, content: b }] } }]',
      /written twice on `cp-1`.*duplicate-file/,
    ));

  it('S1-28 volumes that do not fit on the disk which the file declares are refused, with what is missing in GB and GiB', async () => {
    const text = one('').replace(
      'install: {',
      'proxmox: { disk: 40GB }, volumes: { EPHEMERAL: { size: 20GB, disk: { type: virtio } }, data: { size: 39GB, disk: { type: virtio } } }, install: {',
    );

    const { code, stdout } = await sandbox.run(['check', write('over.yaml', text)]);

    expect(code).toBe(1);
    expect(stdout).toMatch(/do not fit on 40\.0 GB \(37\.3 GiB\): short by [\d.]+ GB \([\d.]+ GiB\)/);
  });

  it('S2-31 a secret that is missing ends the run with the name of its reference, and no value of what was read is shown', async () => {
    const byEnv = write(
      'env.yaml',
      one(
        'features: { tailscale: { authKey: { env: HEADSCALE_AUTH_KEY }, loginServer: "https://headscale.example" } }',
      ),
    );
    const bySops = write(
      'sops.yaml',
      one(
        'features: { tailscale: { authKey: { sops: keys.sops.yaml#headscale }, loginServer: "https://headscale.example" } }',
      ),
    );
    const { identity, recipient } = await generateIdentity();
    write('keys.sops.yaml', 'other: very-secret-other-key\n');
    await sandbox.run(['secrets', 'encrypt', 'keys.sops.yaml', '--age', recipient]);

    const [env, sops] = [
      await sandbox.run(['render', '--file', byEnv]),
      await sandbox.run(['render', '--file', bySops], { SOPS_AGE_KEY: identity }),
    ];

    expect([env.code, env.stdout]).toEqual([1, '']);
    expect(env.stderr).toContain('HEADSCALE_AUTH_KEY');
    expect([sops.code, sops.stdout]).toEqual([1, '']);
    expect(sops.stderr).toContain('headscale');
    expect(sops.stderr).not.toContain('very-secret');
  });

  it('S2-30 the key comes from where the reference points, a SOPS file or the environment, and stands in no file beside', async () => {
    const { identity, recipient } = await generateIdentity();
    write('vault.sops.yaml', 'headscale: 0123456789abcdef-from-sops\n');
    await sandbox.run(['secrets', 'encrypt', 'vault.sops.yaml', '--age', recipient]);
    const feature = (reference: string): string =>
      one(`features: { tailscale: { authKey: { ${reference} }, loginServer: "https://headscale.example" } }`);
    const bySops = write('by-sops.yaml', feature('sops: vault.sops.yaml#headscale'));
    const byEnv = write('by-env.yaml', feature('env: HEADSCALE_AUTH_KEY'));
    const environment = { SOPS_AGE_KEY: identity, HEADSCALE_AUTH_KEY: '0123456789abcdef-from-env' };

    const shown = await Promise.all(
      [bySops, byEnv].map((file) => sandbox.run(['render', '--file', file, '--show-secrets'], environment)),
    );
    const hidden = await sandbox.run(['render', '--file', bySops], environment);

    expect(shown.map(({ stdout }) => /TS_AUTHKEY=(\S+)/.exec(stdout)?.[1])).toEqual([
      '0123456789abcdef-from-sops',
      '0123456789abcdef-from-env',
    ]);
    expect(hidden.stdout).not.toContain('from-sops');
    expect(readFileSync(sandbox.path('vault.sops.yaml'), 'utf8')).not.toContain('from-sops');
  });

  it('S3-5 the installer of one named node, and of no other', async () => {
    const { code, stdout } = await sandbox.run([
      'image',
      'urls',
      '--file',
      write('three.yaml', homeCluster()),
      '--node',
      'cp-2',
      '--output',
      'json',
    ]);
    const { nodes } = JSON.parse(stdout);

    expect(code).toBe(0);
    expect(nodes).toMatchObject([
      {
        node: 'cp-2',
        urls: { installer: expect.stringMatching(/^factory\.talos\.dev\/metal-installer\/[0-9a-f]{64}:v1\.13\.9$/) },
      },
    ]);
  });

  it('S0-13 of a graphics chip it says what belongs into the cluster and not into the image', async () => {
    const { stdout } = await sandbox.run(['explain', 'amd-strix-halo']);

    expect(stdout).toMatch(/In the cluster: .*ROCm GPU operator/);
    expect(/Extensions: (.*)\./.exec(stdout)?.[1]).toBe('amdgpu, amd-ucode');
  });
});

describe('the plain doors', () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox.remove());

  it('S4-4 makes the configs of control planes and workers and a talosconfig from name and endpoint, with patches for all, for one role and for the other', async () => {
    const { code, stderr } = await sandbox.run([
      'config',
      'generate',
      'demo',
      'https://10.0.4.100:6443',
      '--output-dir',
      'made',
      '--config-patch',
      'machine: { sysctls: { a.all: "1" } }',
      '--config-patch-control-plane',
      'machine: { sysctls: { b.plane: "1" } }',
      '--config-patch-worker',
      'machine: { sysctls: { c.worker: "1" } }',
    ]);
    const [plane, worker, client] = ['controlplane.yaml', 'worker.yaml', 'talosconfig'].map((name) =>
      readFileSync(sandbox.path('made', name), 'utf8'),
    );
    const verdicts = await Promise.all(
      ['controlplane', 'worker'].map((name) => sandbox.run(['config', 'validate', `made/${name}.yaml`, '--strict'])),
    );

    expect(code, stderr).toBe(0);
    expect([plane?.includes('a.all'), plane?.includes('b.plane'), plane?.includes('c.worker')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([worker?.includes('a.all'), worker?.includes('b.plane'), worker?.includes('c.worker')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(plane).toContain('endpoint: https://10.0.4.100:6443');
    expect(client).toContain('context: demo');
    expect(verdicts.map((verdict) => verdict.code)).toEqual([0, 0]);
  });

  it('F4-11 a fragment offered as a whole config is refused, with what is missing', async () => {
    writeFileSync(sandbox.path('cp.yaml'), 'machine:\n  certSANs: [10.0.4.100]\n');

    const { code, stdout } = await sandbox.run(['config', 'validate', 'cp.yaml']);

    expect(code).toBe(1);
    expect(stdout).toMatch(/the section cluster is required/);
    expect(stdout).toMatch(/machine\.ca/);
  });

  it('F4-1 a patch that was applied before is noticed by what it doubles', async () => {
    writeFileSync(sandbox.path('san.yaml'), 'machine:\n  certSANs: [10.0.4.199]\n');
    const first = await sandbox.run([
      'config',
      'patch',
      'made/controlplane.yaml',
      '--patch',
      '@san.yaml',
      '--to',
      'once.yaml',
    ]);
    const second = await sandbox.run(['config', 'patch', 'once.yaml', '--patch', '@san.yaml', '--to', 'twice.yaml']);

    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(second.stderr).toMatch(/machine\.certSANs.*more than once/);
  });

  it('F0-10 a context of the same name that belongs to another cluster is not overwritten, and the refusal says whose authority it has', async () => {
    mkdirSync(sandbox.path('home'));
    for (const name of ['first', 'second']) {
      await sandbox.run(['secrets', 'generate', '--plaintext', '--to', `${name}.secrets.yaml`]);
      writeFileSync(sandbox.path(`${name}.yaml`), homeCluster({ controlPlanes: 1, secrets: `${name}.secrets.yaml` }));
    }
    await sandbox.run(['talosconfig', '--file', 'first.yaml']);
    const before = readFileSync(sandbox.path('home', '.talos', 'config'), 'utf8');

    const second = await sandbox.run(['talosconfig', '--file', 'second.yaml']);

    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/has "home" already, and it belongs to another cluster/);
    expect(readFileSync(sandbox.path('home', '.talos', 'config'), 'utf8')).toBe(before);
  });

  it('F0-11 the Terraform provider’s machine secrets and talosctl’s bundle render the same config', async () => {
    const bundle = parseBundle(readFileSync(sandbox.path('first.secrets.yaml'), 'utf8'), 'first.secrets.yaml');
    const pair = ({ crt, key }: { readonly crt: string; readonly key: string }) => ({ cert: crt, key });
    const { certs, secrets, cluster, trustdinfo } = bundle;
    const machineSecrets = {
      certs: {
        etcd: pair(certs.etcd),
        k8s: pair(certs.k8s),
        k8s_aggregator: pair(certs.k8saggregator),
        k8s_serviceaccount: { key: certs.k8sserviceaccount.key },
        os: pair(certs.os),
      },
      cluster,
      secrets: {
        aescbc_encryption_secret: null,
        bootstrap_token: secrets.bootstraptoken,
        secretbox_encryption_secret: secrets.secretboxencryptionsecret,
      },
      trustdinfo,
    };
    writeFileSync(
      sandbox.path('output.json'),
      JSON.stringify({ values: { root_module: { resources: [{ values: { machine_secrets: machineSecrets } }] } } }),
    );
    const imported = await sandbox.run([
      'secrets',
      'import',
      '--from-terraform',
      'output.json',
      '--plaintext',
      '--to',
      'taken.yaml',
    ]);
    writeFileSync(sandbox.path('taken-cluster.yaml'), homeCluster({ controlPlanes: 1, secrets: 'taken.yaml' }));

    const [ours, theirs] = await Promise.all(
      ['first.yaml', 'taken-cluster.yaml'].map((file) => sandbox.run(['render', '--file', file, '--show-secrets'])),
    );

    expect(imported.code, imported.stderr).toBe(0);
    expect(ours?.code).toBe(0);
    expect(theirs?.stdout).toBe(ours?.stdout);
  });
});

describe('a fresh clone', () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox.remove());

  it('F4-20 S2-35 S3-27 a clone and the age key are enough to plan; a plan that was made before the file was edited is refused, and the next one is rendered anew', async () => {
    const { identity, recipient } = await generateIdentity();
    const key = { SOPS_AGE_KEY: identity };
    mkdirSync(sandbox.path('repo'));
    mkdirSync(sandbox.path('home'));
    const git = (folder: string, ...args: readonly string[]): void =>
      void execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
        cwd: sandbox.path(folder),
        stdio: 'ignore',
      });
    writeFileSync(
      sandbox.path('repo', 'cluster.yaml'),
      homeCluster({ controlPlanes: 1, secrets: 'secrets.sops.yaml' }),
    );
    await sandbox.run(['secrets', 'generate', '--age', recipient, '--to', 'repo/secrets.sops.yaml']);
    git('repo', 'init');
    git('repo', 'add', '.');
    git('repo', 'commit', '-m', 'cluster');
    git('.', 'clone', 'repo', 'clone');
    const simulator = await startSimulator(sandbox, 'clone/cluster.yaml', { speed: 12 });
    const withWorld = ['--file', 'clone/cluster.yaml', '--world', simulator.world];

    const plan = await sandbox.run(['plan', ...withWorld, '--out', 'plan.json'], key);
    writeFileSync(
      sandbox.path('clone', 'cluster.yaml'),
      homeCluster({
        controlPlanes: 1,
        secrets: 'secrets.sops.yaml',
        more: 'patches: [{ machine: { sysctls: { vm.swappiness: "10" } } }]\n',
      }),
    );
    const stale = await sandbox.run(['apply', ...withWorld, '--plan', 'plan.json'], key);
    const rendered = await sandbox.run(['render', '--file', 'clone/cluster.yaml'], key);
    const { calls } = await simulator.inspect();
    await simulator.stop();

    expect(plan.code, plan.stderr).toBe(2);
    expect(plan.stdout).toContain('cp-1');
    expect(stale.code).toBe(4);
    expect(stale.stderr).toContain('the spec or the secrets have changed since');
    expect(rendered.stdout).toContain('vm.swappiness');
    expect(Object.keys(calls).filter((call) => /ApplyConfiguration|Bootstrap/.test(call))).toEqual([]);
  });
});
