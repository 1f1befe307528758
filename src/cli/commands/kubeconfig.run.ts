import { resolve } from 'node:path';
import { mergeKubeconfigFile, mergeTalosconfigFile, type MergedFile } from '../../secrets/client-file.ts';
import { createKubeconfig, kubeconfigPath, renderKubeconfig } from '../../secrets/kubeconfig.ts';
import { createTalosContext, renderTalosconfig, talosconfigPath } from '../../secrets/talosconfig.ts';
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
  const path = resolve(this.cwd, kubeconfigPath(this.env, flags.to));
  sayMerged(this, await mergeKubeconfigFile(entry, { path, activate: true }));
}

export async function runTalosconfig(this: IchorContext, flags: ClientConfigFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const talosContext = await createTalosContext(await openBundle(this, cluster), {
    endpoints: endpointsOf(cluster),
    ...lifetimeOf(flags, this),
  });
  if (flags.print) return print(this, renderTalosconfig(cluster.name, talosContext));
  const path = resolve(this.cwd, talosconfigPath(this.env, flags.to));
  sayMerged(this, await mergeTalosconfigFile(talosContext, { path, name: cluster.name, activate: true }));
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

function sayMerged(context: IchorContext, { path, name, change }: MergedFile): void {
  say(context, `${path}: context ${name} ${change}; it is the current one now.`);
}
