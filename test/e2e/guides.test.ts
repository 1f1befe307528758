/** The guides do what they say: their marked commands are run, in order, on simulated machines. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { missingIn, programsOf, readGuide, renderScript } from '../../tools/check-docs.ts';
import { PROGRAM, Sandbox } from '../support/cli.ts';

const FOLDER = fileURLToPath(new URL('../../docs/guide/', import.meta.url));
/** Guides that are run; each other one has to be added here or to have nothing to run. */
const RUN = ['first-cluster.md', 'secrets.md', 'simulator.md'];

function run(sandbox: Sandbox, script: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-c', script], {
    cwd: sandbox.folder,
    env: { ...sandbox.env, PATH: `${sandbox.path('bin')}:${sandbox.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

describe('guides', () => {
  it.for(RUN)('%s works as written', async (name, { skip }) => {
    const blocks = readGuide(readFileSync(`${FOLDER}${name}`, 'utf8'));
    const absent = programsOf(blocks).filter((program) => spawnSync(program, ['--version']).error !== undefined);
    skip(absent.length > 0 && !process.env['CI'], `${absent.join(', ')} is missing; npm run test:setup installs it`);
    const sandbox = new Sandbox();
    mkdirSync(sandbox.path('bin'));
    mkdirSync(sandbox.path('home'));
    writeFileSync(sandbox.path('bin', 'ichor'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, {
      mode: 0o755,
    });

    const { code, output } = await run(sandbox, renderScript(blocks));
    sandbox.remove();

    expect(code, output).toBe(0);
    expect(missingIn(blocks, output), output).toEqual([]);
  });

  it('no guide has marked commands that nobody runs', () => {
    const others = readdirSync(FOLDER).filter((name) => name.endsWith('.md') && !RUN.includes(name));

    for (const name of others) expect(readGuide(readFileSync(`${FOLDER}${name}`, 'utf8')), name).toEqual([]);
  });
});
