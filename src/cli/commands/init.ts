/** `ichor init`: a first cluster file, ready to be filled in. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';

export interface InitFlags {
  readonly name: string;
  readonly controlPlanes: number;
  readonly workers: number;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly vip?: string;
  readonly talos?: string;
  readonly print: boolean;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1000) throw new Error(`expected a whole number, got "${text}"`);
  return count;
}

const optionalText = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const;

export const initCommand = buildCommand<InitFlags, [string?], IchorContext>({
  loader: async () => (await import('./init.run.ts')).runInit,
  parameters: {
    flags: {
      name: { kind: 'parsed', parse: String, brief: 'Name of the cluster', default: 'homelab', placeholder: 'NAME' },
      controlPlanes: {
        kind: 'parsed',
        parse: parseCount,
        brief: 'How many control planes',
        default: '3',
        placeholder: 'N',
      },
      workers: { kind: 'parsed', parse: parseCount, brief: 'How many workers', default: '0', placeholder: 'N' },
      subnet: optionalText('The network that the machines are on', 'CIDR'),
      gateway: optionalText('Its gateway (default: the first address)', 'IP'),
      vip: optionalText('A free address of that network that the control planes share, for the Kubernetes API', 'IP'),
      talos: optionalText('Talos version (default: the newest that this Ichor knows)', 'vX.Y.Z'),
      print: { kind: 'boolean', brief: 'Print it instead of writing a file', default: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The file to write', parse: String, optional: true, placeholder: 'cluster.yaml' }],
    },
  },
  docs: docsOf(
    'Write a first cluster file, with what to fill in marked',
    'Never overwrites a file. The first line of what it writes lets editors check and complete the file while you type.',
    'Then: fill in MAC addresses and disks (`ichor discover` lists those of machines that were booted from Talos media), ichor check, ichor secrets generate,',
    'ichor plan, ichor apply.',
  ),
});
