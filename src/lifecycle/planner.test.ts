import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../sim/virtual-clock.ts';
import type { Cluster } from '../spec/model.ts';
import { smallCluster } from '../../test/support/small-cluster.ts';
import { SMALL_TIMES, SmallWorld } from '../../test/support/small-world.ts';
import { createDigest } from './digest.ts';
import { read, unread, type NodeObservation, type Observation } from './observation.ts';
import { isEmpty, selectNodes, whyMoved, type Plan } from './plan.ts';
import { planCluster } from './planner.ts';

const digest = createDigest('test');

async function observed(cluster: Cluster, change: (world: SmallWorld) => void = () => undefined): Promise<Observation> {
  const world = new SmallWorld(cluster, createVirtualClock());
  change(world);
  return observeAll(world, cluster);
}

function observeAll(world: SmallWorld, cluster: Cluster): Promise<Observation> {
  return world.observe(
    { nodes: cluster.nodes.map((node) => node.name), facts: [], kubernetes: true },
    new AbortController().signal,
  );
}

function plan(cluster: Cluster, observation: Observation, confirmed: readonly string[] = []): Plan {
  const rendered = new Map(cluster.nodes.map((node) => [node.name, { config: `config of ${node.name}` }]));
  return planCluster({ cluster, rendered, observation, now: 0, digest, confirmed: new Set(confirmed) });
}

function changed(
  observation: Observation,
  node: string,
  change: (seen: NodeObservation) => NodeObservation,
): Observation {
  return { ...observation, nodes: observation.nodes.map((seen) => (seen.node === node ? change(seen) : seen)) };
}

describe('planCluster', () => {
  test('S2-38 S4-40 S4-44 three fresh control planes: all get a config, only the first is bootstrapped, the others join', async () => {
    const cluster = smallCluster({ controlPlanes: 3, workers: 1 });

    const { steps } = plan(cluster, await observed(cluster));

    expect(steps.map((step) => step.id)).toEqual([
      'apply-config/cp-1',
      'wait-configured/cp-1',
      'apply-config/cp-2',
      'wait-configured/cp-2',
      'apply-config/cp-3',
      'wait-configured/cp-3',
      'apply-config/w-1',
      'wait-configured/w-1',
      'bootstrap-etcd/cp-1',
      'join-etcd/cp-2',
      'join-etcd/cp-3',
      'kubernetes-api',
      'node-ready/cp-1',
      'node-ready/cp-2',
      'node-ready/cp-3',
      'node-ready/w-1',
    ]);
    expect(steps.find((step) => step.id === 'join-etcd/cp-2')?.waitsFor).toEqual([
      'wait-configured/cp-2',
      'bootstrap-etcd/cp-1',
    ]);
    expect(steps.find((step) => step.id === 'node-ready/w-1')?.waitsFor).toEqual([
      'wait-configured/w-1',
      'kubernetes-api',
    ]);
  });

  test('every step names the line of the spec, the fact behind it, and waits only for steps before it', async () => {
    const cluster = smallCluster({ controlPlanes: 3, workers: 2 });

    const { steps } = plan(cluster, await observed(cluster));

    for (const [index, step] of steps.entries()) {
      const before = new Set(steps.slice(0, index).map((earlier) => earlier.id));
      expect(
        step.waitsFor.every((id) => before.has(id)),
        step.id,
      ).toBe(true);
      expect(step.reason.fact, step.id).not.toBe('');
      if (step.node !== undefined) expect(step.reason.spec, step.id).toMatch(/^cluster\.yaml:\d+:\d+$/);
      expect(JSON.parse(JSON.stringify(step))).toEqual(step);
    }
  });

  test('a machine that does not answer is planned for, and the bootstrap knows that it is not known', async () => {
    const cluster = smallCluster({ controlPlanes: 3 });

    const { steps } = plan(cluster, await observed(cluster, (world) => (world.machine('cp-3').isOn = false)));

    expect(steps.map((step) => step.id)).toContain('reach-node/cp-3');
    expect(steps.find((step) => step.kind === 'bootstrap-etcd')?.args).toEqual({
      controlPlanes: ['cp-1', 'cp-2', 'cp-3'],
      confirmed: [],
    });
  });

  test('no bootstrap is planned where any control plane has etcd data, even if it does not answer', async () => {
    const cluster = smallCluster({ controlPlanes: 3 });
    const observation = changed(await observed(cluster), 'cp-2', (seen) => ({
      ...seen,
      reached: { kind: 'secure', address: 'x' },
      facts: { ...seen.facts, etcd: read({ kind: 'silent', service: 'Running', why: 'it does not answer' }, 'test') },
    }));

    const { steps } = plan(cluster, observation);

    expect(steps.some((step) => step.kind === 'bootstrap-etcd')).toBe(false);
    expect(steps.some((step) => step.id === 'join-etcd/cp-1')).toBe(true);
  });

  test.each(['foreign', 'mistaken'] as const)('a %s machine is left out and named as an error', async (kind) => {
    const cluster = smallCluster({ controlPlanes: 1, workers: 1 });
    const observation = changed(await observed(cluster), 'w-1', (seen) => ({
      ...seen,
      reached: { kind, address: '10.0.4.151', why: 'another CA' },
    }));

    const made = plan(cluster, observation);

    expect(made.steps.filter((step) => step.node === 'w-1')).toEqual([]);
    expect(made.findings).toMatchObject([{ severity: 'error', node: 'w-1', where: { file: 'cluster.yaml' } }]);
  });

  test('F0-1 a node whose install disk does not exist gets no config; the finding lists the disks there are', async () => {
    const cluster = smallCluster({
      controlPlanes: 1,
      nodes: { 'cp-1': { install: { device: '/dev/sda', wipe: false } } },
    });

    const made = plan(cluster, await observed(cluster));

    expect(made.steps.filter((step) => step.kind === 'apply-config')).toEqual([]);
    expect(made.findings[0]).toMatchObject({
      rule: 'install-disk-missing',
      message: expect.stringContaining('/dev/nvme0n1'),
    });
  });

  test('an install over existing data destroys, names what, and waits for its confirmation', async () => {
    const cluster = smallCluster({ controlPlanes: 1 });
    const disk = {
      name: 'nvme0n1',
      devPath: '/dev/nvme0n1',
      sizeBytes: 1e12,
      readonly: false,
      cdrom: false,
      transport: 'nvme',
      contents: ['ntfs'],
    };
    const observation = changed(await observed(cluster), 'cp-1', (seen) => ({
      ...seen,
      facts: { ...seen.facts, disks: read([disk], 'test') },
    }));

    const step = plan(cluster, observation).steps.find((candidate) => candidate.kind === 'apply-config');

    expect(step).toMatchObject({
      impact: 'destroys',
      args: {
        destroys: ['ntfs on /dev/nvme0n1'],
        disk: '/dev/nvme0n1: disk, 1000.0 GB (931.3 GiB); holds ntfs',
      },
    });
  });

  test('a running node whose config differs is shown and left alone', async () => {
    const cluster = smallCluster({ controlPlanes: 1 });
    const differences = [{ document: 'v1alpha1', path: 'machine.sysctls', change: 'added' as const }];
    const observation = changed(await upAndRunning(cluster), 'cp-1', (seen) => ({
      ...seen,
      facts: { ...seen.facts, config: read({ digest: 'a', wantedDigest: 'b', differences }, 'test') },
    }));

    const made = plan(cluster, observation);

    expect(made.steps).toEqual([]);
    expect(made.differences).toMatchObject([{ node: 'cp-1', differences }]);
    expect(isEmpty(made)).toBe(false);
  });

  test('a config that could not be read is said, never taken for equal', async () => {
    const cluster = smallCluster({ controlPlanes: 1 });
    const observation = changed(await upAndRunning(cluster), 'cp-1', (seen) => ({
      ...seen,
      facts: { ...seen.facts, config: unread('not authorized') },
    }));

    expect(plan(cluster, observation).findings).toMatchObject([{ severity: 'warning', rule: 'config-unread' }]);
  });

  test('a cluster that is up plans nothing', async () => {
    const cluster = smallCluster({ controlPlanes: 3, workers: 2 });

    expect(plan(cluster, await upAndRunning(cluster)).steps).toEqual([]);
  });

  test('F1-9 a Ready node whose etcd is a learner is not done', async () => {
    const cluster = smallCluster({ controlPlanes: 3 });
    const observation = changed(await upAndRunning(cluster), 'cp-2', (seen) => {
      const self = { id: 'cp-2', hostname: 'cp-2', learner: true, peerUrls: [] };
      return {
        ...seen,
        facts: {
          ...seen.facts,
          etcd: read({ kind: 'member', service: 'Running', healthy: true, self, members: [self] }, 'test'),
        },
      };
    });

    const [step] = plan(cluster, observation).steps;

    expect(step).toMatchObject({ id: 'join-etcd/cp-2', waitingFor: 'etcd on cp-2 to become a voter' });
  });

  test('F2-19 the estimate is the longest chain, not the sum', async () => {
    const cluster = smallCluster({ controlPlanes: 3, workers: 3 });

    const made = plan(cluster, await observed(cluster));

    const sum = made.steps.reduce((total, step) => total + step.estimateMs, 0);
    expect(made.estimateMs).toBeGreaterThan(5 * 60_000);
    expect(made.estimateMs).toBeLessThan(sum / 3);
  });
});

