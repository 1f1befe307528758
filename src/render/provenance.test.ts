import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SOUND, load } from '../../test/support/cluster-file.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { annotate, layerText } from './annotate.ts';
import type { RenderInput } from './layers.ts';
import { explainPath, replay } from './provenance.ts';
import { renderNode } from './render.ts';

const BUNDLE: SecretsBundle = parse(
  readFileSync(fileURLToPath(new URL('../../test/fixtures/secrets/a-contract-1.11.yaml', import.meta.url)), 'utf8'),
);

const TEXT = `${SOUND.replace('w-1: { role: worker,', 'w-1: { role: worker, class: big, patches: [{ machine: { sysctls: { vm.max_map_count: "3" } } }],')}classes:
  big: { labels: { size: big }, patches: [{ machine: { sysctls: { vm.max_map_count: "2", fs.file-max: "9" } } }] }
patches:
  - machine: { sysctls: { vm.max_map_count: "1" }, certSANs: [a.example, b.example] }
  - { apiVersion: v1alpha1, kind: RegistryMirrorConfig, name: docker.io, endpoints: [{ url: "https://m.example" }] }
`;

async function input(text = TEXT, name = 'w-1'): Promise<RenderInput> {
  const { cluster, findings } = await load(text);
  const node = cluster?.nodes.find((candidate) => candidate.name === name);
  if (cluster === undefined || node === undefined) throw new Error(JSON.stringify(findings));
  return { cluster, node, bundle: BUNDLE, features: [], image: { installer: 'i/x:v1.13.9', modules: [], sysctls: {} } };
}

async function trace(path: string): Promise<readonly string[]> {
  return explainPath(await input(), path).trace.map(
    ({ layer, value }) => `${layerText(layer)} = ${JSON.stringify(value)}`,
  );
}

describe('explainPath', () => {
  test('names each layer that set the value, with its line, and what it overrode', async () => {
    expect(await trace('machine.sysctls.vm.max_map_count')).toEqual([
      'patch of cluster (cluster.yaml:18) = "1"',
      'patch of class big (cluster.yaml:16) = "2"',
      'patch of node w-1 (cluster.yaml:14) = "3"',
    ]);
  });

  test('Talos’ own default is a layer like the others, and a key of the spec is one', async () => {
    expect(await trace('machine.type')).toEqual(['Talos v1.13.9 = "worker"']);
    expect((await trace('machine.install.image')).at(-1)).toBe('nodes.w-1.install (cluster.yaml:14) = "i/x:v1.13.9"');
    expect((await trace('machine.nodeLabels.size')).at(-1)).toContain('cluster.yaml:1');
  });

  test('reaches into lists and into documents whose names hold dots', async () => {
    expect(await trace('machine.certSANs[1]')).toEqual(['patch of cluster (cluster.yaml:18) = "b.example"']);
    expect(await trace('RegistryMirrorConfig/docker.io.endpoints[0].url')).toEqual([
      'patch of cluster (cluster.yaml:19) = "https://m.example"',
    ]);
    expect(await trace('HostnameConfig.hostname')).toEqual(['nodes.w-1 (cluster.yaml:14) = "w-1"']);
  });

  test('a path that no layer sets is an error that lists what is there', async () => {
    const one = await input();

    expect(() => explainPath(one, 'machine.sysctl')).toThrow('no layer of the config sets machine.sysctl');
    expect(() => explainPath(one, 'UserVolumeConfig.name')).toThrow('the config has no UserVolumeConfig');
  });

  test('what a layer removed is said to be removed by it', async () => {
    const text = `${SOUND}patches: [{ machine: { sysctls: { a: "1" } } }, { machine: { sysctls: { a: { $patch: delete } } } }]\n`;
    const steps = explainPath(await input(text), 'machine.sysctls.a').trace;

    expect(steps.map(({ value }) => value)).toEqual(['1', undefined]);
  });
});

describe('annotate', () => {
  test('says beside each value of the spec where it comes from, and changes nothing', async () => {
    const one = await input();
    const { config } = renderNode(one);
    const annotated = annotate(config, replay(one));

    expect(annotated).toMatch(/vm\.max_map_count: "3" # patch of node w-1 \(cluster\.yaml:14\)/);
    expect(annotated).toMatch(/- a\.example # patch of cluster \(cluster\.yaml:18\)/);
    expect(annotated).not.toMatch(/type: worker #/);
    const plain = (text: string): unknown => parseAllDocuments(text).map((document): unknown => document.toJS());
    expect(plain(annotated)).toEqual(plain(config));
  });
});
