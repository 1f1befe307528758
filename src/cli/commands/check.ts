/** `ichor check`: every problem of the cluster file at once. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';

export interface CheckFlags extends OutputFlags {
  readonly strict: boolean;
}

export const checkCommand = buildCommand<CheckFlags, [string?], IchorContext>({
  loader: async () => (await import('./check.run.ts')).runCheck,
  parameters: {
    flags: { ...outputFlag, strict: { kind: 'boolean', brief: 'Fail on warnings as well', default: false } },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The cluster file', parse: String, optional: true, placeholder: 'cluster.yaml' }],
    },
  },
  docs: docsOf(
    'Check a cluster file: every problem at once, with its place and what to write instead',
    'Reads the cluster file and the files that it extends, and reports every problem with file, line and column. No machine is asked.',
    'Exit code 0: no errors. 1: errors (with --strict: or warnings).',
  ),
});
