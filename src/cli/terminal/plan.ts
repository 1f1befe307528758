/** A plan on paper: what differs, each step with its impact, what it waits for and why, and how long it takes. */
import type { Plan } from '../../lifecycle/plan.ts';
import type { Impact, Step } from '../../lifecycle/step.ts';
import type { Colours } from '../output.ts';
import { renderDuration } from './duration.ts';
import { renderTable } from './table.ts';

export function renderPlan(plan: Plan, describe: (step: Step) => string, colours: Colours): string {
  const parts: string[] = [];
  if (plan.steps.length > 0) parts.push(renderSteps(plan, describe, colours));
  for (const { node, differences, why } of plan.differences) {
    const lines = differences.map((difference) => {
      const values =
        difference.change === 'changed'
          ? `${difference.from} → ${difference.to}`
          : (difference.to ?? difference.from ?? '');
      const mark = { added: colours.green('+'), removed: colours.red('-'), changed: colours.yellow('~') }[
        difference.change
      ];
      return `  ${mark} ${difference.document} ${difference.path}: ${values}`;
    });
    parts.push(`${colours.bold(node)}: the running config differs and is left alone (${why})\n${lines.join('\n')}`);
  }
  if (parts.length === 0) return 'Nothing to do: every node is as the spec says.';
  return parts.join('\n\n');
}

function renderSteps(plan: Plan, describe: (step: Step) => string, colours: Colours): string {
  const numbers = new Map(plan.steps.map((step, index) => [step.id, index + 1]));
  const rows = plan.steps.map((step, index) => [
    String(index + 1),
    step.node ?? '',
    describe(step),
    paintImpact(step.impact, colours),
    step.waitsFor.map((id) => numbers.get(id) ?? id).join(' '),
    step.reason.fact + (step.reason.spec === undefined ? '' : colours.dim(` (${step.reason.spec})`)),
  ]);
  const table = renderTable(['#', 'NODE', 'STEP', 'IMPACT', 'AFTER', 'BECAUSE'], rows);
  const disks = plan.steps.flatMap(({ kind, node, args }) =>
    kind === 'apply-config' && typeof args['disk'] === 'string' ? [`  ${node ?? ''}: ${args['disk']}`] : [],
  );
  const written = disks.length === 0 ? '' : `\n\nTalos is installed on\n${disks.join('\n')}`;
  return `${table}${written}\n\n${plan.steps.length} steps, about ${renderDuration(plan.estimateMs)}.`;
}

function paintImpact(impact: Impact, colours: Colours): string {
  if (impact === 'none' || impact === 'live') return impact;
  return impact === 'destroys' || impact === 'reinstall' ? colours.red(impact) : colours.yellow(impact);
}
