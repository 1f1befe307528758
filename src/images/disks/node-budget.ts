/** The budgets of a node's disks: by the sizes that the spec declares, or by the disks that the node has. */
import type { Cluster, NodeSpec, Volume } from '../../spec/model.ts';
import type { Finding } from '../../spec/finding.ts';
import { parseSize } from '../../spec/size.ts';
import type { BootLayout } from '../../catalog/disks.ts';
import { planDiskBudget, type BudgetRequest, type DiskBudget } from './budget.ts';
import type { DiskFacts } from './disk.ts';
import { resolveDiskSelector } from './selector.ts';

export interface NodeDiskBudget {
  readonly devPath: string;
  readonly budget: DiskBudget;
}

/** Volumes that are placed on a disk; the others bring their own, or belong to Talos. */
const PLACED: readonly Volume['kind'][] = ['user', 'raw', 'swap'];

/**
 * Of every disk on which the spec wants a volume, and of the system disk when there are any. A selector that takes no disk, several, or
 * one that cannot be judged here counts nowhere: other rules speak of it. `systemDisk`: null while Talos runs from memory.
 */
export function observedBudgets(
  node: NodeSpec,
  disks: readonly DiskFacts[],
  systemDisk: string | null,
): readonly NodeDiskBudget[] {
  const volumes = node.volumes.filter(({ kind }) => PLACED.includes(kind));
  if (volumes.length === 0) return [];
  const placed = new Map<string, Volume[]>();
  for (const volume of volumes) {
    const resolved = resolveDiskSelector(volume.disk, { disks, systemDisk });
    if (resolved.kind !== 'one') continue;
    placed.set(resolved.disk.devPath, [...(placed.get(resolved.disk.devPath) ?? []), volume]);
  }
  return disks.flatMap(({ devPath, sizeBytes }) => {
    const own = placed.get(devPath) ?? [];
    const isSystem = devPath === systemDisk;
    if (own.length === 0 && !isSystem) return [];
    return [
      { devPath, budget: planDiskBudget(requestOf(node, { sizeBytes: BigInt(sizeBytes), volumes: own, isSystem })) },
    ];
  });
}

/** Of the one disk of a VM whose size the spec says; undefined when it says none, or several disks. */
export function declaredBudget(node: NodeSpec): DiskBudget | undefined {
  const { disk, disks } = node.proxmox ?? {};
  const sizeBytes = typeof disk === 'string' ? parseSize(disk) : undefined;
  const volumes = node.volumes.filter(({ kind }) => PLACED.includes(kind));
  if (sizeBytes === undefined || disks !== undefined || volumes.length === 0) return undefined;
  return planDiskBudget(requestOf(node, { sizeBytes, volumes, isSystem: true }));
}

/** What does not fit on the disks that the spec declares, at the place of the volumes. */
export function budgetFindings(cluster: Cluster): readonly Finding[] {
  return cluster.nodes.flatMap((node) => {
    const where =
      cluster.originOf(['nodes', node.name, 'volumes'])?.where ?? cluster.originOf(['nodes', node.name])?.where;
    return (declaredBudget(node)?.findings ?? []).map(({ severity, rule, message, hint }) => ({
      severity,
      rule,
      message: `the disk of \`${node.name}\`: ${message}`,
      node: node.name,
      ...(hint === undefined ? {} : { hint }),
      ...(where === undefined ? {} : { where }),
    }));
  });
}

interface DiskUse {
  readonly sizeBytes: bigint;
  readonly volumes: readonly Volume[];
  readonly isSystem: boolean;
}

function requestOf(node: NodeSpec, { sizeBytes, volumes, isSystem }: DiskUse): BudgetRequest {
  const ephemeral = node.volumes.find(({ kind, name }) => kind === 'system' && name === 'EPHEMERAL');
  return {
    diskSizeBytes: sizeBytes,
    volumes: volumes.map(({ name, minSizeBytes, maxSizeBytes, grow }) => ({ name, minSizeBytes, maxSizeBytes, grow })),
    ...(isSystem
      ? {
          system: {
            talos: node.talos,
            layout: layoutOf(node),
            ...(ephemeral === undefined
              ? {}
              : {
                  ephemeral: {
                    minSizeBytes: ephemeral.minSizeBytes,
                    maxSizeBytes: ephemeral.maxSizeBytes,
                    grow: ephemeral.grow,
                  },
                }),
          },
        }
      : {}),
  };
}

/** The difference is two mebibytes of partitions; what Proxmox makes without a word is a BIOS machine. */
function layoutOf(node: NodeSpec): BootLayout {
  return node.proxmox !== undefined && node.proxmox['bios'] !== 'ovmf' ? 'grub' : 'sd-boot';
}
