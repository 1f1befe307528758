/** `ichor apply`: makes the cluster what the file says. */
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
import { confirmFlag } from './plan.ts';

export interface ApplyFlags extends FileFlags, NodeFlags, OutputFlags, WorldFlags {
  readonly yes: boolean;
  readonly plan?: string;
  readonly confirm?: readonly string[];
  readonly age?: readonly string[];
  readonly plaintext: boolean;
}

export const applyCommand = buildCommand<ApplyFlags, [], IchorContext>({
  loader: async () => (await import('./apply.run.ts')).runApply,
  parameters: {
    flags: {
      ...fileFlag,
      ...nodeFlag,
      yes: { kind: 'boolean', brief: 'Do not ask before starting', default: false },
      plan: {
        kind: 'parsed',
        parse: String,
        brief:
          'Run this reviewed plan (from `ichor plan --out`) without asking, or refuse if anything that it rests on has changed',
        optional: true,
        placeholder: 'FILE',
      },
      ...confirmFlag,
      age: {
        kind: 'parsed',
        parse: String,
        brief: 'For a new cluster: age public keys of those who may open its secrets; default: the rules of .sops.yaml',
        optional: true,
        variadic: ',',
        placeholder: 'age1…',
      },
      plaintext: { kind: 'boolean', brief: 'For a new cluster: write its secrets in the clear', default: false },
      ...worldFlag,
      ...outputFlag,
    },
    aliases: { f: 'file', n: 'node', y: 'yes' },
  },
  docs: docsOf(
    'Bring the cluster up, and finish what an earlier run began',
    'Looks at every machine, shows the plan, asks, and runs it: machines without a config (in maintenance) get theirs and are installed, etcd is bootstrapped once,',
    'the others join, and the health of Talos, Kubernetes and the nodes is observed. A run that was stopped (Ctrl-C is safe) or killed is finished by running it',
    'again; a second run after success does nothing. A running node whose config differs from the file is shown and left alone.',
    'Exit code 0: done or nothing to do. 1: the file is wrong. 2: a running config differs. 3: failed on a node. 4: refused. 5: unreachable or past its deadline.',
    '130: stopped by you.',
  ),
});
