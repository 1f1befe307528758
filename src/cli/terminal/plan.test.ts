import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { Step, StepArguments } from '../../lifecycle/step.ts';
import { renderPlan } from './plan.ts';

const DISK = '/dev/nvme0n1: WD Black, serial 2TB1, 2000.4 GB (1863.0 GiB); holds ntfs';

function applyStep(args: StepArguments): Step {
  return {
    v: 1,
    id: 'apply-config/cp-1',
    kind: 'apply-config',
    node: 'cp-1',
    args,
    reason: { fact: 'it is in maintenance' },
    impact: 'reinstall',
    preconditions: [],
    facts: [],
    waitsFor: [],
    waitingFor: 'cp-1 to leave maintenance',
    estimateMs: 5_000,
  };
}

function rendered(args: StepArguments): string {
  const plan = { v: 1, cluster: 'home', specDigest: '', createdAt: 0, differences: [], findings: [] } as const;
  const steps = [applyStep(args)];
  return renderPlan({ ...plan, steps, estimateMs: 5_000 }, ({ id }) => id, pc.createColors(false));
}

test('the disk that Talos is installed on is shown under the steps, with what stands on it', () => {
  expect(rendered({ disk: DISK })).toContain(`Talos is installed on\n  cp-1: ${DISK}\n\n1 steps`);
  expect(rendered({})).not.toContain('Talos is installed on');
});
