import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemRandom } from '../system.ts';
import { bundleFromKubernetesPki, bundleFromMachineConfig, bundleFromTerraform } from './bundle-extract.ts';
import { checkBundle } from './bundle-check.ts';
import { decodePem, parseBundle } from './bundle.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/secrets/${name}.yaml`, import.meta.url), 'utf8');
const a = parseBundle(fixture('a-contract-1.11'));
const now = new Date('2026-03-01');

describe('from a machine config', () => {
  test.each([
    ['config/1.11-controlplane', 'a-contract-1.11'],
    ['config/1.14-controlplane', 'a-contract-1.11'],
    ['config/1.14-d-controlplane', 'd-contract-1.14'],
    ['config/1.2-c-controlplane', 'c-contract-1.2'],
  ])('F1-17 %s gives back the very bundle %s', (config, bundle) => {
    expect(bundleFromMachineConfig(fixture(config), config)).toEqual({
      kind: 'bundle',
      bundle: parseBundle(fixture(bundle)),
    });
  });

  test('an AES-CBC secret comes back from 1.14 documents as a secretbox secret, under which Talos wrote it', () => {
    const { secrets, ...rest } = parseBundle(fixture('c-contract-1.2'));

    expect(bundleFromMachineConfig(fixture('config/1.14-c-controlplane'), 'f')).toEqual({
      kind: 'bundle',
      bundle: {
        ...rest,
        secrets: { bootstraptoken: secrets.bootstraptoken, secretboxencryptionsecret: secrets.aescbcencryptionsecret },
      },
    });
  });

  test('F1-16 the resource of `get machineconfig -o yaml` is unwrapped', () => {
    const resource = stringify({
      node: '10.0.4.101',
      metadata: { type: 'MachineConfigs.config.talos.dev' },
      spec: fixture('config/1.14-controlplane'),
    });

    expect(bundleFromMachineConfig(resource, 'f')).toEqual({ kind: 'bundle', bundle: a });
  });

  test.each(['1.11', '1.14'])(
    'F1-17 a worker of %s gives what it has, and says what it cannot give and why',
    (minor) => {
      const extraction = bundleFromMachineConfig(fixture(`config/${minor}-worker`), 'worker.yaml');

      expect(extraction).toMatchObject({
        kind: 'partial',
        machineType: 'worker',
        found: expect.arrayContaining([
          'trustdinfo.token',
          'secrets.bootstraptoken',
          'cluster.id',
          'cluster.secret',
          'certs.os.crt',
          'certs.k8s.crt',
        ]),
        missing: expect.arrayContaining([
          'certs.os.key',
          'certs.k8s.key',
          'certs.etcd.crt',
          'certs.etcd.key',
          'certs.k8sserviceaccount.key',
          'secrets.secretboxencryptionsecret',
        ]),
        explanation: expect.stringContaining("worker's config"),
      });
    },
  );

  test('what Talos left out when it generated is missing: an AES-CBC secret under contract 1.11', () => {
    const extraction = bundleFromMachineConfig(fixture('config/1.11-c-controlplane'), 'f');

    expect(extraction).toMatchObject({ kind: 'partial', missing: ['secrets.secretboxencryptionsecret'] });
  });

  test('starred-out secrets are missing ones', () => {
    const starred = fixture('config/1.11-controlplane').replace(/^( +)key: LS0.*$/gm, '$1key: "******"');

    expect(bundleFromMachineConfig(starred, 'f')).toMatchObject({
      kind: 'partial',
      missing: [
        'certs.etcd.key',
        'certs.k8s.key',
        'certs.k8saggregator.key',
        'certs.k8sserviceaccount.key',
        'certs.os.key',
      ],
      explanation: expect.stringContaining('os:admin'),
    });
  });
});

describe('from a Kubernetes PKI folder', () => {
  const { certs } = a;
  const files: Record<string, string> = {
    'pki/ca.crt': certs.k8s.crt,
    'pki/ca.key': certs.k8s.key,
    'pki/etcd/ca.crt': certs.etcd.crt,
    'pki/etcd/ca.key': certs.etcd.key,
    'pki/front-proxy-ca.crt': certs.k8saggregator.crt,
    'pki/front-proxy-ca.key': certs.k8saggregator.key,
    'pki/sa.key': certs.k8sserviceaccount.key,
  };
  const options = { talos: 'v1.13', now, random: systemRandom, bootstrapToken: 'abcdef.0123456789abcdef' };

  test('its authorities are taken and the rest is made new', async () => {
    const readFile = async (path: string) => (files[path] === undefined ? undefined : decodePem(files[path]));

    const bundle = await bundleFromKubernetesPki('pki', { ...options, readFile });

    expect(bundle.certs).toEqual({ ...certs, os: bundle.certs.os });
    expect(bundle.certs.os).not.toEqual(certs.os);
    expect(bundle.secrets.bootstraptoken).toBe('abcdef.0123456789abcdef');
    expect(checkBundle(bundle, { now })).toEqual([]);
  });

  test('a missing file is named', async () => {
    const readFile = async (path: string) =>
      path.endsWith('sa.key') || files[path] === undefined ? undefined : decodePem(files[path]);

    await expect(bundleFromKubernetesPki('pki', { ...options, readFile })).rejects.toThrow('pki/sa.key does not exist');
  });
});

describe('from Terraform', () => {
  test("F0-11 the provider's machine_secrets give the same bundle as talosctl's file", () => {
    const pair = ({ crt, key }: { crt: string; key: string }) => ({ cert: crt, key });
    const machineSecrets = {
      certs: {
        etcd: pair(a.certs.etcd),
        k8s: pair(a.certs.k8s),
        k8s_aggregator: pair(a.certs.k8saggregator),
        k8s_serviceaccount: { key: a.certs.k8sserviceaccount.key },
        os: pair(a.certs.os),
      },
      cluster: a.cluster,
      secrets: {
        aescbc_encryption_secret: null,
        bootstrap_token: a.secrets.bootstraptoken,
        secretbox_encryption_secret: a.secrets.secretboxencryptionsecret,
      },
      trustdinfo: a.trustdinfo,
    };
    const state = {
      values: { root_module: { resources: [{ type: 'other' }, { values: { machine_secrets: machineSecrets } }] } },
    };

    expect(bundleFromTerraform(JSON.stringify(machineSecrets), 'f')).toEqual(a);
    expect(bundleFromTerraform(JSON.stringify(state), 'f')).toEqual(a);
    expect(() => bundleFromTerraform('{}', 'f')).toThrow('no machine_secrets');
  });
});
