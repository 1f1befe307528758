/** Labels, annotations and taints that the node registers with in Kubernetes. */
import type { TalosMinor } from '../../talos/documents/tables.ts';
import { isAtLeast } from '../../talos/yaml/dialect.ts';
import type { NodeSpec, Taint } from '../../spec/model.ts';
import { compact, talosDocument, type Fragment, type Setting } from '../setting.ts';

export function registrationSetting(node: NodeSpec, minor: TalosMinor): Setting {
  const from = ['nodes', node.name];
  const labels = presentOrUndefined(node.labels);
  const annotations = presentOrUndefined(node.annotations);
  const taints = presentOrUndefined(
    Object.fromEntries(Object.entries(node.taints).map(([key, taint]) => [key, taintText(taint)])),
  );
  if (isAtLeast(minor, '1.14')) {
    const isEmpty = labels === undefined && annotations === undefined && taints === undefined;
    return {
      from,
      fragments: isEmpty ? [] : [talosDocument('KubeNodeConfig', compact({ labels, annotations, taints }))],
    };
  }
  const isWorker = node.role === 'worker';
  // A worker may not change taints once it is registered, and one refused update blocks its labels and its cordon too: there they
  // are given to the kubelet, which registers with them (kubernetes.md §7.2).
  const machine = compact({
    nodeLabels: labels,
    nodeAnnotations: annotations,
    ...(isWorker ? { kubelet: registeringKubelet(node) } : { nodeTaints: taints }),
  });
  // One fragment: Talos takes its first document once in a patch.
  return { from, fragments: Object.keys(machine).length > 0 ? [{ machine }] : [] };
}

function registeringKubelet({ taints }: NodeSpec): Fragment | undefined {
  const registerWithTaints = Object.entries(taints).map(([key, taint]) => compact({ key, ...taint }));
  return registerWithTaints.length === 0 ? undefined : { extraConfig: { registerWithTaints } };
}

/** `value:effect`, or the effect alone, as Talos writes taints. */
function taintText(taint: Taint): string {
  return taint.value === undefined ? taint.effect : `${taint.value}:${taint.effect}`;
}

function presentOrUndefined<T>(map: Readonly<Record<string, T>>): Readonly<Record<string, T>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
