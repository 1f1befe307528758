/** `ichor kubeconfig`: the admin kubeconfig, made from the cluster's secrets and merged into the user's own. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
import { fileFlag, type FileFlags } from '../flags.ts';

export interface ClientConfigFlags extends FileFlags {
  readonly print: boolean;
  readonly to?: string;
  readonly days?: number;
}

export function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw new Error(`expected a whole number of days, got "${text}"`);
  return days;
}

const flags = {
  ...fileFlag,
  print: { kind: 'boolean', brief: 'Print it instead of merging it into a file', default: false },
  to: {
    kind: 'parsed',
    parse: String,
    brief: "The file to merge into (default: the user's own)",
    optional: true,
    placeholder: 'FILE',
  },
  days: {
    kind: 'parsed',
    parse: parseDays,
    brief: 'How long its certificate is valid (default 365)',
    optional: true,
    placeholder: 'DAYS',
  },
} as const;

export const kubeconfigCommand = buildCommand<ClientConfigFlags, [], IchorContext>({
  loader: async () => (await import('./kubeconfig.run.ts')).runKubeconfig,
  parameters: { flags, aliases: { f: 'file' } },
  docs: docsOf(
    'Write the admin kubeconfig, made from the secrets; other contexts stay as they are',
    'No machine is asked. It is merged into $KUBECONFIG or ~/.kube/config (mode 0600) and becomes the current context.',
  ),
});

export const talosconfigCommand = buildCommand<ClientConfigFlags, [], IchorContext>({
  loader: async () => (await import('./kubeconfig.run.ts')).runTalosconfig,
  parameters: { flags, aliases: { f: 'file' } },
  docs: docsOf(
    'Write the admin talosconfig, made from the secrets; other contexts stay as they are',
    'No machine is asked. Its endpoints are the addresses of the control planes, never the VIP. It is merged into $TALOSCONFIG or ~/.talos/config (mode 0600) and becomes the current context.',
  ),
});
