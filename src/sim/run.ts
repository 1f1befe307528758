/** Runs a whole simulation behind sockets: what `ichor sim`, `ichor rehearse` and other people's tests start. */
import { createSystemClock, type Clock } from '../system.ts';
import type { MachineDefinition } from './definition.ts';
import { openSockets, type SocketDoor } from './doors/sockets.ts';
import type { FaultScript } from './faults.ts';
import type { Latencies } from './latencies.ts';
import type { ConfigValidator } from './machine/validate.ts';
import { createSimulation, type Simulation } from './simulation.ts';

export interface RunSimulatorOptions {
  readonly machines: readonly MachineDefinition[];
  /** How many times faster than the wall clock the world lives. */
  readonly speed: number;
  readonly seed?: string;
  readonly worldFile?: string;
  readonly latencies?: Partial<Latencies>;
  readonly faults?: FaultScript;
  readonly validator?: ConfigValidator;
  readonly bindRealAddresses?: boolean;
  /** False: machines stay off until `simulation.power`. */
  readonly powerOn?: boolean;
  readonly clock?: Clock;
  readonly onProblem?: (message: string) => void;
}

export interface RunningSimulator {
  readonly simulation: Simulation;
  readonly door: SocketDoor;
  close(): Promise<void>;
}

export async function runSimulator(options: RunSimulatorOptions): Promise<RunningSimulator> {
  const simulation = createSimulation({
    clock: options.clock ?? createSystemClock(options.speed),
    seed: options.seed ?? 'ichor',
    machines: options.machines,
    ...(options.latencies === undefined ? {} : { latencies: options.latencies }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    ...(options.validator === undefined ? {} : { validator: options.validator }),
  });
  const door = openSockets({
    simulation,
    speed: options.speed,
    ...(options.worldFile === undefined ? {} : { worldFile: options.worldFile }),
    ...(options.bindRealAddresses === undefined ? {} : { bindRealAddresses: options.bindRealAddresses }),
    ...(options.onProblem === undefined ? {} : { onProblem: options.onProblem }),
  });
  if (options.powerOn !== false) for (const name of simulation.names) simulation.power(name, 'on');
  await door.settled();
  return {
    simulation,
    door,
    async close() {
      simulation.close();
      await door.close();
    },
  };
}
