/** Nodes that run another image than the spec says. */
import { nodeImageDrift } from '../../lifecycle/image-drift.ts';
import type { DriftReason } from '../../images/drift.ts';
import type { Observation } from '../../lifecycle/observation.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { imageOf, wantedImage } from '../cluster/render.ts';
import type { Colours } from '../output.ts';

export interface ImageDifference {
  readonly node: string;
  readonly reasons: readonly DriftReason[];
  readonly text: readonly string[];
}

/** Nodes of which it is known; those that could not be read are spoken of elsewhere. */
export function imageDifferences(
  cluster: Cluster,
  nodes: readonly NodeSpec[],
  observation: Observation,
): readonly ImageDifference[] {
  return nodes.flatMap((node) => {
    const observed = observation.nodes.find((candidate) => candidate.node === node.name);
    const found = observed === undefined ? undefined : nodeImageDrift(observed, wantedImage(imageOf(cluster, node)));
    if (found?.kind !== 'differs') return [];
    return [{ node: node.name, reasons: found.drift.reasons, text: found.drift.text }];
  });
}

export function renderImageDifferences(differences: readonly ImageDifference[], colours: Colours): string {
  return differences
    .map(({ node, text }) =>
      [
        `${colours.bold(node)}: runs another image and is left alone (an upgrade is needed, which is not part of bring-up)`,
        ...text.map((line) => `  ${colours.yellow('~')} ${line}`),
      ].join('\n'),
    )
    .join('\n\n');
}
