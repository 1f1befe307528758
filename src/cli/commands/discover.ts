/** `ichor discover`: which machines answer on the network, and what they are. */
import { buildCommand } from '@stricli/core';
import type { IchorContext } from '../context.ts';
import { docsOf } from '../docs.ts';
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
  docs: docsOf(
    'List the Talos machines that answer on the network: MACs, serial numbers, disks',
    'Connects to TCP port 50000, the Talos API, of every address of the subnet, once. A machine that was booted from Talos media and has no config yet is in',
    'maintenance; one with the config of another cluster is foreign. With a cluster file, each machine is matched to its node by MAC, UUID or serial number;',
    'without one, --subnet is needed.',
  ),
});
