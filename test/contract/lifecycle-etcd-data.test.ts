/** Control planes that come back with etcd's data on their disks: none of them may be taken for one without. */
import { expect, test } from 'vitest';
import { createTwin, makeTwinSecrets, type Twin } from '../support/twin.ts';
import { valueOf } from '../../src/lifecycle/observation.ts';
import { admitBootstrap } from '../../src/lifecycle/steps/bootstrap-etcd.ts';

test('control planes that all reboot at once show their data before their etcd answers: no bootstrap is planned on it, and at no moment would one be let through', async () => {
  const twin = await createTwin(await makeTwinSecrets(), { controlPlanes: 3 });
  await twin.apply();
  for (const name of twin.simulation.names) twin.simulation.fault(name, { kind: 'restart' });
  await untilApiAnswers(twin);

  const seen = new Set<string>();
  const plannedOnData = new Set<string>();
  for (let look = 0; look < 100 && !seen.has('member'); look += 1) {
    await twin.clock.advance(100);
    const { observation, plan } = await twin.plan();
    const etcd = observation.nodes.map((node) => valueOf(node.facts.etcd));
    for (const found of etcd) seen.add(found === undefined ? 'unread' : found.kind);
    if (etcd.some((found) => found?.kind === 'silent')) for (const { kind } of plan.steps) plannedOnData.add(kind);
    for (const step of plan.steps)
      if (step.kind === 'bootstrap-etcd') expect(admitBootstrap(step, observation).kind).toBe('wait');
  }

  expect([...seen]).toEqual(expect.arrayContaining(['silent', 'member']));
  expect([...seen]).not.toContain('none');
  expect([...plannedOnData]).toContain('join-etcd');
  expect([...plannedOnData]).not.toContain('bootstrap-etcd');
  expect(twin.births()).toBe(1);
});

async function untilApiAnswers(twin: Twin): Promise<void> {
  const isUp = (): boolean => twin.simulation.views().every((view) => view.run?.api.kind === 'secure');
  for (let second = 0; second < 120 && (second < 5 || !isUp()); second += 1) await twin.clock.advance(1_000);
}
