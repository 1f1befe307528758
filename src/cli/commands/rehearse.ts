/** `ichor rehearse`: brings this very file up on simulated machines. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { outputFlag, type OutputFlags } from '../flags.ts';

export interface RehearseFlags extends OutputFlags {
  readonly speed: number;
  readonly seed: string;
}

export function parseSpeed(text: string): number {
  const speed = Number(text.replace(/^[x×]/, ''));
  if (!Number.isFinite(speed) || speed < 0.1 || speed > 1000)
    throw new Error(`expected a number from 0.1 to 1000, got "${text}"`);
  return speed;
}

export const rehearseCommand = buildCommand<RehearseFlags, [string?], IchorContext>({
  loader: async () => (await import('./rehearse.run.ts')).runRehearse,
  parameters: {
    flags: {
      speed: {
        kind: 'parsed',
        parse: parseSpeed,
        brief: 'How many times faster than real time',
        default: '15',
        placeholder: 'N',
      },
      seed: {
        kind: 'parsed',
        parse: String,
        brief: 'The same seed makes the same machines',
        default: 'ichor',
        placeholder: 'TEXT',
      },
      ...outputFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The cluster file', parse: String, optional: true, placeholder: 'cluster.yaml' }],
    },
  },
  docs: docsOf(
    'Bring this very file up on simulated machines; nothing on your network is touched',
    'Starts a simulated machine for every node, speaking the real protocols, and runs on them the code that `ichor apply` runs. Uses secrets of its own, made for',
    'this run and thrown away, never yours. Leaves nothing behind.',
  ),
});
