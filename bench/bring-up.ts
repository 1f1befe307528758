/**
 * Bringing 5 and 100 simulated nodes up at real time, the simulator in a process of its own. On the machines nothing takes time but the
 * install, a minute, and Talos' own wait before it makes a learner a voter. What is left of the whole duration, from machines that wait
 * in maintenance to the last health condition, is what the orchestration itself costs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LATENCIES } from '../src/sim/latencies.ts';
import { learnerPromotionMs, parseTalosVersion } from '../src/sim/versions.ts';
import { parseWorld } from '../src/world.ts';
import { benchEnvironment, type BenchResult } from './measure.ts';

const INSTALL_MS = 60_000;
const TALOS = 'v1.14.1';
const CRITICAL_MS = INSTALL_MS + learnerPromotionMs(parseTalosVersion(TALOS));
const SIZES = [5, 100] as const;

export async function benchBringUp(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const size of SIZES) results.push(await bringUp(size));
  return results;
}

async function bringUp(size: number): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ichor-bench-'));
  const program = resolve('bin/ichor.js');
  // `call` stays: a network answers in a millisecond, not in none.
  const still = Object.fromEntries(Object.keys(DEFAULT_LATENCIES).map((name) => [name, 0]));
  writeFileSync(
    join(folder, 'latencies.json'),
    JSON.stringify({
      ...still,
      call: 1,
      install: INSTALL_MS,
      nodeMonitorGrace: 40_000,
      vipLease: 10_000,
      panicReboot: 10_000,
    }),
  );
  writeFileSync(join(folder, 'cluster.yaml'), specOf(size));
  const simulator = start([program, 'sim', '--world', 'world.json', '--latencies', 'latencies.json'], folder);
  try {
    await said(simulator, 'SIMULATED');
    await inMaintenance(join(folder, 'world.json'), size);
    const begin = performance.now();
    const apply = start(
      [program, 'apply', '--yes', '--plaintext', '--world', 'world.json', '--output', 'json'],
      folder,
    );
    let output = '';
    apply.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = await once(apply, 'close');
    const total = performance.now() - begin;
    if (code !== 0) throw new Error(`bring-up of ${size} nodes ended with ${String(code)}: ${output.slice(-600)}`);
    const overhead = ((total - CRITICAL_MS) / CRITICAL_MS) * 100;
    return {
      name: `orchestration overhead, ${size} nodes`,
      value: overhead,
      unit: 'percent',
      limit: { atMost: 5 },
      detail: `${(total / 1000).toFixed(1)} s in all, ${CRITICAL_MS / 1000} s of them on the critical path`,
    };
  } finally {
    simulator.kill('SIGINT');
    await once(simulator, 'close');
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(args: readonly string[], cwd: string): ChildProcess {
  return spawn(process.execPath, [...args], {
    cwd,
    env: { ...benchEnvironment(), XDG_STATE_HOME: join(cwd, 'state') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolveSaid, reject) => {
    let output = '';
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes(text)) resolveSaid();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', () => reject(new Error(`the simulator ended: ${output}`)));
  });
}

/** Until every machine has booted: power-on is nothing that is orchestrated here. */
async function inMaintenance(worldFile: string, size: number): Promise<void> {
  const count = (): number =>
    existsSync(worldFile) ? Object.keys(parseWorld(readFileSync(worldFile, 'utf8'), worldFile).sockets).length : 0;
  while (count() < size) await sleep(100);
}

function specOf(size: number): string {
  const nodes = Array.from({ length: size }, (_, index) => {
    const role = index < 3 ? 'controlplane' : 'worker';
    const mac = `00:23:24:00:00:${index.toString(16).padStart(2, '0')}`;
    return `  node-${index}: { role: ${role}, platform: metal, address: 10.20.0.${index + 10}, mac: "${mac}", install: { disk: { serial: S${index} } } }`;
  });
  return `ichor: 1
name: bench
endpoint: https://10.20.0.10:6443
talos: ${TALOS}
kubernetes: v1.37.0
secrets: secrets.yaml
network: { subnet: 10.20.0.0/24, gateway: 10.20.0.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com] }
nodes:
${nodes.join('\n')}
`;
}
