import { join, resolve } from 'node:path';
import { exportReadme } from '../../render/export.ts';
import { ensurePrivateFolder, replacePrivateFile } from '../../secrets/private-file.ts';
import { loadFile, selectNodes } from '../cluster-file.ts';
import type { Cluster } from '../../spec/model.ts';
import { openFeatures } from '../cluster/features.ts';
import { renderAll } from '../cluster/render.ts';
import { openBundle } from '../cluster/secrets.ts';
import type { IchorContext } from '../context.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { Exit } from '../failure.ts';
import { print, printJson, say, talkColours } from '../output.ts';
import { countFindings, renderFindings } from '../terminal/findings.ts';
import type { ExportFlags } from './export.ts';

export async function runExport(this: IchorContext, flags: ExportFlags): Promise<void> {
  const cluster = await clusterToLeave(this, flags.file);
  const bundle = await openBundle(this, cluster);
  const { features } = await openFeatures(this, cluster);
  const nodes = selectNodes(cluster, flags.node);
  const rendered = [...renderAll(cluster, { bundle, features }, nodes).values()];
  const folder = resolve(this.cwd, flags.to);
  await ensurePrivateFolder(folder);
  for (const { node, config } of rendered) await replacePrivateFile(join(folder, `${node}.yaml`), config);
  await replacePrivateFile(join(folder, 'README.md'), exportReadme(cluster, nodes));
  for (const { node, warnings } of rendered) for (const warning of warnings) say(this, `warning: ${node}: ${warning}`);
  if (flags.output === 'json')
    return printJson(this, {
      folder: flags.to,
      files: rendered.map(({ node }) => `${node}.yaml`),
      secrets: cluster.secrets,
    });
  print(
    this,
    `Wrote ${rendered.length} configs and README.md to ${flags.to}. They hold the secrets of ${cluster.name}: do not commit them.`,
  );
}

/** What `check` calls an error is said and no hindrance: it must be possible to leave with a file that Ichor would not apply. */
async function clusterToLeave(context: IchorContext, file: string | undefined): Promise<Cluster> {
  const { cluster, findings } = await loadFile(context, file);
  const shown = findings.filter(
    ({ severity }) => severity === 'error' || (cluster === undefined && severity === 'warning'),
  );
  if (shown.length > 0) say(context, renderFindings(shown, talkColours(context)));
  if (cluster !== undefined) return cluster;
  say(context, `${file ?? DEFAULT_FILE}: ${countFindings(findings)}`);
  throw new Exit(1);
}
