/** Rendered configs for a command: the image of each node planned, then its config made. */
import { planImage, type ImagePlan } from '../../images/plan-image.ts';
import type { WantedImage } from '../../images/drift.ts';
import type { ImagePart, ImageRequest } from '../../images/image-request.ts';
import { parseInstallerImage } from '../../images/urls.ts';
import { createRenderer, type RenderedNode } from '../../render/renderer.ts';
import type { RenderInput } from '../../render/layers.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { featureImage, featuresOf, type FeatureImageParts, type ResolvedFeature } from '../../spec/node-features.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';

/** What hardware, features and the person's own words come to: features join the extensions, arguments, modules and sysctls. */
export function imageOf(cluster: Cluster, node: NodeSpec): ImagePlan {
  const added = addedParts(cluster, node);
  return planWith(imageRequest(cluster, node, added), added);
}

/** `imageOf` for the nodes of one cluster: machines that ask for the same image share one plan. */
export function createImagePlanner(cluster: Cluster): (node: NodeSpec) => ImagePlan {
  const plans = new Map<string, ImagePlan>();
  return (node) => {
    const added = addedParts(cluster, node);
    const request = imageRequest(cluster, node, added);
    const key = JSON.stringify([request, added]);
    const plan = plans.get(key) ?? planWith(request, added);
    plans.set(key, plan);
    return plan;
  };
}

function imageRequest(cluster: Cluster, node: NodeSpec, added: FeatureImageParts): ImageRequest {
  const { hardware, image, platform, talos } = node;
  return {
    talos,
    platform,
    hardware,
    ...image,
    extensions: withFeatures(
      image.extensions,
      added.extensions.map(({ value }) => value),
    ),
    kernelArgs: [...added.kernelArgs.map(({ value }) => value), ...image.kernelArgs],
    use: {
      isVirtual: node.proxmox !== undefined,
      serviceConfigs: [...serviceConfigs(cluster, node)],
      modules: added.modules.map(({ value }) => value),
    },
  };
}

/** What the node's features ask for; an argument that the person has written is theirs. */
function addedParts(cluster: Cluster, node: NodeSpec): FeatureImageParts {
  const added = featureImage(cluster, node);
  const own = new Set(node.image.kernelArgs.map(argumentKey));
  return { ...added, kernelArgs: added.kernelArgs.filter(({ value }) => !own.has(argumentKey(value))) };
}

function planWith(request: ImageRequest, added: FeatureImageParts): ImagePlan {
  const plan = planImage(request);
  return {
    ...plan,
    modules: [
      ...new Map(
        [...plan.modules, ...added.modules.map(({ value }) => value)].map((module) => [module.name, module]),
      ).values(),
    ],
    sysctls: { ...Object.fromEntries(added.sysctls.map(({ value }) => value)), ...plan.sysctls },
    explain: [
      ...plan.explain.map((part) => attributed(part, [...added.extensions, ...added.kernelArgs])),
      ...otherParts(added),
    ],
  };
}

/** What a node is to run, for holding against what it runs. */
export function wantedImage({ talos, schematicId, schematicIdOlder, extensions, urls }: ImagePlan): WantedImage {
  const installer = parseInstallerImage(urls.installer);
  // An installer that the spec names wins over the schematic that would have been made.
  const isNamed = installer.kind === 'factory' && installer.schematicId !== schematicId;
  return {
    talos,
    extensions,
    installer: urls.installer,
    schematicId: isNamed ? installer.schematicId : schematicId,
    ...(schematicIdOlder === undefined || isNamed ? {} : { schematicIdOlder }),
  };
}

/** A list that only the person wrote keeps its order, on which the schematic's id depends; with features the set decides. */
function withFeatures(written: readonly string[], added: readonly string[]): readonly string[] {
  if (added.length === 0) return written;
  const own = new Set(written.map(shortName));
  return [...written, ...new Set(added.filter((name) => !own.has(name)))].toSorted((left, right) =>
    shortName(left) < shortName(right) ? -1 : 1,
  );
}

/** Undefined names would skip the rule; patches are judged by `check`, so that only what features bring counts here. */
function serviceConfigs(cluster: Cluster, node: NodeSpec): readonly string[] {
  const patched = node.patches.flatMap(({ text }) =>
    text.includes('ExtensionServiceConfig')
      ? [...text.matchAll(/^name:\s*["']?([\w-]+)/gm)].map(([, name = '']) => name)
      : [],
  );
  return [...featuresOf(cluster, node).flatMap(({ definition }) => definition.serviceConfigs ?? []), ...patched];
}

function attributed(
  part: ImagePart,
  added: readonly { readonly value: string; readonly feature: string }[],
): ImagePart {
  if (part.because !== 'image.extensions' && part.because !== 'image.kernelArgs') return part;
  const owner = added.find(({ value }) => value === part.text);
  return owner === undefined ? part : { ...part, because: `feature ${owner.feature}` };
}

function otherParts({ modules, sysctls }: ReturnType<typeof featureImage>): readonly ImagePart[] {
  return [
    ...modules.map(({ value: { name, parameters = [] }, feature }): ImagePart => ({
      kind: 'kernel-module',
      text: [name, ...parameters].join(' '),
      because: `feature ${feature}`,
      purpose: `needed by ${feature}`,
    })),
    ...sysctls.map(({ value: [key, value], feature }): ImagePart => ({
      kind: 'sysctl',
      text: `${key}=${value}`,
      because: `feature ${feature}`,
      purpose: `needed by ${feature}`,
    })),
  ];
}

function shortName(name: string): string {
  return name.replace(/^siderolabs\//, '');
}

function argumentKey(text: string): string {
  return text.replace(/^-/, '').split('=')[0] ?? text;
}

export function renderInput(
  cluster: Cluster,
  node: NodeSpec,
  { bundle, features }: { readonly bundle: SecretsBundle; readonly features: readonly ResolvedFeature[] },
): RenderInput {
  const { urls, modules, sysctls } = imageOf(cluster, node);
  return { cluster, node, bundle, features, image: { installer: urls.installer, modules, sysctls } };
}

export function renderAll(
  cluster: Cluster,
  secrets: { readonly bundle: SecretsBundle; readonly features: readonly ResolvedFeature[] },
  nodes: readonly NodeSpec[] = cluster.nodes,
): ReadonlyMap<string, RenderedNode> {
  const renderer = createRenderer({ cluster, ...secrets });
  const planOf = createImagePlanner(cluster);
  return new Map(
    nodes.map((node) => {
      const { urls, modules, sysctls } = planOf(node);
      return [node.name, renderer.render(node, { installer: urls.installer, modules, sysctls })];
    }),
  );
}
