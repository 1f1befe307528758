/** `ichor plan`: what `ichor apply` would do, and why. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import {
  fileFlag,
  nodeFlag,
  outputFlag,
  worldFlag,
  type FileFlags,
  type NodeFlags,
  type OutputFlags,
  type WorldFlags,
} from '../flags.ts';

export interface PlanFlags extends FileFlags, NodeFlags, OutputFlags, WorldFlags {
  readonly out?: string;
  readonly confirm?: readonly string[];
}

export const confirmFlag = {
  confirm: {
    kind: 'parsed',
    parse: String,
    brief:
      'Confirm a loss by the name that the refusal gives: a node that is gone for good, a disk or volume to be erased',
    optional: true,
    variadic: ',',
    placeholder: 'NAME',
  },
} as const;

export const planCommand = buildCommand<PlanFlags, [], IchorContext>({
  loader: async () => (await import('./plan.run.ts')).runPlan,
  parameters: {
    flags: {
      ...fileFlag,
      ...nodeFlag,
      ...confirmFlag,
      out: {
        kind: 'parsed',
        parse: String,
        brief: 'Also write the plan to a file, for review and `ichor apply --plan FILE`',
        optional: true,
        placeholder: 'FILE',
      },
      ...worldFlag,
      ...outputFlag,
    },
    aliases: { f: 'file', n: 'node' },
  },
  docs: docsOf(
    'Show what apply would do: each step with its impact, what it waits for, and why',
    'Looks at every machine and plans; nothing is changed. It needs the secrets of the cluster (`ichor secrets generate`, once).',
    'Exit code 0: nothing to do. 2: something to do, or a running config differs. 1: the file is wrong. 4: refused. 5: nothing could be reached.',
  ),
});
