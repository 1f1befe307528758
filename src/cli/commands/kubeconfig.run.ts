import { dirname, resolve } from 'node:path';
import { createKubeconfig, kubeconfigPath, mergeKubeconfig, renderKubeconfig } from '../../secrets/kubeconfig.ts';
import { ensurePrivateFolder, readOptionalFile, replacePrivateFile } from '../../secrets/private-file.ts';
import {
  createTalosContext,
  mergeTalosconfig,
  renderTalosconfig,
  talosconfigPath,
  type Merged,
} from '../../secrets/talosconfig.ts';
import { controlPlanes, wantedIp, type Cluster } from '../../spec/model.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster } from '../cluster-file.ts';
import { openBundle } from '../cluster/secrets.ts';
import { print, say } from '../output.ts';
import type { ClientConfigFlags } from './kubeconfig.ts';

export async function runKubeconfig(this: IchorContext, flags: ClientConfigFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const entry = await createKubeconfig(await openBundle(this, cluster), {
    clusterName: cluster.name,
    endpoint: cluster.endpoint.url,
    ...lifetimeOf(flags, this),
  });
  if (flags.print) return print(this, renderKubeconfig(entry));
  const file = resolve(this.cwd, kubeconfigPath(this.env, flags.to));
  await mergeInto(this, file, (existing) => mergeKubeconfig(existing, entry, { file, activate: true }));
}

export async function runTalosconfig(this: IchorContext, flags: ClientConfigFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const talosContext = await createTalosContext(await openBundle(this, cluster), {
    endpoints: endpointsOf(cluster),
    ...lifetimeOf(flags, this),
  });
  if (flags.print) return print(this, renderTalosconfig(cluster.name, talosContext));
  const file = resolve(this.cwd, talosconfigPath(this.env, flags.to));
  await mergeInto(this, file, (existing) =>
    mergeTalosconfig(existing, talosContext, { file, name: cluster.name, activate: true }),
  );
}

function lifetimeOf(flags: ClientConfigFlags, context: IchorContext) {
  return {
    now: new Date(),
    random: context.random,
    ...(flags.days === undefined ? {} : { ttlMs: flags.days * 24 * 3_600_000 }),
  };
}

/** Node addresses, never the VIP: it is gone when it is needed most (S2-54, S2-55). */
function endpointsOf(cluster: Cluster): readonly string[] {
  return controlPlanes(cluster).flatMap((node) => wantedIp(node) ?? []);
}

async function mergeInto(
  context: IchorContext,
  file: string,
  merge: (existing: string | undefined) => Merged,
): Promise<void> {
  const merged = merge(await readOptionalFile(file));
  await ensurePrivateFolder(dirname(file));
  await replacePrivateFile(file, merged.text);
  say(context, `${file}: context ${merged.name} ${merged.change}; it is the current one now.`);
}
