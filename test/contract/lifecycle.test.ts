/** Whole runs of the lifecycle against simulated machines behind the real Talos API client, on a virtual clock. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createTwin, makeTwinSecrets, type Twin } from '../support/twin.ts';
import type { TestCluster } from './sim-support.ts';

let secrets: TestCluster;

beforeAll(async () => {
  secrets = await makeTwinSecrets();
});

describe('bring-up of simulated machines', () => {
  test.each(['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1'])(
    'S2-53 F1-14 Talos %s: three control planes and a worker, whose addresses change with their config, come up healthy; a second run does nothing',
    async (talos) => {
      const twin = await createTwin(secrets, { controlPlanes: 3, workers: 1, talos });

      const first = await twin.apply();
      const changes = changesOf(twin);
      const second = await twin.apply();

      expect(first, first.message).toMatchObject({ exit: 0 });
      expect(first.conditions.map((condition) => `${condition.name} ${condition.state}`)).toEqual(
        first.conditions.map((condition) => `${condition.name} succeeded`),
      );
      expect(twin.births()).toBe(1);
      expect(second).toMatchObject({ exit: 0, outcomes: [], plan: { steps: [], differences: [] } });
      expect(changesOf(twin)).toEqual(changes);
    },
  );

  test('F2-8 with `cni: none` the run ends well and says that the nodes wait for a CNI; stages come in order', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 1, cni: 'none' });

    const result = await twin.apply();

    expect(result).toMatchObject({ exit: 0, message: expect.stringContaining('wait for a CNI') });
    expect(result.conditions.find((condition) => condition.name === 'nodes-ready')).toMatchObject({ state: 'waiting' });
    expect([...new Set(result.conditions.map((condition) => condition.stage))]).toEqual([
      'talos-api',
      'kubernetes-api',
      'ready',
    ]);
  });

  test('S2-54 the VIP is never called before it exists', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 1 });
    const dialled: string[] = [];
    twin.onDial((host) => dialled.push(host));

    await twin.apply();

    expect(dialled).toContain('10.0.4.101');
    expect(dialled).not.toContain('10.0.4.100');
  });

  test('another machine at the wanted address gets no config', async () => {
    const twin = await createTwin(secrets, {
      controlPlanes: 1,
      at: { 'cp-1': '10.0.4.151' },
      nodes: { 'cp-1': { identity: { macs: ['00:23:24:99:99:99'] } } },
    });
    await twin.clock.advance(60_000);

    const result = await twin.apply();

    expect(result).toMatchObject({ exit: 4, message: expect.stringContaining('00:23:24:99:99:99') });
    expect(twin.simulation.faults.calls.get('m1 ApplyConfiguration')).toBeUndefined();
  });

  test('a machine of another cluster is told from an unreachable one, and left alone', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 1 });
    await twin.apply();
    const stranger = await createTwin(await makeTwinSecrets(), { controlPlanes: 1, inside: twin });

    const result = await stranger.apply();

    expect(result).toMatchObject({ exit: 4, plan: { steps: [], findings: [{ rule: 'foreign-node' }] } });
  });

  test('a node that cannot be reached from here is read through a control plane', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 1, workers: 1 });
    await twin.apply();
    const elsewhere = await createTwin(secrets, { controlPlanes: 1, workers: 1, inside: twin, cutOff: ['10.0.4.102'] });

    const { observation, plan } = await elsewhere.plan();

    expect(observation.nodes.map((node) => node.reached)).toEqual([
      { kind: 'secure', address: '10.0.4.101' },
      { kind: 'secure', address: '10.0.4.102', via: 'cp-1' },
    ]);
    expect(plan.steps).toEqual([]);
  });

  test('F2-8 health says which stage fails, with the node and the reason, and does not ask what comes after', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 3 });
    await twin.apply();
    twin.simulation.fault('m3', { kind: 'silent' });

    const { conditions } = await twin.status();

    const state = (name: string): unknown => conditions.find((condition) => condition.name === name);
    expect(state('talos-api')).toMatchObject({ state: 'failed', message: 'cp-3: no answer' });
    expect(state('etcd-members')).toMatchObject({ state: 'failed' });
    expect(
      conditions.filter((condition) => condition.stage !== 'talos-api').map((condition) => condition.state),
    ).toEqual(conditions.filter((condition) => condition.stage !== 'talos-api').map(() => 'running'));
  });

  test('a running node whose config differs is shown without its secrets and left alone', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 1 });
    await twin.apply();
    const changes = changesOf(twin);
    const edited = await createTwin(secrets, {
      controlPlanes: 1,
      inside: twin,
      edit: (config) =>
        config
          .replace('token: aaaaaa.bbbbbbbbbbbbbbbb', 'token: newnew.newnewnewnewnewn')
          .replace('dnsDomain: cluster.local', 'dnsDomain: other.local'),
    });

    const result = await edited.apply();

    expect(result).toMatchObject({ exit: 2, outcomes: [] });
    expect(result.plan?.differences).toEqual([
      {
        node: 'cp-1',
        why: expect.any(String),
        differences: [
          { document: 'v1alpha1', path: 'machine.token', change: 'changed', from: '(secret)', to: '(secret)' },
          {
            document: 'v1alpha1',
            path: 'cluster.network.dnsDomain',
            change: 'changed',
            from: 'cluster.local',
            to: 'other.local',
          },
        ],
      },
    ]);
    expect(changesOf(edited)).toEqual(changes);
  });

  test('nothing that a run gives out holds a key or token of the cluster', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 3 });

    await twin.apply();

    const output = twin.output();
    const keys = [secrets.talos.key, secrets.etcd.key, secrets.kubernetes.key];
    for (const text of [
      ...keys.flatMap((key) => [key.split('\n')[1] ?? key, Buffer.from(key).toString('base64')]),
      'aaaaaa.bbbbbbbbbbbbbbbb',
      'cccccc.dddddddddddddddd',
    ]) {
      expect(output.includes(text), text.slice(0, 6)).toBe(false);
    }
  });
});

describe('faults', () => {
  test('F0-1 F0-2 an accepted config is no success: a node whose disk vanished falls back into maintenance, and the run says so', async () => {
    const twin = await createTwin(secrets, {
      controlPlanes: 1,
      nodes: { 'cp-1': { install: { device: '/dev/disk/by-id/x', wipe: false } } },
    });
    twin.simulation.fault('m1', { kind: 'disk-missing', disk: 'sda' });

    const result = await twin.apply();

    expect(result).toMatchObject({
      exit: 3,
      message: expect.stringContaining('cp-1 fell back into maintenance'),
      hint: expect.stringContaining('install.disk'),
    });
  });

  test.each(['broken', 'reply-lost', 'reply-held'] as const)(
    'S2-38 a Bootstrap whose call is %s is observed, and one etcd is born',
    async (kind) => {
      const twin = await createTwin(secrets, { controlPlanes: 3 });
      twin.simulation.faults.add({ machine: 'm1', method: 'Bootstrap', nth: 1, fault: { kind } });

      const result = await twin.apply();

      expect(result, result.message).toMatchObject({ exit: 0 });
      expect(twin.births()).toBe(1);
      expect(twin.simulation.faults.calls.get('m2 Bootstrap')).toBeUndefined();
      expect(twin.simulation.faults.calls.get('m3 Bootstrap')).toBeUndefined();
    },
  );

  test.each(['broken', 'reply-lost', 'reply-held'] as const)(
    'an apply whose call is %s ends like any other',
    async (kind) => {
      const twin = await createTwin(secrets, { controlPlanes: 1 });
      // The dry run is the first call.
      twin.simulation.faults.add({ machine: 'm1', method: 'ApplyConfiguration', nth: 2, fault: { kind } });

      expect(await twin.apply()).toMatchObject({ exit: 0 });
    },
  );

  test.each(['Bootstrap', 'ApplyConfiguration'])(
    'killed while the reply of %s is held, and started again, it ends the same; with the first control plane silent nothing is born',
    async (method) => {
      const twin = await createTwin(secrets, { controlPlanes: 3 });
      twin.simulation.faults.add({
        machine: 'm1',
        method,
        nth: method === 'Bootstrap' ? 1 : 2,
        fault: { kind: 'reply-held' },
      });
      const kill = new AbortController();
      twin.simulation.onChange(() => {
        if ((twin.simulation.faults.calls.get(`m1 ${method}`) ?? 0) >= (method === 'Bootstrap' ? 1 : 2))
          twin.clock.setTimer(1_000, () => kill.abort());
      });
      const killed = await twin.apply(kill.signal);
      twin.simulation.faults.clear();
      twin.simulation.fault('m1', { kind: 'silent' });
      const stop = new AbortController();
      twin.clock.setTimer(5 * 60_000, () => stop.abort());
      await twin.apply(stop.signal);
      const birthsWhileSilent = twin.births();
      twin.simulation.fault('m1', { kind: 'heal' });

      const healed = await twin.apply();

      expect(killed.exit).toBe(130);
      expect(birthsWhileSilent).toBe(method === 'Bootstrap' ? 1 : 0);
      expect(healed, healed.message).toMatchObject({ exit: 0 });
      expect(twin.births()).toBe(1);
    },
  );

  test('a node that restarts while it is being brought up is waited for', async () => {
    const twin = await createTwin(secrets, { controlPlanes: 3 });
    twin.clock.setTimer(100_000, () => twin.simulation.fault('m2', { kind: 'restart' }));

    expect(await twin.apply()).toMatchObject({ exit: 0 });
    expect(twin.births()).toBe(1);
  });
});

function changesOf(twin: Twin): readonly string[] {
  return [...twin.simulation.faults.calls]
    .filter(([call]) => /ApplyConfiguration|Bootstrap|Reset|Reboot/.test(call))
    .map(([call, count]) => `${call} ${count}`)
    .toSorted();
}
