import type { Observation } from '../../lifecycle/observation.ts';
import type { Lifecycle } from '../../lifecycle/lifecycle.ts';
import type { NodeSpec } from '../../spec/model.ts';
import { sleep } from '../../system.ts';
import type { IchorContext } from '../context.ts';
import { requireCluster, selectNodes } from '../cluster-file.ts';
import { openBundle } from '../cluster/secrets.ts';
import { openLifecycle } from '../cluster/session.ts';
import { Exit } from '../failure.ts';
import { dataColours, jsonValue, print, printJson, say } from '../output.ts';
import { renderDisks } from '../terminal/disks.ts';
import { renderStatus } from '../terminal/status.ts';
import { openSurroundings } from '../world.ts';
import type { StatusFlags } from './status.ts';

export async function runStatus(this: IchorContext, flags: StatusFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const nodes = selectNodes(cluster, flags.node);
  const surroundings = openSurroundings(this, flags);
  const bundle = await openBundle(this, cluster);
  const lifecycle = await openLifecycle(this, {
    cluster,
    bundle,
    surroundings,
    command: 'ichor status',
    at: flags.at,
    sink: () => {},
  });
  try {
    let exit = await show(this, flags, lifecycle, nodes);
    while (flags.watch && !this.signal.aborted) {
      await sleep(surroundings.clock, flags.interval * 1000, this.signal).catch(() => undefined);
      if (!this.signal.aborted) exit = await show(this, flags, lifecycle, nodes);
    }
    if (exit !== 0) throw new Exit(exit);
  } finally {
    await lifecycle.close();
  }
}

async function show(
  context: IchorContext,
  flags: StatusFlags,
  lifecycle: Lifecycle,
  nodes: readonly NodeSpec[],
): Promise<number> {
  const { observation, conditions } = await lifecycle.status(context.signal);
  const selected = new Set(nodes.map(({ name }) => name));
  const seen: Observation = { ...observation, nodes: observation.nodes.filter((node) => selected.has(node.node)) };
  if (flags.output === 'json') {
    // With --watch one document a line, so that a reader can follow.
    if (flags.watch)
      context.process.stdout.write(`${JSON.stringify({ v: 1, observation: seen, conditions }, jsonValue)}\n`);
    else printJson(context, { observation: seen, conditions });
  } else {
    if (flags.watch && context.process.stdout.isTTY === true) context.process.stdout.write('\u001b[H\u001b[2J');
    const colours = dataColours(context);
    print(context, renderStatus({ observation: seen, conditions, colours }));
    const disks = renderDisks(nodes, seen, colours);
    if (disks !== undefined) print(context, `\n${disks}`);
    for (const node of seen.nodes) {
      if (node.reached.kind === 'unreachable' || node.reached.kind === 'foreign' || node.reached.kind === 'mistaken')
        say(context, `${node.node}: ${node.reached.why}`);
    }
  }
  if (seen.nodes.length > 0 && seen.nodes.every((node) => node.reached.kind === 'unreachable')) return 5;
  return conditions.some((condition) => condition.state === 'failed') ? 3 : 0;
}
