/** The Talos documents that several features write, in the form that the node's minor takes. */
import { isAtLeastMinor } from '../version.ts';
import type { FeatureDocument, FeatureNode } from './feature.ts';

export function talosDocument(kind: string, body: FeatureDocument): FeatureDocument {
  return { apiVersion: 'v1alpha1', kind, ...body };
}

export function serviceConfig(
  name: string,
  body: {
    readonly environment?: readonly string[];
    readonly configFiles?: readonly { readonly content: string; readonly mountPath: string }[];
  },
): FeatureDocument {
  return talosDocument('ExtensionServiceConfig', { name, ...body });
}

/**
 * An overlay network adds an address to the node, and Talos may take it for the node's own (siderolabs/talos#337, #626, #1091): kubelet
 * and etcd are bound to the LAN before the overlay comes up. What the person has set by patch is left alone.
 */
export function lanAddresses(node: FeatureNode, subnet: string | undefined): readonly FeatureDocument[] {
  if (subnet === undefined) return [];
  const documents: FeatureDocument[] = [];
  if (!node.isPatched('validSubnets')) {
    const nodeIP = { validSubnets: [subnet] };
    documents.push(
      isAtLeastMinor(node.talos, '1.14')
        ? talosDocument('KubeNodeConfig', { nodeIP })
        : { machine: { kubelet: { nodeIP } } },
    );
  }
  if (node.role === 'controlplane' && !node.isPatched('advertisedSubnets'))
    documents.push({ cluster: { etcd: { advertisedSubnets: [subnet] } } });
  return documents;
}
