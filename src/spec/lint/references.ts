/** Names that must exist, and words that do not fit the platform or role of the machine they stand on. */
import { findHardware } from '../../catalog/hardware/hardware.ts';
import { nearest } from '../../catalog/nearest.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import { valueAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const referenceRules: readonly LintRule[] = [
  {
    name: 'hardware is in the catalogue and fits the platform',
    check: (cluster) => cluster.nodes.flatMap((node) => checkHardware(cluster, node)),
  },
  { name: 'features name nodes that exist', check: checkFeatures },
  {
    name: 'the installer is one for the platform',
    check: (cluster) => cluster.nodes.flatMap((node) => checkPlatform(cluster, node)),
  },
  {
    name: 'what only control planes have stands on control planes',
    check: (cluster) => cluster.nodes.flatMap((node) => checkRole(cluster, node)),
  },
];

/** What a hypervisor keeps to itself. */
const BARE_METAL_ONLY = ['cpu', 'nic'];

function checkHardware(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return node.hardware.flatMap((name, index) => {
    const paths = [
      ['nodes', node.name, 'hardware', index],
      ['nodes', node.name, 'hardware'],
    ] as const;
    const lookup = findHardware(name);
    if (lookup.kind === 'unknown') {
      const hint =
        lookup.nearest === undefined
          ? 'Extensions that no profile brings stand under `image: {extensions: […]}`.'
          : `Did you mean \`${lookup.nearest}\`?`;
      return [
        findingAt(
          cluster,
          {
            severity: 'error',
            rule: 'unknown-hardware',
            message: `the catalogue knows no hardware \`${name}\``,
            hint,
            node: node.name,
          },
          ...paths,
        ),
      ];
    }
    const { group, title, arch } = lookup.profile;
    if (arch !== undefined && arch !== node.image.arch) {
      return [
        findingAt(
          cluster,
          {
            severity: 'error',
            rule: 'hardware-arch',
            message: `${title} is for ${arch}, and \`${node.name}\` is ${node.image.arch}`,
            node: node.name,
          },
          ...paths,
        ),
      ];
    }
    if (node.proxmox !== undefined && BARE_METAL_ONLY.includes(group)) {
      return [
        findingAt(
          cluster,
          {
            severity: 'warning',
            rule: 'hardware-on-vm',
            message: `\`${node.name}\` is a virtual machine: ${title} is the host's, not the guest's`,
            node: node.name,
          },
          ...paths,
        ),
      ];
    }
    return [];
  });
}

function checkFeatures(cluster: LintedCluster): readonly Finding[] {
  const names = cluster.nodes.map(({ name }) => name);
  return cluster.features.flatMap((feature) =>
    feature.nodes
      .filter((name) => !names.includes(name))
      .map((name) => {
        const guess = nearest(name, names);
        const message = `feature \`${feature.name}\` names node \`${name}\`, which does not exist`;
        return findingAt(
          cluster,
          {
            severity: 'error',
            rule: 'unknown-node',
            message,
            hint: guess === undefined ? `Nodes: ${names.join(', ')}.` : `Did you mean \`${guess}\`?`,
          },
          ['features', feature.name, 'nodes', feature.nodes.indexOf(name)],
          ['features', feature.name],
        );
      }),
  );
}

/** `factory.talos.dev/metal-installer/…` on a nocloud machine and the other way round (S0-23). */
function checkPlatform(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const written = [
    ...(node.image.installer === undefined
      ? []
      : [{ image: node.image.installer, where: cluster.originOf(['nodes', node.name, 'image', 'installer'])?.where }]),
    ...cluster.patchesOf(node).documents.flatMap((document) => {
      const image = valueAt(document.value, 'machine', 'install', 'image');
      return typeof image === 'string' ? [{ image, where: document.place(['machine', 'install', 'image']) }] : [];
    }),
  ];
  return written.flatMap(({ image, where }) => {
    const platform = /\/([a-z]+)-installer(?:-secureboot)?\//.exec(image)?.[1];
    if (platform === undefined || platform === node.platform) return [];
    const message = `\`${node.name}\` is on platform ${node.platform}, and its installer is for ${platform}: after the install it would look for its configuration in the wrong place`;
    return [
      {
        severity: 'error',
        rule: 'platform-mismatch',
        message,
        hint: `Use a ${node.platform}-installer, or leave the image out.`,
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}

function checkRole(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  if (node.role === 'controlplane') return [];
  return cluster.patchesOf(node).documents.flatMap((document) => {
    // Cluster-wide patches reach workers too; only what was put on a worker or its class is a mistake.
    const { layer } = document.patch.origin;
    if (layer.kind !== 'node' && layer.kind !== 'class') return [];
    return ['etcd', 'apiServer', 'controllerManager', 'scheduler'].flatMap((key) => {
      if (valueAt(document.value, 'cluster', key) === undefined) return [];
      const where = document.place(['cluster', key]);
      return [
        {
          severity: 'warning',
          rule: 'control-plane-setting-on-worker',
          message: `\`cluster.${key}\` is set on the worker \`${node.name}\`, which does not run it`,
          hint: 'Move the patch to a class of control planes.',
          node: node.name,
          ...(where && { where }),
        } satisfies Finding,
      ];
    });
  });
}
