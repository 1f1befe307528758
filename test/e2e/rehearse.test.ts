/** `ichor rehearse` on an example of the repository: one command, over sockets, and nothing of it is left. */
import { mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Sandbox } from '../support/cli.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/1-ryzen/cluster.yaml', import.meta.url));

describe('rehearse', () => {
  const sandbox = new Sandbox();
  mkdirSync(sandbox.path('home'));
  afterAll(() => sandbox.remove());

  it('brings an example up, says first and last that it was simulated, and leaves nothing behind', async () => {
    const result = await sandbox.run(['rehearse', EXAMPLE, '--output', 'json', '--speed', '12']);

    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr.trimStart()).toMatch(/^(warning.*\n|.*\n)*?SIMULATED: /);
    expect(result.stderr).toContain('That was SIMULATED');
    const lines: readonly { kind: string; seq?: number }[] = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)?.kind).toBe('status');
    expect(lines.filter(({ kind }) => kind === 'run-finished')).toHaveLength(1);
    expect(readdirSync(sandbox.folder)).toEqual(['home']);
    expect(readdirSync(sandbox.path('home'))).toEqual([]);
  });

  it('stopped by Ctrl-C it leaves nothing behind either', async () => {
    const running = sandbox.start(['rehearse', EXAMPLE, '--speed', '12']);
    await running.waitFor('waiting for');
    running.process.kill('SIGINT');

    expect((await running.ended).code).toBe(130);
    expect(readdirSync(sandbox.folder)).toEqual(['home']);
  });
});
