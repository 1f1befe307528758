/** Which changes of v1alpha1 need a reboot on Talos ≤ 1.13 (talos-6-procedures.md §10, CanApplyImmediate). */
import { parseDocuments } from './config.ts';
import { at, treeAt, type Tree } from './tree.ts';

/** Fields of `machine` that take effect at once. */
const IMMEDIATE_MACHINE = [
  'ca',
  'acceptedCAs',
  'certSANs',
  'time',
  'install',
  'network',
  'sysctls',
  'sysfs',
  'logging',
  'controlPlane',
  'kubelet',
  'kernel',
  'pods',
  'seccompProfiles',
  'nodeLabels',
  'nodeAnnotations',
  'nodeTaints',
  'registries',
];
const IMMEDIATE_FEATURES = [
  'kubernetesTalosAPIAccess',
  'kubePrism',
  'hostDNS',
  'imageCache',
  'nodeAddressSortAlgorithm',
];

export function needsReboot(before: string, after: string): boolean {
  return JSON.stringify(lasting(before)) !== JSON.stringify(lasting(after));
}

/** What remains of v1alpha1 when everything immediate is taken out. */
function lasting(text: string): Tree {
  const legacy = parseDocuments(text).find((document) => at(document, 'kind') === undefined) ?? {};
  const machine = without(treeAt(legacy, 'machine'), [...IMMEDIATE_MACHINE, 'features']);
  const features = without(treeAt(legacy, 'machine', 'features'), IMMEDIATE_FEATURES);
  return { ...without(legacy, ['debug', 'cluster', 'machine']), machine, features };
}

function without(tree: Tree, keys: readonly string[]): Tree {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => !keys.includes(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
