import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Sandbox, startSimulator } from '../support/cli.ts';

const SPEC = `
ichor: 1
name: home
endpoint: https://10.0.4.100:6443
talos: v1.13.9
kubernetes: v1.36.3
secrets: secrets.yaml
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com], vip: 10.0.4.100 }
scheduling: true
nodes:
  cp-1: { role: controlplane, platform: metal, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { disk: { serial: S6Z1 } } }
  cp-2: { role: controlplane, platform: metal, address: 10.0.4.102, mac: "00:23:24:00:00:02", install: { disk: { serial: S6Z2 } } }
  cp-3: { role: controlplane, platform: metal, address: 10.0.4.103, mac: "00:23:24:00:00:03", install: { disk: { serial: S6Z3 } } }
`;

describe('a cluster from nothing, by the built program over sockets', () => {
  const sandbox = new Sandbox();
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  const world = (): readonly string[] => ['--world', simulator.world];

  beforeAll(async () => {
    writeFileSync(sandbox.path('cluster.yaml'), SPEC);
    simulator = await startSimulator(sandbox, 'cluster.yaml', { speed: 6 });
  });
  afterAll(async () => {
    await simulator.stop();
    sandbox.remove();
  });

  it('S4-19 discovers the machines in maintenance and which node each one is', async () => {
    // The machines are switched on by the simulator and take their time to boot.
    let machines: { kind: string; node?: string }[] = [];
    for (let look = 0; look < 20 && machines.length < 3; look += 1) {
      const result = await sandbox.run(['discover', '--output', 'json', ...world()]);
      expect(result.code).toBe(0);
      expect(result.stderr).not.toContain('Warning');
      machines = JSON.parse(result.stdout).machines;
    }

    expect(machines.map(({ kind, node }) => [kind, node]).toSorted()).toEqual([
      ['maintenance', 'cp-1'],
      ['maintenance', 'cp-2'],
      ['maintenance', 'cp-3'],
    ]);
  });

  it('S2-53 S4-40 S4-44 S4-45 brings three control planes up, bootstrapped once, all of them voters and Ready', async () => {
    const result = await sandbox.run(['apply', '--yes', '--plaintext', ...world()]);

    expect(result.stderr).toContain('done: home is up');
    expect(result.code).toBe(0);
    expect(result.stderr.match(/bootstrap etcd on cp-1$/gm)).toHaveLength(1);
    expect(result.stderr).toContain('3 voters');
    expect(result.stderr).toContain('OK: all nodes are Ready');
  });

  it('finds nothing to do when it is run again', async () => {
    const plan = await sandbox.run(['plan', '--output', 'json', ...world()]);
    const apply = await sandbox.run(['apply', '--yes', ...world()]);

    const { steps, differences } = JSON.parse(plan.stdout).plan;
    expect({ steps, differences, code: plan.code }).toEqual({ steps: [], differences: [], code: 0 });
    expect(apply.code).toBe(0);
    expect(apply.stderr).not.toContain('bootstrap etcd');
  });

  it('S4-41 S4-43 S2-67 shows each node and every condition in status, and ends with 0', async () => {
    const result = await sandbox.run(['status', '--output', 'json', ...world()]);
    const { observation, conditions } = JSON.parse(result.stdout);

    expect(result.code).toBe(0);
    expect(
      observation.nodes.map((node: { node: string; facts: { etcd: { value: { self: { learner: boolean } } } } }) => [
        node.node,
        node.facts.etcd.value.self.learner,
      ]),
    ).toEqual([
      ['cp-1', false],
      ['cp-2', false],
      ['cp-3', false],
    ]);
    expect(conditions.filter((condition: { state: string }) => condition.state === 'failed')).toEqual([]);
  });

  it('S3-10 keeps the secrets that were made once, readable by their owner only', async () => {
    const before = readFileSync(sandbox.path('secrets.yaml'), 'utf8');

    await sandbox.run(['apply', '--yes', '--plaintext', ...world()]);

    expect(readFileSync(sandbox.path('secrets.yaml'), 'utf8')).toBe(before);
    expect(statSync(sandbox.path('secrets.yaml')).mode & 0o777).toBe(0o600);
  });

  it('S4-9 S4-39 S4-42 S2-54 S2-55 merges kubeconfig and talosconfig: other contexts stay, endpoints are nodes, never the VIP', async () => {
    mkdirSync(sandbox.path('home', '.talos'), { recursive: true });
    writeFileSync(
      sandbox.path('home', '.talos', 'config'),
      'context: other\ncontexts:\n    other:\n        endpoints: [192.0.2.1]\n        ca: YQ==\n        crt: YQ==\n        key: YQ==\n',
    );

    const talos = await sandbox.run(['talosconfig']);
    const kube = await sandbox.run(['kubeconfig']);

    expect([talos.code, kube.code]).toEqual([0, 0]);
    const talosconfig = parse(readFileSync(sandbox.path('home', '.talos', 'config'), 'utf8'));
    expect(Object.keys(talosconfig.contexts)).toEqual(['other', 'home']);
    expect(talosconfig.contexts.home.endpoints).toEqual(['10.0.4.101', '10.0.4.102', '10.0.4.103']);
    const kubeconfig = parse(readFileSync(sandbox.path('home', '.kube', 'config'), 'utf8'));
    expect(kubeconfig.clusters[0].cluster.server).toBe('https://10.0.4.100:6443');
    expect(statSync(sandbox.path('home', '.kube', 'config')).mode & 0o777).toBe(0o600);
  });

  it('shows a changed config of a running node, redacted, and leaves it alone (exit code 2)', async () => {
    writeFileSync(
      sandbox.path('changed.yaml'),
      `${SPEC}patches:\n  - machine: { sysctls: { vm.max_map_count: "262144" } }\n`,
    );

    const plan = await sandbox.run(['plan', '--file', 'changed.yaml', ...world()]);

    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain('left alone');
    expect(plan.stdout).toContain('vm.max_map_count');
  });

  it('leaves no world file behind when it is stopped', async () => {
    const ended = await simulator.stop();

    expect(existsSync(simulator.world)).toBe(false);
    expect(ended.code).toBe(0);
    chmodSync(sandbox.folder, 0o700);
  });
});
