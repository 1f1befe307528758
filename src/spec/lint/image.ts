/** The image of each node as the catalogue sees it: extensions that go together, kernel arguments that Talos takes. */
import { findExtension, shortName } from '../../catalog/extensions/extensions.ts';
import { lintExtensions } from '../../catalog/extensions/lint.ts';
import { findFeature } from '../../catalog/features/features.ts';
import type { CatalogFinding } from '../../catalog/finding.ts';
import { findHardware } from '../../catalog/hardware/hardware.ts';
import type { HardwareProfile, KernelModule } from '../../catalog/hardware/profile.ts';
import { lintKernelArgs } from '../../catalog/kernel-args/kernel-args.ts';
import { isAtLeastMinor } from '../../catalog/version.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec, Patch } from '../model.ts';
import { featureImage, featuresOf } from '../node-features.ts';
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
  { name: 'documents for extension services have their extension', check: checkServiceDocuments },
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
  const extensions = extensionsOf(cluster, node);
  const services = servicesOf(extensions, node.talos);
  const { documents } = cluster.patchesOf(node);
  const findings = lintExtensions({
    extensions,
    platform: node.platform,
    talos: node.talos,
    arch: node.image.arch,
    // Documents without an extension are judged apart, each once and at its own place.
    serviceConfigs: [
      ...documents.flatMap((document) => serviceOf(document) ?? []),
      ...featuresOf(cluster, node).flatMap(({ definition }) => definition.serviceConfigs ?? []),
    ].filter((name) => services.has(name)),
    modules: [
      ...profilesOf(node).flatMap(({ modules }) => modules ?? []),
      ...featureImage(cluster, node).modules.map(({ value }) => value),
      ...documents.flatMap(modulesOf),
    ],
    isVirtual: node.proxmox !== undefined,
  });
  return findings.map((finding) => placed(cluster, node, finding, [['image', 'extensions'], ['hardware']]));
}

/** S1-9: such a document is stored and does nothing. One for all nodes is right as soon as one of them has the extension. */
function checkServiceDocuments(cluster: LintedCluster): readonly Finding[] {
  const known = new Map(
    cluster.nodes.map((node) => [node, servicesOf(extensionsOf(cluster, node), node.talos)] as const),
  );
  const seen = new Set<Patch>();
  return cluster.nodes.flatMap((node) =>
    // What stands in an image of one's own is not known.
    node.image.schematic !== undefined || node.image.installer !== undefined
      ? []
      : cluster.patchesOf(node).documents.flatMap((document) => {
          const name = serviceOf(document);
          const isOwn = document.patch.origin.layer.kind === 'node' || document.patch.origin.layer.kind === 'class';
          const nodes = isOwn ? [node] : cluster.nodes;
          if (name === undefined || seen.has(document.patch) || nodes.some((one) => known.get(one)?.has(name) === true))
            return [];
          seen.add(document.patch);
          const where = document.place(['name']);
          return [
            {
              severity: 'error',
              rule: 'service-config-without-extension',
              message: `ExtensionServiceConfig ${name}: no extension of ${isOwn ? `\`${node.name}\`` : 'any node'} has that service, so it does nothing`,
              hint: `Add the extension to \`image: {extensions: […]}\`${findFeature(name).kind === 'exact' ? `, or write it as a feature: \`features: {${name}: …}\`` : ''}.`,
              ...(isOwn ? { node: node.name } : {}),
              ...(where && { where }),
            } satisfies Finding,
          ];
        }),
  );
}

/** What hardware and features bring, then what is written by hand. */
function extensionsOf(cluster: LintedCluster, node: NodeSpec): readonly string[] {
  const brought = new Set([
    ...profilesOf(node).flatMap(({ extensions }) => extensions),
    ...featureImage(cluster, node).extensions.map(({ value }) => value),
  ]);
  return [...brought, ...node.image.extensions.filter((name) => !brought.has(shortName(name)))];
}

/** Names that an ExtensionServiceConfig may have there. An extension that the catalogue does not know may have any. */
function servicesOf(extensions: readonly string[], talos: string): { has(name: string): boolean } {
  const found = extensions.map((name) => findExtension(name, talos));
  if (found.some(({ kind }) => kind === 'unknown')) return { has: () => true };
  return new Set(
    found.flatMap((lookup) =>
      lookup.kind === 'unknown'
        ? []
        : [
            ...(lookup.extension.config === undefined ? [] : [lookup.extension.config.document]),
            ...(lookup.extension.services ?? []).map((service) => service.replace(/^ext-/, '')),
          ],
    ),
  );
}

function serviceOf(document: PatchDocument): string | undefined {
  return document.kind === 'ExtensionServiceConfig' ? document.name : undefined;
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
