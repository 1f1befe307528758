import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isEmpty } from '../../lifecycle/plan.ts';
import { kindOf } from '../../lifecycle/steps/registry.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster, selectNodes } from '../cluster-file.ts';
import { openBundle } from '../cluster/secrets.ts';
import { openLifecycle } from '../cluster/session.ts';
import { Exit } from '../failure.ts';
import { dataColours, jsonValue, print, printJson, say, talkColours } from '../output.ts';
import { renderDisks } from '../terminal/disks.ts';
import { renderFindings } from '../terminal/findings.ts';
import { imageDifferences, renderImageDifferences } from '../terminal/images.ts';
import { renderPlan } from '../terminal/plan.ts';
import { openSurroundings } from '../world.ts';
import type { PlanFlags } from './plan.ts';

export async function runPlan(this: IchorContext, flags: PlanFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const selected = selectNodes(cluster, flags.node);
  const nodes = new Set(selected.map((node) => node.name));
  const surroundings = openSurroundings(this, flags);
  const bundle = await openBundle(this, cluster);
  const lifecycle = await openLifecycle(this, {
    cluster,
    bundle,
    surroundings,
    command: 'ichor plan',
    at: flags.at,
    confirmed: flags.confirm,
    sink: () => {},
  });
  try {
    const { observation, plan } = await lifecycle.plan(flags.node === undefined ? {} : { nodes }, this.signal);
    if (flags.out !== undefined)
      await writeFile(resolve(this.cwd, flags.out), `${JSON.stringify(plan, jsonValue, 2)}\n`);
    if (plan.findings.length > 0) say(this, renderFindings(plan.findings, talkColours(this)));
    const images = imageDifferences(cluster, selected, observation);
    if (flags.output === 'json') printJson(this, { plan, images });
    else {
      const colours = dataColours(this);
      const parts = [
        ...(isEmpty(plan) && images.length > 0
          ? []
          : [renderPlan(plan, (step) => kindOf(step).describe(step), colours)]),
        ...(images.length === 0 ? [] : [renderImageDifferences(images, colours)]),
        renderDisks(selected, observation, colours) ?? [],
      ].flat();
      print(this, parts.join('\n\n'));
    }
    if (!isEmpty(plan) || images.length > 0) throw new Exit(2);
  } finally {
    await lifecycle.close();
  }
}
