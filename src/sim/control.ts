/**
 * Live commands to a running simulation, one JSON object a line: what happens to a machine or its calls while others look on, and what
 * the world is like. Each command is answered with one JSON object.
 */
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { parseFaultScript } from './fault-script.ts';
import type { MachineFault } from './faults.ts';
import type { MachineSummary, Simulation } from './simulation.ts';

const machineFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dead') }),
  z.strictObject({ kind: z.literal('silent') }),
  z.strictObject({ kind: z.literal('heal') }),
  z.strictObject({ kind: z.literal('restart') }),
  z.strictObject({ kind: z.literal('wrong-certificate') }),
  z.strictObject({ kind: z.literal('clock-skew'), ms: z.number() }),
  z.strictObject({ kind: z.literal('disk-missing'), disk: z.string() }),
  z.strictObject({ kind: z.literal('address'), ip: z.string(), atOnce: z.boolean() }),
]) satisfies z.ZodType<MachineFault>;

const command = z.union([
  z.strictObject({ machine: z.string(), fault: machineFault }),
  z.strictObject({ machine: z.string(), power: z.enum(['on', 'off']) }),
  /** One rule of a fault script, checked as such. */
  z.strictObject({ rule: z.unknown() }),
  z.strictObject({ do: z.enum(['release', 'clear', 'inspect', 'install-cni']) }),
]);

export type ControlAnswer =
  | { readonly v: 1; readonly ok: true; readonly state?: WorldState }
  | { readonly v: 1; readonly ok: false; readonly error: string };

export interface WorldState {
  readonly machines: readonly MachineSummary[];
  /** How many etcd clusters were ever born; more than one is a split. */
  readonly etcdBirths: number;
  /** `machine method` → how often it was called. */
  readonly calls: Readonly<Record<string, number>>;
}

/** One of each kind, for error texts. */
const EXAMPLES: readonly string[] = [
  '{"machine":"cp-1","fault":{"kind":"silent"}}',
  '{"machine":"cp-1","power":"off"}',
  '{"rule":{"machine":"cp-1","method":"Bootstrap","fault":{"kind":"broken"}}}',
  '{"do":"inspect"}',
];

/** Never throws: what cannot be done is said in the answer. */
export function runControl(simulation: Simulation, line: string): ControlAnswer {
  try {
    return obey(simulation, command.parse(JSON.parse(line)));
  } catch (reason) {
    const isNone = reason instanceof z.ZodError || reason instanceof SyntaxError;
    const why = isNone ? `not a command; expected one of: ${EXAMPLES.join(' | ')}` : messageOf(reason);
    return { v: 1, ok: false, error: why };
  }
}

export function readWorldState(simulation: Simulation): WorldState {
  const clusters = Object.values(simulation.world().clusters);
  return {
    machines: simulation.inspect(),
    etcdBirths: clusters.reduce((sum, { etcd }) => sum + etcd.generation, 0),
    calls: Object.fromEntries(simulation.faults.calls),
  };
}

function obey(simulation: Simulation, wanted: z.infer<typeof command>): ControlAnswer {
  if ('rule' in wanted) for (const rule of parseFaultScript([wanted.rule])) simulation.faults.add(rule);
  else if ('fault' in wanted) simulation.fault(wanted.machine, wanted.fault);
  else if ('power' in wanted) simulation.power(wanted.machine, wanted.power);
  else if (wanted.do === 'inspect') return { v: 1, ok: true, state: readWorldState(simulation) };
  else if (wanted.do === 'install-cni') simulation.installCni();
  else simulation.faults[wanted.do]();
  return { v: 1, ok: true };
}
