/** One run as people and programs see it: events, Ctrl-C, two at once, the live view, and every exit code of design §4. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, Sandbox, startSimulator, type Simulator } from '../support/cli.ts';
import { homeCluster } from '../support/home-cluster.ts';

interface Line {
  readonly v: number;
  readonly runId: string;
  readonly seq: number;
  readonly kind: string;
  readonly exit?: number;
  readonly hint?: string;
}

/** Every line parses, numbers have no gaps, one run, and the end is the end. */
function readEvents(stdout: string): readonly Line[] {
  const events: readonly Line[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + (events[0]?.seq ?? 0)));
  expect(new Set(events.map(({ runId }) => runId)).size).toBe(1);
  expect(new Set(events.map(({ v }) => v))).toEqual(new Set([1]));
  expect(events.at(0)?.kind).toBe('run-started');
  expect(events.filter(({ kind }) => kind === 'run-finished')).toEqual([events.at(-1)]);
  return events;
}

describe('a run of one control plane', () => {
  const sandbox = new Sandbox();
  let simulator: Simulator;
  const world = (): readonly string[] => ['--world', simulator.world];

  beforeAll(async () => {
    writeFileSync(sandbox.path('cluster.yaml'), homeCluster({ controlPlanes: 1 }));
    simulator = await startSimulator(sandbox, 'cluster.yaml', { speed: 6 });
  });
  afterAll(async () => {
    await simulator.stop();
    sandbox.remove();
  });

  it('exit code 1: a wrong flag, an unknown command, no bundle, a world file that is not there: each says what, why and what next', async () => {
    const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
      [
        ['plan', '--wat'],
        ['No flag registered for --wat', 'hint:'],
      ],
      [['aply'], ['No command registered for `aply`', 'apply', 'hint:']],
      [
        ['plan', ...world()],
        ['there is no secrets bundle', 'ichor secrets generate'],
      ],
      [
        ['plan', '--world', 'nowhere.json'],
        ['world file nowhere.json', 'hint:'],
      ],
      [
        ['plan', '--file', 'other.yaml'],
        ['there is no cluster file other.yaml', 'hint:'],
      ],
      [
        ['apply', '--yes', ...world()],
        ['nobody to encrypt', '--age'],
      ],
    ];
    for (const [args, texts] of cases) {
      const result = await sandbox.run(args);
      expect(result.code, args.join(' ')).toBe(1);
      for (const text of texts) expect(result.stderr).toContain(text);
      expect(result.stderr).not.toContain('a defect in Ichor');
    }
    expect(existsSync(sandbox.path('secrets.yaml'))).toBe(false);
  });

  it('exit code 3: a node that refuses its config fails the run, with the reason that it gave', async () => {
    await simulator.rule({
      machine: 'cp-1',
      method: 'ApplyConfiguration',
      fault: {
        kind: 'refused',
        code: 'InvalidArgument',
        message: 'configuration validation failed: the simulated reason',
      },
    });

    const result = await sandbox.run(['apply', '--yes', '--plaintext', ...world()]);

    await simulator.clear();
    expect(result.code, result.stderr).toBe(3);
    expect(result.stderr).toContain('the simulated reason');
  });

  it('exit code 2: plan has something to do; it writes the plan that may be reviewed', async () => {
    const result = await sandbox.run(['plan', '--out', 'plan.json', ...world()]);

    expect(result.code, result.stderr).toBe(2);
    expect(result.stdout).toContain('bootstrap etcd on cp-1');
  });

  it('exit code 1: a name that the file does not have, a path that leads nowhere', async () => {
    const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
      [
        ['plan', '--node', 'cp-9', ...world()],
        ['no node cp-9', 'cp-1'],
      ],
      [
        ['plan', '--at', 'cp-9=10.0.4.9', ...world()],
        ['no node cp-9', 'cp-1'],
      ],
      [
        ['plan', '--out', 'nowhere/plan.json', ...world()],
        ['nowhere/plan.json', 'hint:'],
      ],
      [
        ['apply', '--plan', 'nowhere.json', ...world()],
        ['nowhere.json', 'ichor plan --out'],
      ],
      [
        ['check', '.'],
        ['EISDIR', 'hint:'],
      ],
    ];
    for (const [args, texts] of cases) {
      const result = await sandbox.run(args);
      expect(result.code, args.join(' ')).toBe(1);
      for (const text of texts) expect(result.stderr).toContain(text);
      expect(result.stderr).not.toContain('a defect in Ichor');
    }
  });

  it('exit code 4: nobody can be asked and nothing was approved', async () => {
    const result = await sandbox.run(['apply', ...world()]);

    expect(result.code).toBe(4);
    expect(result.stderr).toContain('--yes');
  });

  it('exit code 4: a second apply is refused and names the first; exit code 130: the first, stopped, says how to go on and lets go of its lock', async () => {
    const first = sandbox.start(['apply', '--yes', '--output', 'json', ...world()]);
    await first.waitFor('"kind":"step-waiting"');

    const second = await sandbox.run(['apply', '--yes', ...world()]);
    first.process.kill('SIGINT');
    const stopped = await first.ended;

    expect(second.code).toBe(4);
    expect(second.stderr).toContain(`being changed by \`ichor apply\` (process ${first.process.pid}`);
    expect(stopped.code).toBe(130);
    expect(readEvents(stopped.stdout).at(-1)).toMatchObject({
      exit: 130,
      hint: expect.stringContaining('run the same command again'),
    });
    expect(readdirSync(`${simulator.world}.state/home`)).not.toContain('lock');
  });

  it('exit code 4: a plan that was reviewed before the world moved is refused', async () => {
    // The config of the run before has arrived by now, or will have: either way the machine is not as the plan read it.
    const result = await sandbox.run(['apply', '--plan', 'plan.json', ...world()]);

    expect(result.code, result.stderr).toBe(4);
    expect(result.stderr).toContain('the plan does not fit any more');
  });

  it('exit code 0: gone on with on a terminal, the view says what is waited for and for how long, and it ends well', () => {
    const command = `stty cols 100 rows 30; exec ${process.execPath} ${PROGRAM} apply --yes --world ${simulator.world}`;
    const result = spawnSync('script', ['--quiet', '--return', '--echo', 'never', '--command', command, '/dev/null'], {
      cwd: sandbox.folder,
      env: { ...sandbox.env, TERM: 'xterm', NO_COLOR: '1', SHELL: '/bin/sh' },
      encoding: 'utf8',
    });

    expect(result.status, result.stdout).toBe(0);
    expect(result.stdout).toMatch(/● cp-1 +waiting for .* {2}\d+ s of about \d+/);
    expect(result.stdout).toContain('\u001b[J');
    expect(result.stdout).toContain('done');
    expect(result.stdout).toContain('home is up');
    expect(result.stdout).not.toContain('/0 steps');
  });

  it('events of a run that has nothing to do: parsed, numbered, ended', async () => {
    const result = await sandbox.run(['apply', '--yes', '--output', 'json', ...world()]);

    expect(result.code).toBe(0);
    const events = readEvents(result.stdout);
    expect(events.at(-1)).toMatchObject({ exit: 0 });
    expect(events.filter(({ kind }) => kind.startsWith('step-'))).toEqual([]);
  });

  it('status --watch looks again and again, one document a line, until it is stopped; that is no failure', async () => {
    const running = sandbox.start(['status', '--watch', '--interval', '1', '--output', 'json', ...world()]);
    await running.waitFor('\n', 3);
    running.process.kill('SIGINT');
    const result = await running.ended;

    expect(result.code, result.stderr).toBe(0);
    for (const line of result.stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ v: 1, conditions: expect.any(Array) });
  });

  it('exit code 5: status of a cluster that nobody reaches', async () => {
    await simulator.command({ machine: 'cp-1', fault: { kind: 'dead' } });

    const result = await sandbox.run(['status', ...world()]);

    expect(result.code, result.stdout).toBe(5);
    expect(result.stdout).toContain('unreachable');
  });
});

describe('past its deadline', () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox.remove());

  it('exit code 5: a machine that never answers is waited for a quarter of an hour of its time, and nothing else is begun', async () => {
    writeFileSync(sandbox.path('cluster.yaml'), homeCluster({ controlPlanes: 1 }));
    const simulator = await startSimulator(sandbox, 'cluster.yaml', { speed: 200 });
    await simulator.command({ machine: 'cp-1', power: 'off' });

    const result = await sandbox.run(['apply', '--yes', '--plaintext', '--output', 'json', '--world', simulator.world]);
    const state = await simulator.inspect();
    await simulator.stop();

    expect(result.code, result.stdout).toBe(5);
    expect(readEvents(result.stdout).at(-1)).toMatchObject({ exit: 5, hint: expect.any(String) });
    expect(state.etcdBirths).toBe(0);
    expect(existsSync(`${simulator.world}.state`)).toBe(false);
  });
});
