/** Runs that are killed at the worst moments and started again (issue: "killed before, during and after every changing call"). */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, startSimulator, type RunningCli, type Simulator } from '../support/cli.ts';
import { homeCluster } from '../support/home-cluster.ts';

const PLANES = ['cp-1', 'cp-2', 'cp-3'];
/** The first call of each machine is its dry run: the second one changes it. */
const REAL_APPLY = { method: 'ApplyConfiguration', nth: 2 };

class Scene {
  readonly sandbox = new Sandbox();
  #simulator: Simulator | undefined;

  get simulator(): Simulator {
    if (this.#simulator === undefined) throw new Error('not started');
    return this.#simulator;
  }

  async begin(): Promise<void> {
    writeFileSync(this.sandbox.path('cluster.yaml'), homeCluster());
    this.#simulator = await startSimulator(this.sandbox, 'cluster.yaml', { speed: 6 });
  }

  async end(): Promise<void> {
    await this.#simulator?.stop();
    this.sandbox.remove();
  }

  apply(): RunningCli {
    return this.sandbox.start(['apply', '--yes', '--plaintext', '--world', this.simulator.world]);
  }

  /** Nothing of the program runs after this: no handler, no `finally`. */
  async kill(running: RunningCli): Promise<void> {
    running.process.kill('SIGKILL');
    expect((await running.ended).signal).toBe('SIGKILL');
  }

  /** What every ending must be, however it came about. */
  async expectOneCluster(): Promise<void> {
    const state = await this.simulator.inspect();
    expect(state.etcdBirths).toBe(1);
    expect(state.machines.map(({ name, isVoter, nodeReady }) => ({ name, isVoter, nodeReady }))).toEqual(
      PLANES.map((name) => ({ name, isVoter: true, nodeReady: true })),
    );
    expect(Object.keys(state.calls).filter((call) => call.endsWith(' Bootstrap'))).toEqual(['cp-1 Bootstrap']);
  }

  async expectNothingLeft(): Promise<void> {
    const before = await this.simulator.inspect();
    const plan = await this.sandbox.run(['plan', '--output', 'json', '--world', this.simulator.world]);
    const again = await this.apply().ended;
    const after = await this.simulator.inspect();

    expect({ code: plan.code, steps: JSON.parse(plan.stdout).plan.steps }).toEqual({ code: 0, steps: [] });
    expect(again.code, again.stderr).toBe(0);
    expect(changes(after.calls)).toEqual(changes(before.calls));
  }
}

function changes(calls: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(calls).filter(([call]) => /ApplyConfiguration|Bootstrap|Reboot|Reset|Upgrade/.test(call)),
  );
}

describe('killed before and during every changing call', () => {
  const scene = new Scene();
  beforeAll(() => scene.begin());
  afterAll(() => scene.end());

  it('before any config has taken effect: the calls are on their way, all machines stay in maintenance', async () => {
    for (const machine of PLANES) await scene.simulator.rule({ machine, ...REAL_APPLY, fault: { kind: 'silent' } });

    const running = scene.apply();
    await scene.simulator.hits(3, running);
    await scene.kill(running);

    const state = await scene.simulator.inspect();
    expect(state.machines.map(({ stage }) => stage)).toEqual(['maintenance', 'maintenance', 'maintenance']);
  });

  it('during: every config has taken effect, and no answer has come', async () => {
    await scene.simulator.clear();
    for (const machine of PLANES) await scene.simulator.rule({ machine, ...REAL_APPLY, fault: { kind: 'reply-held' } });

    const running = scene.apply();
    await scene.simulator.hits(3, running);
    await scene.kill(running);

    const state = await scene.simulator.inspect();
    await scene.simulator.clear();
    expect(state.machines.filter(({ stage }) => stage === 'maintenance')).toEqual([]);
    expect(state.etcdBirths).toBe(0);
  });

  it('before Bootstrap has taken effect', async () => {
    await scene.simulator.rule({ machine: 'cp-1', method: 'Bootstrap', fault: { kind: 'silent' } });

    const running = scene.apply();
    await scene.simulator.hits(1, running);
    await scene.kill(running);

    await scene.simulator.clear();
    expect((await scene.simulator.inspect()).etcdBirths).toBe(0);
  });

  it('during Bootstrap: etcd is born, and no answer has come', async () => {
    await scene.simulator.rule({ machine: 'cp-1', method: 'Bootstrap', fault: { kind: 'reply-held' } });

    const running = scene.apply();
    await scene.simulator.hits(1, running);
    await scene.kill(running);

    // Born it is a little later: etcd is pulled and started first. The next run sees to it that it is.
    await scene.simulator.clear();
  });

  it('with the first control plane silent after that, the next run waits for it and bootstraps nobody else; stopped, it says how to go on', async () => {
    await scene.simulator.command({ machine: 'cp-1', fault: { kind: 'silent' } });
    const before = await scene.simulator.inspect();

    const running = scene.apply();
    // Told again each 10 s of its time: it has looked for a good while.
    await running.waitFor('waiting for cp-1 to answer', 3);
    running.process.kill('SIGINT');
    const result = await running.ended;
    const after = await scene.simulator.inspect();

    expect(result.code).toBe(130);
    expect(result.stderr).toContain('run the same command again to go on');
    expect(after.etcdBirths).toBe(1);
    expect(changes(after.calls)).toEqual(changes(before.calls));
  });

  it('S2-38 ends as one cluster when it is let finish, and the next run finds nothing to do', async () => {
    await scene.simulator.command({ machine: 'cp-1', fault: { kind: 'heal' } });

    const result = await scene.apply().ended;

    expect(result.code, result.stderr).toBe(0);
    await scene.expectOneCluster();
    await scene.expectNothingLeft();
  });
});

describe('killed after every changing call, and calls that break', () => {
  const scene = new Scene();
  beforeAll(() => scene.begin());
  afterAll(() => scene.end());

  it('after every config was accepted; the first attempts had broken, before and after their effect', async () => {
    await scene.simulator.rule({ machine: 'cp-1', ...REAL_APPLY, fault: { kind: 'broken' } });
    await scene.simulator.rule({ machine: 'cp-2', ...REAL_APPLY, fault: { kind: 'reply-lost' } });

    const running = scene.apply();
    await scene.simulator.hits(2, running);
    await running.waitFor('cp-1: accepted');
    await running.waitFor('cp-3: accepted');
    await scene.kill(running);

    expect(running.output()).toContain('cp-1: the answer was lost');
    await scene.simulator.clear();
  });

  it('after Bootstrap was accepted, whose first attempt had broken', async () => {
    await scene.simulator.rule({ machine: 'cp-1', method: 'Bootstrap', nth: 1, fault: { kind: 'broken' } });

    const running = scene.apply();
    await scene.simulator.hits(1, running);
    await running.waitFor('cp-1: accepted');
    await scene.kill(running);

    await scene.simulator.clear();
  });

  it('S2-38 ends as one cluster, and the next run finds nothing to do', async () => {
    const result = await scene.apply().ended;

    expect(result.code, result.stderr).toBe(0);
    await scene.expectOneCluster();
    await scene.expectNothingLeft();
  });
});
