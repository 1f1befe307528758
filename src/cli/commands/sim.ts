/** `ichor sim`: the simulated machines by themselves, until stopped. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';
import { parseSpeed } from './rehearse.ts';

export interface SimFlags extends OutputFlags {
  readonly speed: number;
  readonly seed: string;
  readonly world: string;
  readonly faults?: string;
  readonly realAddresses: boolean;
  readonly explain: boolean;
}

export const simCommand = buildCommand<SimFlags, [string?], IchorContext>({
  loader: async () => (await import('./sim.run.ts')).runSim,
  parameters: {
    flags: {
      world: {
        kind: 'parsed',
        parse: String,
        brief: 'The world file to write, for --world of the other commands',
        default: 'world.json',
        placeholder: 'FILE',
      },
      speed: {
        kind: 'parsed',
        parse: parseSpeed,
        brief: 'How many times faster than real time',
        default: '1',
        placeholder: 'N',
      },
      seed: {
        kind: 'parsed',
        parse: String,
        brief: 'The same seed makes the same machines',
        default: 'ichor',
        placeholder: 'TEXT',
      },
      faults: {
        kind: 'parsed',
        parse: String,
        brief: 'A JSON file of faults to play',
        optional: true,
        placeholder: 'FILE',
      },
      realAddresses: {
        kind: 'boolean',
        brief: "Listen on the spec's own addresses, for talosctl and kubectl (in a network namespace that has them)",
        default: false,
      },
      explain: { kind: 'boolean', brief: 'Print what is simulated and how it is known, and exit', default: false },
      ...outputFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The cluster file', parse: String, optional: true, placeholder: 'cluster.yaml' }],
    },
  },
  docs: {
    brief: 'Run simulated machines for a cluster file until stopped',
    fullDescription:
      'In another terminal: ICHOR_WORLD=world.json ichor discover | plan | apply | status. Stop it with Ctrl-C; the world file is removed.',
  },
});