describe('a plan kept for later', () => {
  test('fits the same world and spec', async () => {
    const cluster = smallCluster({ controlPlanes: 3 });

    expect(whyMoved(plan(cluster, await observed(cluster)), plan(cluster, await observed(cluster)))).toBeUndefined();
  });

  test('does not fit when a fact that it read has changed', async () => {
    const cluster = smallCluster({ controlPlanes: 3 });
    const earlier = plan(cluster, await observed(cluster));

    const later = plan(cluster, await observed(cluster, (world) => (world.machine('cp-2').isOn = false)));

    expect(whyMoved(earlier, later)).toContain('nodes/cp-2/reached');
  });

  test('--node keeps only steps of those nodes and waits for nothing outside', async () => {
    const cluster = smallCluster({ controlPlanes: 3, workers: 1 });

    const part = selectNodes(plan(cluster, await observed(cluster)), new Set(['w-1']));

    expect(part.steps.map((step) => step.id)).toEqual([
      'apply-config/w-1',
      'wait-configured/w-1',
      'kubernetes-api',
      'node-ready/w-1',
    ]);
    expect(part.steps[2]?.waitsFor).toEqual([]);
  });
});

async function upAndRunning(cluster: Cluster): Promise<Observation> {
  const clock = createVirtualClock();
  const world = new SmallWorld(cluster, clock);
  const signal = new AbortController().signal;
  for (const node of cluster.nodes) await world.applyInMaintenance(node.name, signal);
  await clock.advance(SMALL_TIMES.install + SMALL_TIMES.boot);
  await world.bootstrap('cp-1', signal);
  await clock.advance(SMALL_TIMES.etcdStart);
  await observeAll(world, cluster);
  await clock.advance(SMALL_TIMES.join + SMALL_TIMES.promote + SMALL_TIMES.api);
  return observeAll(world, cluster);
}
