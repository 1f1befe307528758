/** The disks of nodes that have volumes, one bar each: what Talos, EPHEMERAL and the volumes take. */
import { renderDiskBar } from '../../images/disks/bar.ts';
import { observedBudgets } from '../../images/disks/node-budget.ts';
import { resolveInstallDisk } from '../../lifecycle/install-disk.ts';
import { valueOf, type ObservedDisk, type Observation } from '../../lifecycle/observation.ts';
import type { NodeSpec } from '../../spec/model.ts';
import type { Colours } from '../output.ts';

const WIDTH = 60;

/** Undefined when there is none to show: no volumes, or no disks that were read. */
export function renderDisks(
  nodes: readonly NodeSpec[],
  observation: Observation,
  colours: Colours,
): string | undefined {
  const blocks = nodes.flatMap((node) => {
    const facts = observation.nodes.find((observed) => observed.node === node.name)?.facts;
    const disks = facts === undefined ? undefined : valueOf(facts.disks);
    if (facts === undefined || disks === undefined) return [];
    const systemDisk = valueOf(facts.systemDisk)?.devPath ?? installTarget(node, disks);
    return observedBudgets(node, disks, systemDisk).map(({ devPath, budget }) => {
      const { bar, legend } = renderDiskBar(budget, WIDTH);
      const paint = budget.fits ? colours.green : colours.red;
      const findings = budget.findings.map(({ severity, message }) => `  ${severity}: ${message}`);
      return [`${node.name} ${devPath}`, `  [${paint(bar)}]`, `  ${legend.join('  ')}`, ...findings].join('\n');
    });
  });
  return blocks.length === 0 ? undefined : blocks.join('\n');
}

/** Not installed yet: the disk that the install will take. */
function installTarget(node: NodeSpec, disks: readonly ObservedDisk[]): string | null {
  const chosen = resolveInstallDisk(node.install, disks);
  return chosen.kind === 'found' ? chosen.disk.devPath : null;
}
