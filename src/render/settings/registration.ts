/** Labels, annotations and taints that the node registers with in Kubernetes. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { NodeSpec, Taint } from '../../spec/model.ts';
import { compact, talosDocument, type Setting } from '../setting.ts';

export function registrationSetting(node: NodeSpec, minor: TalosMinor): Setting {
  const labels = presentOrUndefined(node.labels);
  const annotations = presentOrUndefined(node.annotations);
  const taints = presentOrUndefined(
    Object.fromEntries(Object.entries(node.taints).map(([key, taint]) => [key, taintText(taint)])),
  );
  const from = ['nodes', node.name];
  if (labels === undefined && annotations === undefined && taints === undefined) return { from, fragments: [] };
  const fragment = isAtLeast(minor, '1.14')
    ? talosDocument('KubeNodeConfig', compact({ labels, annotations, taints }))
    : { machine: compact({ nodeLabels: labels, nodeAnnotations: annotations, nodeTaints: taints }) };
  return { from, fragments: [fragment] };
}

/** `value:effect`, or the effect alone, as Talos writes taints. */
function taintText(taint: Taint): string {
  return taint.value === undefined ? taint.effect : `${taint.value}:${taint.effect}`;
}

function presentOrUndefined<T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
