/**
 * The features of a node, as the catalogue defines them and with what they need to know of node and cluster; what they add to its image;
 * and the secrets that their options refer to. Pure: no reference is opened here.
 */
import type { FeatureDefinition, FeatureOptions, FeatureUse } from '../catalog/features/feature.ts';
import { findFeature } from '../catalog/features/features.ts';
import { isMap } from '../catalog/features/options.ts';
import type { KernelModule } from '../catalog/hardware/profile.ts';
import type { Cluster, Feature, NodeSpec, SecretReference } from './model.ts';
import { parseSecretReference } from './secret-reference.ts';

export interface NodeFeature {
  readonly feature: Feature;
  readonly definition: FeatureDefinition;
  readonly use: FeatureUse;
}

/** A feature whose references have been replaced by what they gave, or by samples. Holds secrets. */
export interface ResolvedFeature {
  readonly name: string;
  readonly options: FeatureOptions;
}

/** In spec order, but each after the feature that it names under `after`. Features that the catalogue does not know are left to the lint. */
export function featuresOf(
  cluster: Cluster,
  node: NodeSpec,
  resolved: readonly ResolvedFeature[] = [],
): readonly NodeFeature[] {
  const own = cluster.features.filter(({ nodes }) => nodes.includes(node.name));
  return inOrder(own).flatMap((feature) => {
    const lookup = findFeature(feature.name);
    if (lookup.kind === 'unknown') return [];
    const options = resolved.find(({ name }) => name === feature.name)?.options ?? feature.options;
    return [{ feature, definition: lookup.definition, use: { ...surroundings(cluster, node, feature), options } }];
  });
}

/** Undefined for a feature that waits for none, or for a volume. */
export function featureBefore(features: readonly Feature[], { options }: Feature): Feature | undefined {
  const after = options['after'];
  return features.find(({ name }) => name === after);
}

function inOrder(features: readonly Feature[]): readonly Feature[] {
  const ordered: Feature[] = [];
  const visit = (feature: Feature, waiting: readonly Feature[]): void => {
    if (ordered.includes(feature) || waiting.includes(feature)) return;
    const before = featureBefore(features, feature);
    if (before !== undefined) visit(before, [...waiting, feature]);
    ordered.push(feature);
  };
  for (const feature of features) visit(feature, []);
  return ordered;
}

function surroundings(cluster: Cluster, node: NodeSpec, feature: Feature): Omit<FeatureUse, 'options'> {
  const { network } = cluster;
  return {
    node: {
      name: node.name,
      role: node.role,
      talos: node.talos,
      platform: node.platform,
      arch: node.image.arch,
      isVirtual: node.proxmox !== undefined || node.platform !== 'metal',
      volumes: node.volumes.map(({ name, kind }) => ({ name, kind })),
      isPatched: (word) => node.patches.some(({ text }) => text.includes(word)),
    },
    cluster: {
      name: cluster.name,
      ...(network.subnet === undefined ? {} : { subnet: network.subnet }),
      pods: network.pods,
      services: network.services,
      nodeCount: cluster.nodes.length,
      featureNodeCount: feature.nodes.length,
    },
  };
}

/** A part of an image that a feature asks for. */
export interface FeaturePart<Value> {
  readonly value: Value;
  /** Name of the feature. */
  readonly feature: string;
}

export interface FeatureImageParts {
  /** Short names. */
  readonly extensions: readonly FeaturePart<string>[];
  readonly kernelArgs: readonly FeaturePart<string>[];
  readonly modules: readonly FeaturePart<KernelModule>[];
  readonly sysctls: readonly FeaturePart<readonly [key: string, value: string]>[];
}

export function featureImage(cluster: Cluster, node: NodeSpec): FeatureImageParts {
  const images = featuresOf(cluster, node).map(({ feature, definition, use }) => ({
    feature: feature.name,
    image: definition.image?.(use) ?? {},
  }));
  const parts = <Value>(
    of: (image: (typeof images)[number]['image']) => readonly Value[],
  ): readonly FeaturePart<Value>[] =>
    images.flatMap(({ feature, image }) => of(image).map((value) => ({ value, feature })));
  return {
    extensions: parts(({ extensions = [] }) => extensions),
    kernelArgs: parts(({ kernelArgs = [] }) => kernelArgs),
    modules: parts(({ modules = [] }) => modules),
    sysctls: parts(({ sysctls = {} }) => Object.entries(sysctls)),
  };
}

export interface FeatureSecret {
  readonly feature: string;
  /** Keys below the feature: `['authKey']`, `['environment', 'TS_CLIENT_SECRET']`. */
  readonly path: readonly string[];
  readonly reference: SecretReference;
}

/** Every reference in the options of every feature, in spec order. */
export function secretsOf(cluster: Cluster): readonly FeatureSecret[] {
  return cluster.features.flatMap(({ name, options }) =>
    referencesIn(options, [], cluster.file).map(({ path, reference }) => ({ feature: name, path, reference })),
  );
}

/** The features with `valueOf` in place of each of their references. */
export function withSecrets(cluster: Cluster, valueOf: (secret: FeatureSecret) => string): readonly ResolvedFeature[] {
  return cluster.features.map(({ name, options }) => {
    const replace = (value: unknown, path: readonly string[]): unknown => {
      const reference = parseSecretReference(value, cluster.file);
      if (reference !== undefined) return valueOf({ feature: name, path, reference });
      if (Array.isArray(value)) return value.map((item, index) => replace(item, [...path, String(index)]));
      return isMap(value) ? replaceAll(value, path) : value;
    };
    const replaceAll = (map: FeatureOptions, path: readonly string[]): FeatureOptions =>
      Object.fromEntries(Object.entries(map).map(([key, value]) => [key, replace(value, [...path, key])]));
    return { name, options: replaceAll(options, []) };
  });
}

interface FoundReference {
  readonly path: readonly string[];
  readonly reference: SecretReference;
}

function referencesIn(value: unknown, path: readonly string[], file: string): readonly FoundReference[] {
  const reference = parseSecretReference(value, file);
  if (reference !== undefined) return [{ path, reference }];
  if (Array.isArray(value)) return value.flatMap((item, index) => referencesIn(item, [...path, String(index)], file));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => referencesIn(item, [...path, key], file));
}
