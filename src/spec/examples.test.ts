import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadPath } from '../../test/support/cluster-file.ts';
import { planImage } from '../images/plan-image.ts';
import { renderNode } from '../render/render.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { validateConfig } from '../talos/validate/validate.ts';
import type { NodeSpec } from './model.ts';
import { controlPlanes } from './model.ts';
import { withSecrets } from './node-features.ts';

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url));
const EXAMPLES = readdirSync(FOLDER).filter((name) => !name.includes('.'));

const BUNDLE: SecretsBundle = parse(
  readFileSync(fileURLToPath(new URL('../../test/fixtures/secrets/a-contract-1.11.yaml', import.meta.url)), 'utf8'),
);

/** Nodes, control planes and minor of each: an example that loses a machine is noticed. */
const EXPECTED: Readonly<Record<string, readonly [nodes: number, controlPlanes: number, talos: string]>> = {
  '0-bare-metal-and-vms': [8, 3, 'v1.13.0'],
  '1-ryzen': [1, 1, 'v1.13.5'],
  '2-proxmox': [5, 3, 'v1.13.9'],
  '3-talhelper-gpu': [7, 3, 'v1.11.5'],
  '4-pxe-vip': [3, 3, 'v1.13.9'],
};

describe.each(EXAMPLES)('the example %s', (name) => {
  test('loads and lints without an error, and warns of nothing but what is not acted on yet', async () => {
    const { cluster, findings } = await loadPath(`${FOLDER}/${name}/cluster.yaml`);

    expect(
      findings.filter(({ rule }) => rule !== 'not-acted-on').map(({ rule, message }) => `${rule}: ${message}`),
    ).toEqual([]);
    expect(cluster && [cluster.nodes.length, controlPlanes(cluster).length, cluster.talos]).toEqual(EXPECTED[name]);
  });

  test('renders for every node, and each config passes the validation of that very Talos', async () => {
    const { cluster } = await loadPath(`${FOLDER}/${name}/cluster.yaml`);
    if (cluster === undefined) throw new Error('does not load');
    for (const node of cluster.nodes) {
      const image = imageOf(node);
      const features = withSecrets(cluster, () => 'tskey-auth-sample');
      const { config } = renderNode({ cluster, node, bundle: BUNDLE, image, features });
      const mode = node.platform === 'metal' ? 'metal' : 'cloud';

      expect(validateConfig(config, { talos: node.talos, mode, strict: true })).toEqual({
        load: [],
        errors: [],
        warnings: [],
        notices: [],
      });
    }
  });
});

test('one file mixes VMs and metal workers, each with what its class says', async () => {
  const { cluster } = await loadPath(`${FOLDER}/0-bare-metal-and-vms/cluster.yaml`);
  const of = (name: string): readonly unknown[] => {
    const node = cluster?.nodes.find((candidate) => candidate.name === name);
    return [node?.role, node?.platform, node?.hardware, node?.image.kernelArgs, node?.taints];
  };

  expect(of('tiles-wk-1')).toEqual(['worker', 'nocloud', ['qemu'], ['-talos.halt_if_installed', 'vga=792'], {}]);
  expect(of('lancer')).toEqual([
    'worker',
    'metal',
    ['amd-strix-halo'],
    ['-talos.halt_if_installed'],
    { dedicated: { value: 'heavy', effect: 'PreferNoSchedule' } },
  ]);
  expect(of('acebase')).toEqual([
    'worker',
    'metal',
    ['intel', 'intel-gpu'],
    ['-talos.halt_if_installed'],
    { dedicated: { value: 'gnss', effect: 'NoSchedule' } },
  ]);
});

function imageOf({ talos, platform, image, hardware, proxmox }: NodeSpec) {
  const { arch, extensions, kernelArgs } = image;
  const plan = planImage({
    talos,
    platform,
    arch,
    hardware,
    extensions,
    kernelArgs,
    use: { isVirtual: proxmox !== undefined },
  });
  return { installer: plan.urls.installer, modules: plan.modules, sysctls: plan.sysctls };
}
