/** Nothing that a run gives out holds a secret of the cluster; the bundle is encrypted from its first byte on. */
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateIdentity } from '../../src/secrets/age.ts';
import { parseBundle } from '../../src/secrets/bundle.ts';
import { createRedactor, secretValuesOf, type Redactor } from '../../src/secrets/redact.ts';
import { Sandbox, startSimulator, type Simulator } from '../support/cli.ts';
import { homeCluster } from '../support/home-cluster.ts';

/** What is meant to hold secrets; everything else in the sandbox must not. */
const MEANT_TO = [/^rendered\//, /^home\/\.kube\/config$/, /^home\/\.talos\/config$/, /^opened\.yaml$/];

describe('secrets of a run', () => {
  const sandbox = new Sandbox();
  const said: { readonly of: string; readonly text: string }[] = [];
  let simulator: Simulator;
  let key: Readonly<Record<string, string>>;

  const run = async (...args: readonly string[]) => {
    const result = await sandbox.run(
      [...args, ...(/^(discover|plan|apply|status)$/.test(args[0] ?? '') ? ['--world', simulator.world] : [])],
      key,
    );
    said.push({ of: args.join(' '), text: result.stdout + result.stderr });
    return result;
  };

  beforeAll(async () => {
    const { identity, recipient } = await generateIdentity();
    key = { SOPS_AGE_KEY: identity };
    writeFileSync(sandbox.path('cluster.yaml'), homeCluster({ controlPlanes: 1, secrets: 'secrets.sops.yaml' }));
    writeFileSync(
      sandbox.path('.sops.yaml'),
      `creation_rules:\n  - path_regex: .*\\.sops\\.yaml$\n    age: ${recipient}\n`,
    );
    mkdirSync(sandbox.path('home'));
    simulator = await startSimulator(sandbox, 'cluster.yaml', { speed: 8 });
  });
  afterAll(async () => {
    await simulator.stop();
    sandbox.remove();
  });

  it('S3-11 the bundle is written encrypted for whom .sops.yaml names, and nothing of it is left beside it', async () => {
    await simulator.rule({
      machine: 'cp-1',
      method: 'ApplyConfiguration',
      fault: { kind: 'refused', code: 'InvalidArgument', message: 'not now' },
    });

    const refused = await run('apply', '--yes');

    await simulator.clear();
    const text = readFileSync(sandbox.path('secrets.sops.yaml'), 'utf8');
    expect(refused.code).toBe(3);
    expect(text).toMatch(/^ +bootstraptoken: ENC\[/m);
    expect(text).not.toContain('PRIVATE KEY');
    expect(statSync(sandbox.path('secrets.sops.yaml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(sandbox.folder).filter((name) => name.startsWith('secrets'))).toEqual(['secrets.sops.yaml']);
  });

  it('every command runs on it, with the key in the environment; without the key they say what is missing', async () => {
    const codes: (number | null)[] = [];
    for (const command of [
      ['check', 'cluster.yaml'],
      ['check', 'cluster.yaml', '--output', 'json'],
      ['discover'],
      ['render'],
      ['render', '--output', 'json'],
      ['render', '--to', 'rendered'],
      ['apply', '--yes', '--output', 'json'],
      ['apply', '--yes'],
      ['status'],
      ['status', '--output', 'json'],
      ['plan', '--out', 'plan.json'],
      ['plan', '--output', 'json'],
      ['kubeconfig'],
      ['talosconfig'],
    ])
      codes.push((await run(...command)).code);

    const keyless = await sandbox.run(['plan', '--world', simulator.world]);

    expect(codes).toEqual(codes.map(() => 0));
    expect(keyless.code).toBe(1);
    expect(keyless.stderr).toContain('SOPS_AGE_KEY');
    said.push({ of: 'plan without key', text: keyless.stdout + keyless.stderr });
  });

  it('a config that differs is shown without its secrets, those of a patch included', async () => {
    writeFileSync(
      sandbox.path('changed.yaml'),
      homeCluster({
        controlPlanes: 1,
        secrets: 'secrets.sops.yaml',
        more: 'patches:\n  - machine: { token: hunter.twohuntertwohunt }\n',
      }),
    );

    const plan = await run('plan', '--file', 'changed.yaml');

    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain('machine.token');
    expect(plan.stdout).not.toContain('hunter');
  });

  it('no output, no event, no journal, no plan and no file holds a secret of the bundle, in any form', async () => {
    const opened = await sandbox.run(['secrets', 'decrypt', 'secrets.sops.yaml', '--to', 'opened.yaml'], key);
    expect(opened.code, opened.stderr).toBe(0);
    const bundle = parseBundle(readFileSync(sandbox.path('opened.yaml'), 'utf8'), 'opened.yaml');
    const redactor = createRedactor([...secretValuesOf(bundle), key['SOPS_AGE_KEY'] ?? '']);
    const files = filesUnder(sandbox.folder);

    expect(leaks(redactor, said)).toEqual([]);
    expect(
      leaks(
        redactor,
        files.filter(({ of }) => !MEANT_TO.some((pattern) => pattern.test(of))),
      ),
    ).toEqual([]);
    // The search finds what is there, so its silence about the rest means something.
    expect(leaks(redactor, files)).toEqual(['opened.yaml', 'rendered/cp-1.yaml']);
    expect(files.filter(({ of, text }) => /\/runs\//.test(of) && text.includes('run-finished')).length).toBeGreaterThan(
      2,
    );
  });
});

function leaks(
  redactor: Redactor,
  texts: readonly { readonly of: string; readonly text: string }[],
): readonly string[] {
  return texts
    .filter(({ text }) => redactor.holdsSecret(text))
    .map(({ of }) => of)
    .toSorted();
}

function filesUnder(folder: string): readonly { readonly of: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return { of: path.slice(folder.length + 1), text: readFileSync(path, 'utf8') };
    });
}
