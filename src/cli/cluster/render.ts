/** Rendered configs for a command: the image of each node planned, then its config made. */
import { planImage, type ImagePlan } from '../../images/plan-image.ts';
import { renderNode, type RenderedNode } from '../../render/render.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';

export function imageOf(node: NodeSpec): ImagePlan {
  const { hardware, image, platform, talos } = node;
  return planImage({ talos, platform, hardware, ...image });
}

export function renderAll(
  cluster: Cluster,
  bundle: SecretsBundle,
  nodes: readonly NodeSpec[] = cluster.nodes,
): ReadonlyMap<string, RenderedNode> {
  return new Map(
    nodes.map((node) => {
      const { urls, modules, sysctls } = imageOf(node);
      return [node.name, renderNode({ cluster, node, bundle, image: { installer: urls.installer, modules, sysctls } })];
    }),
  );
}
