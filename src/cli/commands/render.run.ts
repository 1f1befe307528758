import { resolve } from 'node:path';
import { annotate } from '../../render/annotate.ts';
import { replay } from '../../render/provenance.ts';
import { createRedactor, secretValuesOf } from '../../secrets/redact.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster, selectNodes } from '../cluster-file.ts';
import { openFeatures } from '../cluster/features.ts';
import { renderAll, renderInput } from '../cluster/render.ts';
import { openBundle } from '../cluster/secrets.ts';
import { writeConfigs } from '../cluster/write-configs.ts';
import { print, printJson, say } from '../output.ts';
import type { RenderFlags } from './render.ts';

export async function runRender(this: IchorContext, flags: RenderFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const bundle = await openBundle(this, cluster);
  const { features, secrets } = await openFeatures(this, cluster);
  const nodes = selectNodes(cluster, flags.node);
  const rendered = [...renderAll(cluster, { bundle, features }, nodes).values()].map((one) => {
    const node = nodes.find(({ name }) => name === one.node);
    if (!flags.annotate || node === undefined) return one;
    return { ...one, config: annotate(one.config, replay(renderInput(cluster, node, { bundle, features }))) };
  });
  for (const { node, warnings } of rendered) for (const warning of warnings) say(this, `warning: ${node}: ${warning}`);
  if (flags.to !== undefined) {
    const folder = resolve(this.cwd, flags.to);
    await writeConfigs(
      folder,
      rendered.map(({ node, config }) => ({ name: `${node}.yaml`, config })),
    );
    return say(
      this,
      `Wrote ${rendered.length} configs to ${flags.to}. They hold the secrets of ${cluster.name}: do not commit them.`,
    );
  }
  const redactor = createRedactor([...secretValuesOf(bundle), ...secrets]);
  const shown = rendered.map(({ node, config }) => ({
    node,
    config: flags.showSecrets ? config : redactor.redact(config),
  }));
  if (flags.output === 'json') return printJson(this, { nodes: shown });
  print(this, shown.map(({ node, config }) => (shown.length === 1 ? config : `# ${node}\n${config}`)).join('---\n'));
}
