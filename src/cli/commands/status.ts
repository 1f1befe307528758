/** `ichor status`: what the cluster is right now, as its machines say. */
import { buildCommand, numberParser } from '@stricli/core';
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

export interface StatusFlags extends FileFlags, NodeFlags, OutputFlags, WorldFlags {
  readonly watch: boolean;
  readonly interval: number;
}

export const statusCommand = buildCommand<StatusFlags, [], IchorContext>({
  loader: async () => (await import('./status.run.ts')).runStatus,
  parameters: {
    flags: {
      ...fileFlag,
      ...nodeFlag,
      watch: { kind: 'boolean', brief: 'Look again and again until stopped', default: false },
      interval: {
        kind: 'parsed',
        parse: numberParser,
        brief: 'Seconds between two looks with --watch',
        default: '5',
        placeholder: 'SECONDS',
      },
      ...worldFlag,
      ...outputFlag,
    },
    aliases: { f: 'file', n: 'node', w: 'watch' },
  },
  docs: docsOf(
    'Show what each node and the cluster are right now',
    'Reads the machines themselves; nothing is remembered from earlier runs and nothing is changed.',
    'Exit code 0: healthy. 3: a condition fails. 5: nothing could be reached.',
  ),
});
