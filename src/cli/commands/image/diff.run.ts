import { nodeImageDrift } from '../../../lifecycle/image-drift.ts';
import type { IchorContext } from '../../context.ts';
import { requireCluster, selectNodes } from '../../cluster-file.ts';
import { imageOf, wantedImage } from '../../cluster/render.ts';
import { openBundle } from '../../cluster/secrets.ts';
import { openLifecycle } from '../../cluster/session.ts';
import { Exit } from '../../failure.ts';
import { dataColours, print, printJson } from '../../output.ts';
import { openSurroundings } from '../../world.ts';
import type { DiffFlags } from './route.ts';

export async function runDiff(this: IchorContext, flags: DiffFlags): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const selected = selectNodes(cluster, flags.node);
  const surroundings = openSurroundings(this, flags);
  const lifecycle = await openLifecycle(this, {
    cluster,
    bundle: await openBundle(this, cluster),
    surroundings,
    command: 'ichor image diff',
    at: flags.at,
    sink: () => {},
  });
  try {
    const { observation } = await lifecycle.status(this.signal);
    const nodes = selected.flatMap((node) => {
      const observed = observation.nodes.find((candidate) => candidate.node === node.name);
      if (observed === undefined) return [];
      return [
        {
          node: node.name,
          reached: observed.reached.kind,
          image: nodeImageDrift(observed, wantedImage(imageOf(cluster, node))),
        },
      ];
    });
    if (flags.output === 'json') printJson(this, { nodes });
    else {
      const colours = dataColours(this);
      const lines = nodes.map(({ node, image }) => {
        if (image.kind === 'same') return `${colours.green('=')} ${node}: runs what it is to run`;
        if (image.kind === 'unknown') return `${colours.dim('?')} ${node}: ${image.why}`;
        return [
          `${colours.yellow('~')} ${node}: takes an upgrade`,
          ...image.drift.text.map((text) => `    ${text}`),
        ].join('\n');
      });
      print(this, lines.join('\n'));
    }
    if (nodes.length > 0 && nodes.every(({ reached }) => reached === 'unreachable')) throw new Exit(5);
    if (nodes.some(({ image }) => image.kind === 'differs')) throw new Exit(2);
  } finally {
    await lifecycle.close();
  }
}
