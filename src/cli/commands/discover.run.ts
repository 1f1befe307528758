import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { IchorError } from '../../errors.ts';
import { discover, type DiscoveredMachine } from '../../lifecycle/discover.ts';
import { createTcpProbe } from '../../lifecycle/probe.ts';
import { searchRange } from '../../lifecycle/scan.ts';
import { generateBundle } from '../../secrets/bundle.ts';
import { wantedIp, type Cluster } from '../../spec/model.ts';
import { createTalosConnector } from '../../talos-api/sockets.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster } from '../cluster-file.ts';
import { issueCredentials, openBundle } from '../cluster/secrets.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { print, printJson, say } from '../output.ts';
import { renderTable } from '../terminal/table.ts';
import { openSurroundings } from '../world.ts';
import type { DiscoverFlags } from './discover.ts';

export async function runDiscover(this: IchorContext, flags: DiscoverFlags): Promise<void> {
  const hasFile = flags.file !== undefined || existsSync(resolve(this.cwd, DEFAULT_FILE));
  const cluster = hasFile ? await requireCluster(this, flags.file) : undefined;
  const subnet =
    flags.subnet ??
    (cluster === undefined
      ? undefined
      : searchRange(
          cluster.network.subnet,
          cluster.nodes.flatMap((node) => wantedIp(node) ?? []),
        ));
  if (subnet === undefined)
    throw new IchorError('invalid-input', 'it is not known where to look', {
      hint: 'Give --subnet 192.168.1.0/24, or `network.subnet` in the cluster file.',
    });
  const { clock, dialer } = openSurroundings(this, flags);
  const credentials = await credentialsFor(this, cluster);
  say(this, `Looking for Talos machines in ${subnet} …`);
  const machines = await discover(
    {
      connector: createTalosConnector({ clock, dialer }),
      credentials: credentials.talos,
      probe: createTcpProbe(dialer, clock),
      subnet,
      ...(cluster === undefined ? {} : { cluster }),
    },
    this.signal,
  );
  if (flags.output === 'json') return printJson(this, { subnet, machines });
  print(this, machines.length === 0 ? `Nothing answers on port 50000 in ${subnet}.` : renderMachines(machines));
}

/** Without secrets of a cluster nobody's certificates fit, and configured machines show up as foreign: that is what they then are. */
async function credentialsFor(context: IchorContext, cluster: Cluster | undefined) {
  const known = cluster !== undefined && existsSync(resolve(context.cwd, cluster.secrets));
  return issueCredentials(
    known
      ? await openBundle(context, cluster)
      : await generateBundle({ talos: 'v1.13', now: new Date(), random: context.random }),
    context,
  );
}

function renderMachines(machines: readonly DiscoveredMachine[]): string {
  const rows = machines.map((machine) => {
    if ('why' in machine) return [machine.address, machine.kind, '', '', '', machine.why];
    const { identity } = machine;
    const disks = machine.disks
      .filter((disk) => !disk.cdrom && !disk.readonly)
      .map(
        (disk) =>
          `${disk.devPath} ${Math.round(disk.sizeBytes / 1e9)} GB${disk.serial === undefined ? '' : ` ${disk.serial}`}`,
      );
    return [
      machine.address,
      machine.kind,
      machine.node ?? 'not in the file',
      machine.talos ?? '',
      identity.macs.join(' '),
      disks.join(', '),
    ];
  });
  return renderTable(['ADDRESS', 'STATE', 'NODE', 'TALOS', 'MAC', 'DISKS'], rows);
}
