/** `ichor completion SHELL`: a script for the shell's start-up file, which asks `ichor __complete` for each proposal. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

function parseShell(text: string): Shell {
  const shell = SHELLS.find((known) => known === text);
  if (shell === undefined) throw new Error(`unknown shell "${text}", expected one of ${SHELLS.join(', ')}`);
  return shell;
}

export const completionCommand = buildCommand<Record<never, never>, [Shell], IchorContext>({
  loader: async () => (await import('./completion.run.ts')).runCompletion,
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'bash, zsh or fish',
          parse: parseShell,
          placeholder: 'bash|zsh|fish',
          proposeCompletions: () => [...SHELLS],
        },
      ],
    },
  },
  docs: docsOf(
    'Print a completion script for bash, zsh or fish',
    'bash:  source <(ichor completion bash)',
    'zsh:   source <(ichor completion zsh)',
    'fish:  ichor completion fish | source',
  ),
});

/** Hidden: what the scripts call. */
export const completeCommand = buildCommand<Record<never, never>, string[], IchorContext>({
  loader: async () => (await import('./completion.run.ts')).runComplete,
  parameters: {
    positional: {
      kind: 'array',
      parameter: { brief: 'The words of the line, the last one unfinished', parse: String, placeholder: 'WORD' },
    },
  },
  docs: { brief: 'Propose completions for a command line' },
});
