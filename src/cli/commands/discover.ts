/** `ichor discover`: which machines answer on the network, and what they are. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { fileFlag, outputFlag, worldFlag, type FileFlags, type OutputFlags, type WorldFlags } from '../flags.ts';

export interface DiscoverFlags extends FileFlags, OutputFlags, WorldFlags {
  readonly subnet?: string;
}

export const discoverCommand = buildCommand<DiscoverFlags, [], IchorContext>({
  loader: async () => (await import('./discover.run.ts')).runDiscover,
  parameters: {
    flags: {
      ...fileFlag,
      subnet: {
        kind: 'parsed',
        parse: String,
        brief: 'Look here (IPv4, at most a /22) instead of the subnet of the cluster file',
        optional: true,
        placeholder: 'CIDR',
      },
      ...worldFlag,
      ...outputFlag,
    },
    aliases: { f: 'file' },
  },
  docs: {
    brief: 'List the Talos machines that answer on the network: MACs, serial numbers, disks',
    fullDescription:
      'Connects to TCP port 50000 of every address of the subnet, once. With a cluster file, each machine is matched to its node by identity; without one, --subnet is needed.',
  },
});
