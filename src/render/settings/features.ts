/**
 * The documents that features ask for. What several of them say of containerd becomes one part: up to Talos 1.13 there is one file for it,
 * and a second entry would keep the node from coming up.
 */
import { IchorError } from '../../errors.ts';
import { featuresOf, type ResolvedFeature } from '../../spec/node-features.ts';
import type { Cluster, NodeSpec } from '../../spec/model.ts';
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import { talosDocument, type Fragment, type Setting } from '../setting.ts';
import { mergeTables, renderToml } from '../toml.ts';

/** `features` are those of the cluster, with their secrets resolved. */
export function featureSettings(
  {
    cluster,
    node,
    features,
  }: { readonly cluster: Cluster; readonly node: NodeSpec; readonly features: readonly ResolvedFeature[] },
  minor: TalosMinor,
): readonly Setting[] {
  const configured = featuresOf(cluster, node, features).map(({ feature, definition, use }) => ({
    from: ['features', feature.name],
    config: definition.config?.(use) ?? {},
  }));
  const settings: Setting[] = configured.flatMap(({ from, config }) =>
    (config.documents ?? []).map((document) => ({ from, fragments: [document] })),
  );
  let tables: Fragment = {};
  const from: string[] = ['features'];
  for (const { from: source, config } of configured) {
    if (config.containerd === undefined) continue;
    tables = mergeTables(tables, config.containerd, (path) => {
      throw new IchorError(
        'invalid-input',
        `${source.join('.')} and another feature of ${node.name} both set ${path} of containerd's configuration`,
      );
    });
    from.push(source.at(-1) ?? '');
  }
  if (from.length > 1)
    settings.push({ from: from.slice(0, 2), fragments: [containerdPart(renderToml(tables), minor)] });
  return settings;
}

function containerdPart(content: string, minor: TalosMinor): Fragment {
  if (isAtLeast(minor, '1.14')) return talosDocument('CRICustomizationConfig', { name: 'features', content });
  const file = { path: '/etc/cri/conf.d/20-customization.part', op: 'create', permissions: 0o644, content };
  return { machine: { files: [file] } };
}
