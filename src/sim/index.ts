/** `ichor/sim`: simulated Talos machines for the tests of other programs. */
export type { BootImage, DiskDefinition, InitialAddress, LinkDefinition, MachineDefinition } from './definition.ts';
export { DEFAULT_LATENCIES, type Latencies } from './latencies.ts';
export { createSimulation, type MachineSummary, type Simulation, type SimulationOptions } from './simulation.ts';
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
export { machinesFor, type MachinesOptions } from './from-cluster.ts';
export { runSimulator, type RunningSimulator, type RunSimulatorOptions } from './run.ts';
export { openSockets, type SocketDoor, type SocketsOptions } from './doors/sockets.ts';
export {
  createInProcessNetwork,
  type InProcessCaller,
  type InProcessNetwork,
  type KubernetesRequest,
} from './doors/in-process.ts';
export type { CallFault, FaultBook, FaultRule, FaultScript, MachineFault } from './faults.ts';
export { BEHAVIOURS, type Behaviour } from './behaviours.ts';
export type { ConfigValidator, ValidationContext, Verdict } from './machine/validate.ts';
