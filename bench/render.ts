/**
 * `ichor render` of 1, 100 and 1,000 nodes from one file against `talhelper genconfig` of the same cluster, as whole processes on this
 * machine in the same run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { real } from '../test/support/real.ts';
import { benchEnvironment, median, type BenchResult } from './measure.ts';

const SIZES = [1, 100, 1000] as const;
const ROUNDS = { 1: 5, 100: 3, 1000: 1 } as const;
/** The goal for 1,000 nodes (talhelper took 14.3 s where it was set). */
const GOAL = 10;

export async function benchRender(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ichor-bench-'));
  try {
    return measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string): readonly BenchResult[] {
  const talhelper = real('talhelper-3.1.16', { env: {} });
  const program = resolve('bin/ichor.js');
  run(process.execPath, [program, 'secrets', 'generate', '--plaintext', '-o', 'secrets.yaml'], folder);
  const results: BenchResult[] = [];
  for (const size of SIZES) {
    writeFileSync(join(folder, 'cluster.yaml'), ichorSpec(size));
    writeFileSync(join(folder, 'talconfig.yaml'), talhelperSpec(size));
    const rounds = Array.from({ length: ROUNDS[size] }, () => {
      const ours = run(process.execPath, [program, 'render', '--to', 'out'], folder);
      const theirs =
        talhelper === undefined
          ? undefined
          : run(
              talhelper,
              [
                'genconfig',
                '-c',
                'talconfig.yaml',
                '-s',
                'secrets.yaml',
                '-o',
                'clusterconfig',
                '--offline-mode',
                '--no-gitignore',
              ],
              folder,
            );
      return { ours, theirs };
    });
    const ours = median(rounds.map((round) => round.ours));
    results.push({ name: `render ${size} nodes`, value: ours, unit: 'ms', detail: `${rounds.length} rounds` });
    const pairs = rounds.flatMap((round) => (round.theirs === undefined ? [] : [round.theirs / round.ours]));
    if (pairs.length === 0) continue;
    const theirs = median(rounds.flatMap((round) => round.theirs ?? []));
    results.push({
      name: `talhelper over ichor, ${size} nodes`,
      value: median(pairs),
      unit: 'ratio',
      ...(size === 1000 ? { limit: { atLeast: GOAL } } : {}),
      detail: `talhelper ${theirs.toFixed(0)} ms, ichor ${ours.toFixed(0)} ms`,
    });
  }
  if (talhelper === undefined)
    process.stderr.write(
      'talhelper is not built: only Ichor was measured. Build it with: npm run test:setup -- talhelper-3.1.16\n',
    );
  return results;
}

function run(command: string, args: readonly string[], cwd: string): number {
  const start = performance.now();
  const result = spawnSync(command, args, { cwd, env: benchEnvironment(), encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status}: ${result.stderr.slice(-2000)}`);
  return performance.now() - start;
}

function addressOf(index: number): string {
  return `10.20.${Math.floor((index + 10) / 250)}.${((index + 10) % 250) + 1}`;
}

function macOf(index: number): string {
  return `00:23:24:00:${Math.floor(index / 256)
    .toString(16)
    .padStart(2, '0')}:${(index % 256).toString(16).padStart(2, '0')}`;
}

function ichorSpec(size: number): string {
  const nodes = Array.from({ length: size }, (_, index) => {
    const role = index < 3 && (size > 2 || index < 1) ? 'controlplane' : 'worker';
    return `  node-${index}: { role: ${role}, platform: metal, address: ${addressOf(index)}, mac: "${macOf(index)}", install: { disk: { serial: S${index} } } }`;
  });
  return `ichor: 1
name: bench
endpoint: https://${addressOf(0)}:6443
talos: v1.13.9
kubernetes: v1.36.3
secrets: secrets.yaml
network: { subnet: 10.20.0.0/16, gateway: 10.20.0.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com], pods: 10.64.0.0/12 }
nodes:
${nodes.join('\n')}
patches:
  - machine: { sysctls: { vm.max_map_count: "262144" } }
`;
}

function talhelperSpec(size: number): string {
  const nodes = Array.from({ length: size }, (_, index) => {
    const isPlane = index < 3 && (size > 2 || index < 1);
    return `  - hostname: node-${index}
    ipAddress: ${addressOf(index)}
    controlPlane: ${isPlane}
    installDiskSelector: { serial: S${index} }
    nameservers: [1.1.1.1]
    networkInterfaces:
      - deviceSelector: { hardwareAddr: "${macOf(index)}" }
        addresses: [${addressOf(index)}/16]
        routes: [{ network: 0.0.0.0/0, gateway: 10.20.0.1 }]
        dhcp: false`;
  });
  return `clusterName: bench
endpoint: https://${addressOf(0)}:6443
talosVersion: v1.13.9
kubernetesVersion: v1.36.3
clusterPodNets: [10.64.0.0/12]
nodes:
${nodes.join('\n')}
patches:
  - |-
    machine:
      sysctls:
        vm.max_map_count: "262144"
`;
}
