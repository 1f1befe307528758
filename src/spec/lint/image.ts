/** The image of each node as the catalogue sees it: extensions that go together, kernel arguments that Talos takes. */
import { lintExtensions } from '../../catalog/extensions/lint.ts';
import type { CatalogFinding } from '../../catalog/finding.ts';
import { findHardware } from '../../catalog/hardware/hardware.ts';
import type { HardwareProfile, KernelModule } from '../../catalog/hardware/profile.ts';
import { lintKernelArgs } from '../../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor } from '../../catalog/version.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import type { PatchDocument } from '../patch-facts.ts';
import { listAt, textsAt, valueAt } from '../patch-facts.ts';
import type { Path } from '../tree.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const imageRules: readonly LintRule[] = [
  {
    name: 'extensions exist for this Talos and go together',
    check: (cluster) => cluster.nodes.flatMap((node) => checkExtensions(cluster, node)),
  },
  {
    name: 'kernel arguments are ones that Talos takes',
    check: (cluster) => cluster.nodes.flatMap((node) => checkArguments(cluster, node)),
  },
  {
    name: 'hardware profiles exist for this Talos',
    check: (cluster) => cluster.nodes.flatMap((node) => checkProfiles(cluster, node)),
  },
];

function checkExtensions(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const profiles = profilesOf(node);
  const byProfile = new Set(profiles.flatMap(({ extensions }) => extensions));
  const { documents } = cluster.patchesOf(node);
  const findings = lintExtensions({
    extensions: [
      ...byProfile,
      ...node.image.extensions.filter((name) => !byProfile.has(name.replace(/^siderolabs\//, ''))),
    ],
    platform: node.platform,
    talos: node.talos,
    arch: node.image.arch,
    serviceConfigs: [
      ...documents.flatMap((document) =>
        document.kind === 'ExtensionServiceConfig' && document.name !== undefined ? [document.name] : [],
      ),
      ...cluster.features.filter(({ nodes }) => nodes.includes(node.name)).map(({ name }) => name),
    ].filter((name) => byProfile.has(name) || node.image.extensions.some((written) => written.endsWith(name))),
    modules: [...profiles.flatMap(({ modules }) => modules ?? []), ...documents.flatMap(modulesOf)],
    isVirtual: node.proxmox !== undefined,
  });
  return findings.map((finding) => placed(cluster, node, finding, [['image', 'extensions'], ['hardware']]));
}

function checkArguments(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return lintKernelArgs(node.image.kernelArgs, node.talos).map((finding) =>
    placed(cluster, node, finding, [['image', 'kernelArgs']]),
  );
}

function checkProfiles(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return profilesOf(node).flatMap(({ name, since, source }) => {
    if (since === undefined || isAtLeastMinor(node.talos, since)) return [];
    const message = `hardware \`${name}\` needs Talos ${since} or later, and \`${node.name}\` is to run ${node.talos}`;
    return [
      placed(cluster, node, { severity: 'error', rule: 'hardware-needs-newer-talos', message, source }, [
        ['hardware', node.hardware.indexOf(name)],
        ['hardware'],
      ]),
    ];
  });
}

function placed(cluster: LintedCluster, node: NodeSpec, finding: CatalogFinding, paths: readonly Path[]): Finding {
  const { severity, rule, message, hint } = finding;
  return findingAt(
    cluster,
    { severity, rule, message, node: node.name, ...(hint !== undefined && { hint }) },
    ...paths.map((path) => ['nodes', node.name, ...path]),
    ['nodes', node.name],
  );
}

function profilesOf(node: NodeSpec): readonly HardwareProfile[] {
  return node.hardware.flatMap((name) => {
    const lookup = findHardware(name);
    return lookup.kind === 'exact' ? [lookup.profile] : [];
  });
}

function modulesOf(document: PatchDocument): readonly KernelModule[] {
  if (document.kind === 'KernelModuleConfig')
    return document.name === undefined
      ? []
      : [{ name: document.name, parameters: textsAt(document.value, 'parameters') }];
  return listAt(document.value, 'machine', 'kernel', 'modules').flatMap((module) => {
    const name = valueAt(module, 'name');
    return typeof name === 'string' ? [{ name, parameters: textsAt(module, 'parameters') }] : [];
  });
}
