/**
 * The layers that a node's machine config is made of, in order: Talos' own generated config, what each part of the spec asks for, the
 * person's patches from cluster to node (docs/design/02). Pure data; merging is `render.ts`, origins are `provenance.ts`.
 */
import type { Cluster, NodeSpec, Origin } from '../spec/model.ts';
import type { ResolvedFeature } from '../spec/node-features.ts';
import { documentsFor } from '../talos/generate/generate.ts';
import type { GenerateInput, GenerateOptions } from '../talos/generate/input.ts';
import type { Document } from '../talos/documents-text.ts';
import type { TalosMinor } from '../talos/documents/tables.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { minorOf } from '../talos/yaml/dialect.ts';
import type { Setting } from './setting.ts';
import { clusterSettings } from './settings/cluster.ts';
import { featureSettings } from './settings/features.ts';
import { hardwareSettings, type NodeImage } from './settings/hardware.ts';
import { installSetting } from './settings/install.ts';
import { hostnameSetting, linkSetting, resolverSetting, timeSetting } from './settings/network.ts';
import { registrationSetting } from './settings/registration.ts';
import { volumeSettings } from './settings/volumes.ts';

export interface RenderInput {
  readonly cluster: Cluster;
  readonly node: NodeSpec;
  readonly bundle: SecretsBundle;
  readonly image: NodeImage;
  /** All of the cluster's features, with secrets or samples in place of references. */
  readonly features: readonly ResolvedFeature[];
}

export interface Layers {
  readonly minor: TalosMinor;
  /** What Talos' generator makes for this version and these options. */
  readonly base: readonly Document[];
  readonly settings: readonly Setting[];
  readonly patches: readonly PatchLayer[];
}

export interface PatchLayer {
  readonly text: string;
  readonly origin: Origin;
}

export function layersOf(input: RenderInput): Layers {
  const { cluster, node, bundle } = input;
  const minor = minorOf(node.talos);
  const base = documentsFor(generateInput(cluster, node, bundle), node.role);
  return { minor, base, settings: settingsOf(input, minor), patches: node.patches };
}

/** What Talos' generator is asked for. */
export function generateInput(cluster: Cluster, node: NodeSpec, bundle: SecretsBundle): GenerateInput {
  return {
    clusterName: cluster.name,
    endpoint: cluster.endpoint.url,
    bundle,
    talos: node.talos,
    kubernetes: node.kubernetes,
    options: generateOptions(cluster, node),
  };
}

/** What the spec asks for beyond that, in the order of application; only settings that ask for something. */
export function settingsOf(input: RenderInput, minor: TalosMinor): readonly Setting[] {
  const { cluster, node, image } = input;
  const settings: readonly Setting[] = [
    hostnameSetting(node, minor),
    installSetting(node, image.installer, minor),
    linkSetting(cluster, node, minor),
    resolverSetting(cluster, node, minor),
    timeSetting(node, minor),
    ...hardwareSettings(node, image, minor),
    ...featureSettings(input, minor),
    ...volumeSettings(node),
    registrationSetting(node, minor),
    ...clusterSettings(cluster, node, minor),
  ];
  return settings.filter((setting) => setting.fragments.length > 0);
}

function generateOptions(cluster: Cluster, node: NodeSpec): GenerateOptions {
  const { network } = cluster;
  return {
    certSANs: certificateNames(cluster, node),
    dnsDomain: network.domain,
    podSubnets: network.pods,
    serviceSubnets: network.services,
    discovery: network.discovery,
    kubeSpan: network.kubeSpan,
    allowSchedulingOnControlPlanes: cluster.scheduleOnControlPlanes,
  };
}

/**
 * Everything by which the API of Talos and of Kubernetes may be called: the VIP and an endpoint outside are on no node's links, so that
 * Talos would not put them into its certificates by itself (talos-1-api.md §1.1, field.md F1-11).
 */
function certificateNames(cluster: Cluster, node: NodeSpec): readonly string[] {
  const shared =
    node.role === 'controlplane'
      ? [cluster.endpoint.host, ...(cluster.network.vip === undefined ? [] : [cluster.network.vip])]
      : [];
  return [...new Set([...shared, ...cluster.certSANs, ...node.certSANs])];
}
