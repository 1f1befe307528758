import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { IchorError, messageOf } from '../../errors.ts';
import { BEHAVIOURS } from '../../sim/behaviours.ts';
import { runControl } from '../../sim/control.ts';
import { parseFaultScript } from '../../sim/fault-script.ts';
import type { FaultScript } from '../../sim/faults.ts';
import { machinesFor } from '../../sim/from-cluster.ts';
import { DEFAULT_LATENCIES, parseLatencies, type Latencies } from '../../sim/latencies.ts';
import { runSimulator } from '../../sim/run.ts';
import type { Simulation } from '../../sim/simulation.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster } from '../cluster-file.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { imageOf } from '../cluster/render.ts';
import { print, printJson, say } from '../output.ts';
import { simulatedState } from '../world.ts';
import { renderTable } from '../terminal/table.ts';
import type { SimFlags } from './sim.ts';

export async function runSim(this: IchorContext, flags: SimFlags, file: string = DEFAULT_FILE): Promise<void> {
  if (flags.explain) {
    if (flags.output === 'json') return printJson(this, { behaviours: BEHAVIOURS });
    return print(
      this,
      BEHAVIOURS.map(({ name, what, mark, source }) => `${name} [${mark}]\n  ${what}\n  ${source}`).join('\n'),
    );
  }
  const cluster = await requireCluster(this, file);
  const worldFile = resolve(this.cwd, flags.world);
  const faults =
    flags.faults === undefined ? undefined : await readFaults(resolve(this.cwd, flags.faults), flags.faults);
  const latencies =
    flags.latencies === undefined
      ? undefined
      : await readLatencies(resolve(this.cwd, flags.latencies), flags.latencies);
  const simulator = await runSimulator({
    machines: machinesFor(cluster, { seed: flags.seed, schematicOf: (node) => imageOf(cluster, node).schematicId }),
    speed: flags.speed,
    seed: flags.seed,
    worldFile,
    bindRealAddresses: flags.realAddresses,
    ...(faults === undefined ? {} : { faults }),
    ...(latencies === undefined ? {} : { latencies }),
    onProblem: (message) => say(this, `simulator: ${message}`),
  });
  try {
    const machines = simulator.simulation.inspect();
    if (flags.output === 'json') this.process.stdout.write(`${JSON.stringify({ v: 1, world: worldFile, machines })}\n`);
    else
      print(
        this,
        renderTable(
          ['MACHINE', 'STAGE', 'ADDRESS'],
          machines.map((machine) => [machine.name, machine.stage, machine.addresses.join(' ')]),
        ),
      );
    say(
      this,
      `SIMULATED: ${machines.length} machines, time ×${flags.speed}. In another terminal: ICHOR_WORLD=${flags.world} ichor apply --file ${file}. Ctrl-C stops them.`,
    );
    if (flags.control) listen(this, simulator.simulation);
    if (!this.signal.aborted) await once(this.signal, 'abort');
  } finally {
    await simulator.close();
    await rm(worldFile, { force: true });
    await rm(simulatedState(worldFile), { recursive: true, force: true });
  }
}

/** Answers commands and tells of each call that a fault befalls; the end of the input changes nothing. */
function listen(context: IchorContext, simulation: Simulation): void {
  const tell = (value: object): void => context.process.stdout.write(`${JSON.stringify(value)}\n`);
  simulation.faults.onHit((hit) => tell({ v: 1, hit }));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line.trim() !== '') tell(runControl(simulation, line));
  });
  context.signal.addEventListener('abort', () => lines.close(), { once: true });
}

async function readFaults(path: string, file: string): Promise<FaultScript> {
  try {
    return parseFaultScript(JSON.parse(await readFile(path, 'utf8')));
  } catch (reason) {
    throw new IchorError('invalid-input', `${file} is not a fault script: ${messageOf(reason)}`, {
      hint: '`ichor sim --explain` and docs/guide/simulator.md say what can be scripted.',
      cause: reason,
    });
  }
}

async function readLatencies(path: string, file: string): Promise<Partial<Latencies>> {
  try {
    return parseLatencies(JSON.parse(await readFile(path, 'utf8')));
  } catch (reason) {
    throw new IchorError('invalid-input', `${file} holds no latencies: ${messageOf(reason)}`, {
      hint: `It is a JSON object of milliseconds; the names are ${Object.keys(DEFAULT_LATENCIES).join(', ')}.`,
      cause: reason,
    });
  }
}
