/** The real talosctl takes what Ichor makes of bundles and client configs, and makes the same of them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isIssuedBy, inspectCertificate } from '../../src/pki/inspect.ts';
import { checkBundle } from '../../src/secrets/bundle-check.ts';
import { bundleFromKubernetesPki, bundleFromMachineConfig } from '../../src/secrets/bundle-extract.ts';
import { decodePem, generateBundle, parseBundle, renderBundle } from '../../src/secrets/bundle.ts';
import {
  createTalosContext,
  mergeTalosconfig,
  parseTalosconfig,
  renderTalosconfig,
} from '../../src/secrets/talosconfig.ts';
import { systemRandom } from '../../src/system.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { howToBuild, real } from '../support/real.ts';

const now = new Date();
const fresh = { now, random: systemRandom };
let folder: string;
let bundle: SecretsBundle;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ichor-talosctl-'));
  bundle = await generateBundle({ talos: 'v1.13', ...fresh });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['talosctl-1.13.9', 'talosctl-1.14.1'])('%s', (name) => {
  const talosctl = real(name);
  if (talosctl === undefined) process.stderr.write(`skipped: secrets against the real ${name} (${howToBuild(name)})\n`);
  const run = (args: readonly string[]): string => {
    const result = spawnSync(talosctl ?? '', args, {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    expect(result.status, result.stderr).toBe(0);
    return result.stdout;
  };
  const file = (path: string, text: string): string => {
    writeFileSync(join(folder, path), text);
    return join(folder, path);
  };

  test.skipIf(talosctl === undefined)('takes a new bundle and gives it back, byte for byte', () => {
    const secrets = file('secrets.yaml', renderBundle(bundle));

    run(['gen', 'config', 'demo', 'https://10.0.4.100:6443', '--with-secrets', secrets, '--output', 'out', '--force']);
    run([
      'gen',
      'secrets',
      '--from-controlplane-config',
      'out/controlplane.yaml',
      '--output-file',
      'again.yaml',
      '--force',
    ]);

    expect(readFileSync(join(folder, 'again.yaml'), 'utf8')).toBe(renderBundle(bundle));
    expect(bundleFromMachineConfig(readFileSync(join(folder, 'out/controlplane.yaml'), 'utf8'), 'f')).toEqual({
      kind: 'bundle',
      bundle,
    });
    expect(bundleFromMachineConfig(readFileSync(join(folder, 'out/worker.yaml'), 'utf8'), 'f')).toMatchObject({
      kind: 'partial',
      machineType: 'worker',
    });
  });

  test.skipIf(talosctl === undefined)('makes bundles that Ichor reads and finds sound', () => {
    run(['gen', 'secrets', '--output-file', 'theirs.yaml', '--force']);
    const text = readFileSync(join(folder, 'theirs.yaml'), 'utf8');

    const read = parseBundle(text);

    expect(renderBundle(read)).toBe(text);
    expect(checkBundle(read, { now: new Date(Date.now() + 60_000) })).toEqual([]);
  });

  test.skipIf(talosctl === undefined)('takes the same from a Kubernetes PKI folder', async () => {
    mkdirSync(join(folder, 'pki', 'etcd'), { recursive: true });
    const { certs } = bundle;
    for (const [path, text] of Object.entries({
      'ca.crt': certs.k8s.crt,
      'ca.key': certs.k8s.key,
      'etcd/ca.crt': certs.etcd.crt,
      'etcd/ca.key': certs.etcd.key,
      'front-proxy-ca.crt': certs.k8saggregator.crt,
      'front-proxy-ca.key': certs.k8saggregator.key,
      'sa.key': certs.k8sserviceaccount.key,
    })) {
      file(join('pki', path), decodePem(text));
    }
    const readFile = async (path: string) => readFileSync(path, 'utf8');

    const ours = await bundleFromKubernetesPki(join(folder, 'pki'), { talos: 'v1.13', readFile, ...fresh });
    run(['gen', 'secrets', '--from-kubernetes-pki', 'pki', '--output-file', 'pki.yaml', '--force']);

    const theirs = parseBundle(readFileSync(join(folder, 'pki.yaml'), 'utf8'));
    expect({ ...ours.certs, os: undefined }).toEqual({ ...theirs.certs, os: undefined });
  });

  test.skipIf(talosctl === undefined)(
    'F4-12 reads a talosconfig that was issued offline and merged into its own',
    async () => {
      const secrets = file('secrets.yaml', renderBundle(bundle));
      run([
        'gen',
        'config',
        'demo',
        'https://10.0.4.100:6443',
        '--with-secrets',
        secrets,
        '--output',
        'out',
        '--force',
      ]);
      const theirs = readFileSync(join(folder, 'out/talosconfig'), 'utf8');
      const context = await createTalosContext(bundle, {
        ...fresh,
        roles: ['os:reader'],
        endpoints: ['10.0.4.101', '10.0.4.102'],
        nodes: ['10.0.4.101'],
      });
      const other = await createTalosContext(await generateBundle({ talos: 'v1.2', ...fresh }), fresh);

      const added = mergeTalosconfig(theirs, other, { file: 'f', name: 'other', activate: false });
      const renewed = mergeTalosconfig(added.text, context, { file: 'f', name: 'demo', activate: true });
      const path = file('merged', renewed.text);

      const info = JSON.parse(run(['--talosconfig', path, 'config', 'info', '--output', 'json']));
      expect(info).toMatchObject({
        context: 'demo',
        endpoints: ['10.0.4.101', '10.0.4.102'],
        nodes: ['10.0.4.101'],
        roles: ['os:reader'],
      });
      expect(run(['--talosconfig', path, 'config', 'contexts'])).toMatch(/demo[\s\S]*other/);
      const generated = parseTalosconfig(theirs, 'f').contexts.get('demo');
      expect(generated && renderTalosconfig('demo', generated)).toBe(theirs);
      expect(comparable(generated?.crt)).toEqual(comparable((await createTalosContext(bundle, fresh)).crt));
      expect(isIssuedBy(decodePem(context.crt), decodePem(bundle.certs.os.crt))).toBe(true);
    },
  );
});

/** What does not depend on the moment and the key. */
function comparable(crt: string | undefined): unknown {
  const facts = inspectCertificate(decodePem(crt ?? ''));
  return {
    ...facts,
    serialNumber: undefined,
    fingerprint: undefined,
    notBefore: undefined,
    notAfter: undefined,
    livesMs: facts.notAfter.getTime() - facts.notBefore.getTime(),
  };
}
