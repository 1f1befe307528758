/**
 * Waits until the node runs from its disk under its config: the reboot after the install is seen by its stage and system disk, never
 * guessed from time.
 */
import { nodeIn, valueOf, type NodeObservation, type Observation } from '../observation.ts';
import type { Step } from '../step.ts';
import { done, pending, type Judgement, type StepKind } from '../step-kind.ts';

export const waitConfigured: StepKind = {
  kind: 'wait-configured',
  scope: 'node',
  reads: ['stage', 'systemDisk'],
  readsKubernetes: false,
  deadlineMs: 20 * 60_000,
  describe: (step) => `wait until ${step.node ?? '?'} is installed and boots its config`,
  judge,
};

/** Talos' stages of a node that has its config and no reboot before it any more. */
const CONFIGURED_STAGES = new Set(['booting', 'running']);

function judge(step: Step, observation: Observation): Judgement {
  const node = nodeIn(observation, step.node ?? '');
  if (node?.reached.kind === 'maintenance') {
    // It had its config before this step began; from there nothing leads back but a failed install or a wipe (field.md F0-1).
    return {
      kind: 'failed',
      code: 'failed',
      message: `${step.node} fell back into maintenance after it took its config`,
      hint: 'Most often no disk matches `install.disk`, or the disk cannot be written; what the node says about that is on its console only. Running the same command again sends the config again.',
    };
  }
  if (node?.reached.kind !== 'secure')
    return pending(`${step.node} to answer again (${node?.reached.why ?? 'not looked for yet'})`);
  const stage = valueOf(node.facts.stage);
  if (stage === undefined) return pending(`${step.node} to say in which stage it is (${whyUnread(node.facts.stage)})`);
  if (!CONFIGURED_STAGES.has(stage.stage)) return pending(`${step.node} to finish ${stage.stage}`);
  const reboot = stage.unmet.find((condition) => condition.name === 'install' || condition.name === 'reboot');
  if (reboot) return pending(`${step.node} to reboot from its disk (${reboot.reason})`);
  return judgeDisk(step, node, stage.stage);
}

function judgeDisk(step: Step, node: NodeObservation, stage: string): Judgement {
  if (step.args['installs'] !== true) return done(`${stage} with its config`);
  const disk = node.facts.systemDisk;
  if (disk.kind === 'unread') return pending(`${step.node} to name its system disk (${disk.why})`);
  if (disk.value === null)
    return pending(
      `${step.node} to be installed on a disk (it runs from memory)`,
      'Check `install.disk` against `ichor discover --output json`, which lists the disks of a node in maintenance.',
    );
  const wanted = step.args['disk'];
  const wasRenamed = disk.value.serial !== undefined && disk.value.serial === step.args['diskSerial'];
  if (typeof wanted === 'string' && wanted !== disk.value.devPath && !wasRenamed) {
    return {
      kind: 'failed',
      code: 'failed',
      message: `${step.node} is installed on ${disk.value.devPath}, not on ${wanted} as \`install.disk\` selects`,
      hint: 'It had an installation already. Reset it, or change the selector to the disk that it is on.',
    };
  }
  return done(`${stage} from ${disk.value.devPath}`);
}

function whyUnread(fact: { readonly kind: string; readonly why?: string }): string {
  return fact.why ?? 'unknown';
}
