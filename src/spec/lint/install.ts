/** Where Talos is installed to, and what no longer belongs into `machine.install`. */
import { isAtLeastMinor } from '../../catalog/version.ts';
import type { Finding } from '../finding.ts';
import type { NodeSpec } from '../model.ts';
import type { PatchDocument } from '../patch-facts.ts';
import { listAt, valueAt } from '../patch-facts.ts';
import type { LintRule, LintedCluster, Problem } from './rule.ts';
import { findingAt } from './rule.ts';

export const installRules: readonly LintRule[] = [
  {
    name: 'every machine has somewhere to install to',
    check: (cluster) => cluster.nodes.flatMap((node) => checkDisk(cluster, node)),
  },
  {
    name: 'kernel arguments and extensions stand in the image, not in machine.install',
    check: (cluster) => cluster.nodes.flatMap((node) => checkInstallPatches(cluster, node)),
  },
];

/** Platforms whose machines begin their life on the disk image itself. */
const INSTALLS_BY_ITSELF = ['metal'];

function checkDisk(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  const problem = doubtfulDevice(node) ?? doubtfulSelector(node) ?? missingDisk(cluster, node);
  if (problem === undefined) return [];
  const path = ['nodes', node.name, 'install'];
  return [
    findingAt(
      cluster,
      { ...problem, node: node.name },
      [...path, 'disk', 'match'],
      [...path, 'disk'],
      [...path, 'device'],
      path,
      ['nodes', node.name],
    ),
  ];
}

/** A disk by its path under /dev: by label it goes with the first install, by kernel name with the next disk that is added. */
function doubtfulDevice(node: NodeSpec): Problem | undefined {
  const { device } = node.install;
  if (device === undefined) return undefined;
  if (device.includes('/by-label/')) {
    return {
      severity: 'error',
      rule: 'install-disk-by-label',
      message: `\`${node.name}\` finds its install disk by a file system label (${device}): the install itself wipes that label, and the next one finds no disk`,
      hint: 'Choose the disk by serial, WWID or another fact of the hardware.',
    };
  }
  if (!/^\/dev\/(sd|nvme|vd|hd|mmcblk)/.test(device) || node.platform !== 'metal' || node.proxmox !== undefined)
    return undefined;
  return {
    severity: 'warning',
    rule: 'install-disk-by-name',
    message: `\`${node.name}\` installs to ${device}: such names change with the order in which disks are found, and a machine without it stays in maintenance without a word`,
    hint: 'Use `install: {disk: {serial: …}}`; `ichor discover` shows the serials.',
  };
}

function doubtfulSelector(node: NodeSpec): Problem | undefined {
  if (node.install.disk?.match === undefined || isAtLeastMinor(node.talos, '1.14')) return undefined;
  return {
    severity: 'error',
    rule: 'install-disk-expression',
    message: `\`${node.name}\` chooses its install disk by an expression, which Talos ${node.talos} does not know there: only from 1.14 on`,
    hint: 'Use serial, wwid, model, type, size or busPath.',
  };
}

function missingDisk(cluster: LintedCluster, node: NodeSpec): Problem | undefined {
  const { disk, device } = node.install;
  const isChosen = device !== undefined || (disk !== undefined && Object.keys(disk).length > 0);
  if (isChosen || !INSTALLS_BY_ITSELF.includes(node.platform)) return undefined;
  if (cluster.patchesOf(node).documents.some(namesInstallDisk)) return undefined;
  return {
    severity: 'error',
    rule: 'nowhere-to-install',
    message: `\`${node.name}\` has nowhere to install to: platform ${node.platform}, and no install disk`,
    hint: 'Write `install: {disk: {serial: …}}` or `{disk: nvme}`; `ichor discover` lists the disks of a machine.',
  };
}

function namesInstallDisk({ kind, value }: PatchDocument): boolean {
  if (kind === 'UnattendedInstallConfig') return valueAt(value, 'provisioning', 'diskSelector', 'match') !== undefined;
  return (
    valueAt(value, 'machine', 'install', 'disk') !== undefined ||
    valueAt(value, 'machine', 'install', 'diskSelector') !== undefined
  );
}

function checkInstallPatches(cluster: LintedCluster, node: NodeSpec): readonly Finding[] {
  return cluster
    .patchesOf(node)
    .documents.flatMap((document) => [
      ...kernelArguments(node, document),
      ...extensions(node, document),
      ...extensionFiles(node, document),
    ]);
}

/** From the 1.12 contract on GRUB takes the UKI's command line, and Talos refuses the two together (talos-3-config.md §4.2). */
function kernelArguments(node: NodeSpec, document: PatchDocument): readonly Finding[] {
  const path = ['machine', 'install', 'extraKernelArgs'];
  if (listAt(document.value, ...path).length === 0 || !isAtLeastMinor(node.talos, '1.12')) return [];
  const where = document.place(path);
  const message = `kernel arguments in \`machine.install.extraKernelArgs\` do nothing on Talos ${node.talos}: it boots with the command line of the image`;
  return [
    {
      severity: 'error',
      rule: 'kernel-args-ignored',
      message,
      hint: 'Move them to `image: {kernelArgs: […]}`.',
      node: node.name,
      ...(where && { where }),
    },
  ];
}

function extensions(node: NodeSpec, document: PatchDocument): readonly Finding[] {
  const path = ['machine', 'install', 'extensions'];
  if (listAt(document.value, ...path).length === 0) return [];
  const where = document.place(path);
  const message = '`machine.install.extensions` is deprecated and ignored by installers of the Image Factory';
  return [
    {
      severity: 'error',
      rule: 'install-extensions-ignored',
      message,
      hint: 'Name them under `hardware`, `features` or `image: {extensions: […]}`.',
      node: node.name,
      ...(where && { where }),
    },
  ];
}

function extensionFiles(node: NodeSpec, document: PatchDocument): readonly Finding[] {
  return listAt(document.value, 'machine', 'files').flatMap((file, index) => {
    const path = valueAt(file, 'path');
    if (typeof path !== 'string' || !path.startsWith('/var/lib/extensions')) return [];
    const where = document.place(['machine', 'files', index]);
    return [
      {
        severity: 'warning',
        rule: 'file-without-effect',
        message: `the file ${path} does nothing: Talos reads no list of extensions from disk`,
        hint: 'Name them under `hardware` or `image: {extensions: […]}`.',
        node: node.name,
        ...(where && { where }),
      } satisfies Finding,
    ];
  });
}
