/** The state of a cluster as a table of its nodes and a list of its conditions. What could not be read says why. */
import type { Condition } from '../../health/condition.ts';
import type { Fact, NodeObservation, Observation } from '../../lifecycle/observation.ts';
import type { Colours } from '../output.ts';
import { renderTable } from './table.ts';

export interface StatusView {
  readonly observation: Observation;
  readonly conditions: readonly Condition[];
  readonly colours: Colours;
}

export function renderStatus({ observation, conditions, colours }: StatusView): string {
  const rows = observation.nodes.map((node) => [
    node.node,
    renderReached(node, colours),
    stageCell(node),
    cell(node.facts.talos, (tag) => tag),
    etcdCell(node),
    kubernetesCell(node),
    diskCell(node),
  ]);
  const table = renderTable(['NODE', 'REACHED', 'STAGE', 'TALOS', 'ETCD', 'KUBERNETES', 'DISK'], rows);
  return `${table}\n\n${conditions.map((condition) => renderCondition(condition, colours)).join('\n')}`;
}

export function renderCondition(condition: Condition, colours: Colours): string {
  const mark = {
    succeeded: colours.green('✓'),
    failed: colours.red('✗'),
    waiting: colours.yellow('…'),
    running: colours.cyan('●'),
    skipped: colours.dim('-'),
  }[condition.state];
  return `${mark} ${condition.title}: ${condition.message}`;
}

function renderReached(node: NodeObservation, colours: Colours): string {
  const { reached } = node;
  switch (reached.kind) {
    case 'secure':
      return reached.address;
    case 'maintenance':
      return `${reached.address} ${colours.yellow('maintenance')}`;
    case 'foreign':
    case 'mistaken':
      return `${reached.address} ${colours.red(reached.kind)}`;
    case 'unreachable':
      return colours.red('unreachable');
  }
}

function stageCell(node: NodeObservation): string {
  return cell(node.facts.stage, (stage) => (stage.ready ? stage.stage : `${stage.stage}, not ready`));
}

function etcdCell(node: NodeObservation): string {
  return cell(node.facts.etcd, (etcd) => {
    if (etcd.kind === 'none') return 'none';
    if (etcd.kind === 'silent') return 'silent';
    return `${etcd.self.learner ? 'learner' : 'voter'}${etcd.healthy ? '' : ', unhealthy'}`;
  });
}

function kubernetesCell(node: NodeObservation): string {
  return cell(node.facts.kubernetesNode, (found) => {
    if (found === null) return 'not registered';
    const state = found.ready ? 'Ready' : found.waitsForCni ? 'waits for a CNI' : 'NotReady';
    return `${state} ${found.kubelet}`;
  });
}

function diskCell(node: NodeObservation): string {
  return cell(node.facts.systemDisk, (disk) => disk?.devPath ?? 'memory');
}

function cell<T>(fact: Fact<T>, render: (value: T) => string): string {
  return fact.kind === 'read' ? render(fact.value) : '-';
}
