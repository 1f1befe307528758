/** Settings of the whole cluster that Talos' generator has no option for: CNI, kube-proxy, KubePrism's port, extra names in certificates. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import { talosDocument, type Fragment, type Setting } from '../setting.ts';

export function clusterSettings(cluster: Cluster, node: NodeSpec, minor: TalosMinor): readonly Setting[] {
  const settings = [kubePrismSetting(cluster, minor)];
  if (node.role === 'controlplane') settings.push(cniSetting(cluster, minor), kubeProxySetting(cluster, minor));
  return settings.filter((setting) => setting.fragments.length > 0);
}

function cniSetting(cluster: Cluster, minor: TalosMinor): Setting {
  const { cni } = cluster.network;
  const from = ['network', 'cni'];
  if (cni.kind === 'flannel') return { from, fragments: [] };
  if (isAtLeast(minor, '1.14')) {
    // Absence of the document is what "no built-in CNI" means there (talos-4-documents.md §6.1).
    const remove: Fragment = talosDocument('KubeFlannelCNIConfig', { $patch: 'delete' });
    const urls = cni.kind === 'custom' ? cni.urls : [];
    return {
      from,
      fragments: [
        remove,
        ...urls.map((url, index) =>
          talosDocument('KubeExternalManifestConfig', {
            name: index === 0 ? 'custom-cni' : `custom-cni-${index + 1}`,
            url,
          }),
        ),
      ],
    };
  }
  const body = cni.kind === 'none' ? { name: 'none' } : { name: 'custom', urls: cni.urls };
  return { from, fragments: [{ cluster: { network: { cni: body } } }] };
}

function kubeProxySetting(cluster: Cluster, minor: TalosMinor): Setting {
  const from = ['network', 'kubeProxy'];
  if (cluster.network.kubeProxy) return { from, fragments: [] };
  return {
    from,
    fragments: [
      isAtLeast(minor, '1.14')
        ? talosDocument('KubeProxyConfig', { enabled: false })
        : { cluster: { proxy: { disabled: true } } },
    ],
  };
}

function kubePrismSetting(cluster: Cluster, minor: TalosMinor): Setting {
  const { enabled, port } = cluster.network.kubePrism;
  const from = ['network', 'kubePrism'];
  if (enabled && port === 7445) return { from, fragments: [] };
  if (isAtLeast(minor, '1.14'))
    return { from, fragments: [talosDocument('KubePrismConfig', enabled ? { port } : { $patch: 'delete' })] };
  return { from, fragments: [{ machine: { features: { kubePrism: { enabled, port } } } }] };
}
