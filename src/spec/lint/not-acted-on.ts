/** Keys that the file may hold and that nothing acts on yet: said, so that nobody relies on them (design §2). */
import type { Finding } from '../finding.ts';
import { findFeature } from '../../catalog/features/features.ts';
import type { Cluster } from '../model.ts';
import type { Path } from '../tree.ts';
import type { LintRule } from './rule.ts';
import { findingAt } from './rule.ts';

export const notActedOnRule: LintRule = { name: 'keys that are accepted but not acted on yet', check: checkKeys };

/** Paths of such keys; `*` stands for every node. Take a line out when the key begins to work. */
export const NOT_ACTED_ON: readonly { readonly path: Path; readonly what: string }[] = [
  { path: ['gitops'], what: 'no GitOps tool is installed' },
  { path: ['nodes', '*', 'power'], what: 'machines are not switched on or off' },
  {
    path: ['nodes', '*', 'proxmox'],
    what: 'virtual machines are not created or changed; `vmid` only tells machines apart',
  },
  { path: ['nodes', '*', 'boot'], what: 'boot media are not made by it' },
];

export interface NotActedOn {
  /** `nodes.*.power` */
  readonly key: string;
  readonly what: string;
  readonly nodes: readonly string[];
}

/** For `check` and for the line that `plan` prints. */
export function notActedOn(cluster: Cluster): readonly NotActedOn[] {
  const keys = NOT_ACTED_ON.flatMap(({ path, what }) => {
    const nodes =
      path[0] === 'nodes'
        ? cluster.nodes.filter(({ name }) => isSet(cluster, ofNode(path, name))).map(({ name }) => name)
        : [];
    const isUsed = path[0] === 'nodes' ? nodes.length > 0 : isSet(cluster, path);
    return isUsed ? [{ key: String(path.at(-1)), what, nodes }] : [];
  });
  return [...featureParts(cluster), ...keys];
}

/** What of a feature stands outside of image and machine config. */
function featureParts(cluster: Cluster): readonly NotActedOn[] {
  const names = cluster.features.flatMap(({ name }) => {
    const lookup = findFeature(name);
    if (lookup.kind === 'unknown') return [];
    const { inCluster, notDone = [] } = lookup.definition;
    return inCluster === undefined && notDone.length === 0 ? [] : [name];
  });
  if (names.length === 0) return [];
  const what = `image and machine config have them; what ${names.join(', ')} ${names.length === 1 ? 'needs' : 'need'} besides is not installed (\`ichor explain ${names[0]}\` says what)`;
  return [{ key: 'features', what, nodes: [] }];
}

function checkKeys(cluster: Cluster): readonly Finding[] {
  return notActedOn(cluster).map(({ key, what, nodes }) => {
    const path: Path = nodes[0] === undefined ? [key] : ['nodes', nodes[0], key];
    return findingAt(
      cluster,
      {
        severity: 'warning',
        rule: 'not-acted-on',
        message: `\`${key}\` is ${key === 'features' ? 'acted on in part' : 'accepted, but not acted on yet'}: ${what}`,
      },
      path,
    );
  });
}

function ofNode(path: Path, name: string): Path {
  return path.map((key) => (key === '*' ? name : key));
}

function isSet(cluster: Cluster, path: Path): boolean {
  return cluster.originOf(path) !== undefined;
}
