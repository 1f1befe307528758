/**
 * Runs inside a network namespace of its own: machines on their own addresses, port 50000, and real programs beside them. Speaks JSON
 * lines over stdin and stdout with the test that started it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { MachineDefinition } from '../../src/sim/definition.ts';
import type { Latencies } from '../../src/sim/latencies.ts';
import { runSimulator } from '../../src/sim/run.ts';

interface Setup {
  readonly machines: readonly MachineDefinition[];
  /** Every address that a machine may ever have. */
  readonly addresses: readonly string[];
  readonly speed: number;
  readonly latencies?: Partial<Latencies>;
}

const setup: Setup = JSON.parse(process.argv[2] ?? '');
for (const args of [
  ['link', 'set', 'lo', 'up'],
  ...setup.addresses.map((address) => ['addr', 'add', `${address}/32`, 'dev', 'lo']),
]) {
  const done = spawnSync('ip', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr}`);
}
const simulator = await runSimulator({
  machines: setup.machines,
  speed: setup.speed,
  ...(setup.latencies === undefined ? {} : { latencies: setup.latencies }),
  bindRealAddresses: true,
  onProblem: (message) => process.stderr.write(`${message}\n`),
});
say({ ready: true });

createInterface({ input: process.stdin }).on('line', (line) => {
  const request: {
    readonly id: number;
    readonly kind: string;
    readonly command?: readonly string[];
    readonly timeoutMs?: number;
  } = JSON.parse(line);
  if (request.kind === 'inspect')
    void simulator.door.settled().then(() => say({ id: request.id, value: simulator.simulation.inspect() }));
  if (request.kind === 'run') run(request.id, request.command ?? [], request.timeoutMs ?? 60_000);
});
process.stdin.on('end', () => process.exit(0));

function run(id: number, [program = '', ...args]: readonly string[], timeoutMs: number): void {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  child.on('close', (code) => say({ id, value: { code, stdout, stderr } }));
}

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
