import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { TALOS_MINORS } from '../documents/tables.ts';
import type { TalosMinor } from '../documents/tables.ts';
import type { SecretsBundle } from '../secrets-bundle.ts';
import { generateConfig } from './generate.ts';
import type { GenerateInput, GenerateOptions } from './input.ts';

const fixtures = new URL('../../../test/fixtures/talos/generate/', import.meta.url);
const secrets = new URL('../../../test/fixtures/secrets/', import.meta.url);

/** As the fixtures write it down. */
interface Asked {
  readonly contract: string;
  readonly clusterName: string;
  readonly endpoint: string;
  readonly kubernetesVersion: string;
  readonly secrets: string;
  readonly options: AskedOptions;
}

interface AskedOptions extends GenerateOptions {
  readonly additionalSANs?: readonly string[];
  readonly cniName?: string;
  readonly cniURLs?: readonly string[];
  readonly skipUnattendedInstall?: boolean;
  readonly skipK8sEtcd?: boolean;
  readonly endpointList?: readonly string[];
  readonly patchAll?: readonly string[];
  readonly patchControlPlane?: readonly string[];
  readonly patchWorker?: readonly string[];
}

function inputOf(minor: TalosMinor, name: string): { readonly input: GenerateInput; readonly asked: AskedOptions } {
  const asked: Asked = JSON.parse(readFileSync(new URL(`${minor}/${name}/input.json`, fixtures), 'utf8'));
  const bundle: SecretsBundle = parse(readFileSync(new URL(asked.secrets, secrets), 'utf8'));
  const { additionalSANs, cniName, cniURLs, patchAll, patchControlPlane, patchWorker, skipK8sEtcd, ...options } =
    asked.options;
  const input = {
    clusterName: asked.clusterName,
    endpoint: asked.endpoint,
    bundle,
    talos: `v${minor}.0`,
    contract: asked.contract,
    kubernetes: asked.kubernetesVersion,
    patches: { all: patchAll ?? [], controlplane: patchControlPlane ?? [], worker: patchWorker ?? [] },
    options: {
      ...options,
      ...(additionalSANs === undefined ? {} : { certSANs: additionalSANs }),
      ...(cniName === undefined ? {} : { cni: { name: cniName, urls: cniURLs ?? [] } }),
      ...(skipK8sEtcd === undefined ? {} : { skipKubernetes: skipK8sEtcd }),
    },
  };
  return { input, asked: asked.options };
}

function isRefused(input: GenerateInput): boolean {
  try {
    generateConfig(input);
    return false;
  } catch {
    return true;
  }
}

function expected(minor: TalosMinor, name: string, file: string): string {
  return readFileSync(new URL(`${minor}/${name}/${file}`, fixtures), 'utf8');
}

for (const minor of TALOS_MINORS) {
  const names = readdirSync(new URL(`${minor}/`, fixtures));

  test(`S4-4 control plane and worker configs are byte for byte those of Talos ${minor}`, () => {
    const wrong = names.filter((name) => {
      const { input } = inputOf(minor, name);
      if (existsSync(new URL(`${minor}/${name}/error.txt`, fixtures))) return !isRefused(input);
      const { controlplane, worker } = generateConfig(input);
      return (
        controlplane !== expected(minor, name, 'controlplane.yaml') || worker !== expected(minor, name, 'worker.yaml')
      );
    });

    expect(names.length).toBe(minor === '1.14' ? 55 : 39);
    expect(wrong).toEqual([]);
  });

  test(`the talosconfig is the one that Talos ${minor} writes`, () => {
    const withTalosconfig = names.filter((name) => existsSync(new URL(`${minor}/${name}/talosconfig.yaml`, fixtures)));

    const wrong = withTalosconfig.filter((name) => {
      const { input, asked } = inputOf(minor, name);
      const text = generateConfig(input).talosconfig({ crt: 'FRESH', key: 'FRESH' }, asked.endpointList);
      return text !== expected(minor, name, 'talosconfig.yaml');
    });

    expect(withTalosconfig.length).toBe(5);
    expect(wrong).toEqual([]);
  });
}
