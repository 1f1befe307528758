/** `ichor sim`: the simulated machines by themselves, until stopped. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';
import { parseSpeed } from './rehearse.ts';

/** Written here and not taken from the simulator: help must not load it. */
const CONTROL_EXAMPLES = [
  '{"machine":"cp-1","fault":{"kind":"silent"}}   also dead, heal, restart, wrong-certificate, clock-skew, disk-missing, address',
  '{"machine":"cp-1","power":"off"}               or on',
  '{"rule":{"machine":"cp-1","method":"Bootstrap","fault":{"kind":"broken"}}}   a rule as in a fault script, from now on',
  '{"do":"inspect"}                               or release (replies that are held), clear (all rules), install-cni',
];

export interface SimFlags extends OutputFlags {
  readonly speed: number;
  readonly seed: string;
  readonly world: string;
  readonly faults?: string;
  readonly latencies?: string;
  readonly control: boolean;
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
        brief: 'A JSON file of faults that befall calls',
        optional: true,
        placeholder: 'FILE',
      },
      latencies: {
        kind: 'parsed',
        parse: String,
        brief: 'A JSON file of how long things take, in milliseconds: {"install": 60000}',
        optional: true,
        placeholder: 'FILE',
      },
      control: {
        kind: 'boolean',
        brief: 'Read commands from standard input, one JSON object a line, and answer each on standard output',
        default: false,
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
  docs: docsOf(
    'Run simulated machines for a cluster file until stopped',
    'In another terminal: export ICHOR_WORLD=world.json, then ichor discover, plan, apply or status as on real machines. Stop it with Ctrl-C; the world file',
    'and what the commands kept beside it are removed.',
    '',
    'A fault script is a JSON list of rules: [{"machine":"cp-1","method":"Bootstrap","nth":1,"fault":{"kind":"reply-held"}}]. Machine, method and nth may be left',
    'out (any machine, any call, every time). Faults: slow (ms), silent, reply-held, reply-lost, broken, cut-stream (afterMessages), refused (code, message).',
    '',
    'Commands of --control:',
    ...CONTROL_EXAMPLES.map((example) => `  ${example}`),
  ),
});
