/** `ichor diff`: what differs between two clusters, as the machines would be told. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';

export type DiffFlags = OutputFlags;

export const diffCommand = buildCommand<DiffFlags, [string, string], IchorContext>({
  loader: async () => (await import('./diff.run.ts')).runDiff,
  parameters: {
    flags: outputFlag,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'One cluster file', parse: String, placeholder: 'A' },
        { brief: 'The other', parse: String, placeholder: 'B' },
      ],
    },
  },
  docs: docsOf(
    'Show what differs between two cluster files, in the machine configs they come to',
    'Both are rendered with the same throwaway secrets, so that no bundle is opened and only what the files say is compared, value by value.\nNodes are matched by name. Exit code 0: nothing differs. 2: something does.',
  ),
});
