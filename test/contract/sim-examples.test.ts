/** The examples' own rendered configs on invented machines, in all four minors: from power-on to the end of bring-up, on a virtual clock. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { planImage } from '../../src/images/plan-image.ts';
import { renderNode } from '../../src/render/render.ts';
import type { NodeImage } from '../../src/render/settings/hardware.ts';
import { machinesFor } from '../../src/sim/from-cluster.ts';
import { applyConfiguration } from '../../src/sim/machine/apply.ts';
import { bootstrap } from '../../src/sim/machine/etcd.ts';
import { createSimulation, type Simulation } from '../../src/sim/simulation.ts';
import { createVirtualClock } from '../../src/sim/virtual-clock.ts';
import { controlPlanes, wantedIp, type Cluster, type NodeSpec } from '../../src/spec/model.ts';
import { withSecrets } from '../../src/spec/node-features.ts';
import type { SecretsBundle } from '../../src/talos/secrets-bundle.ts';
import { loadPath } from '../support/cluster-file.ts';

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url));
const EXAMPLES = readdirSync(FOLDER).filter((name) => !name.includes('.'));
const BUNDLE: SecretsBundle = parse(
  readFileSync(fileURLToPath(new URL('../fixtures/secrets/a-contract-1.11.yaml', import.meta.url)), 'utf8'),
);
const KUBERNETES: Readonly<Record<string, string>> = {
  'v1.11.6': 'v1.34.1',
  'v1.12.11': 'v1.35.4',
  'v1.13.9': 'v1.36.3',
  'v1.14.1': 'v1.37.0',
};

async function load(name: string, talos?: string): Promise<Cluster> {
  const { cluster } = await loadPath(`${FOLDER}/${name}/cluster.yaml`);
  if (cluster === undefined) throw new Error(`${name} does not load`);
  if (talos === undefined) return cluster;
  const kubernetes = KUBERNETES[talos] ?? cluster.kubernetes;
  // The examples' patches are of the old form, which excludes 1.14's documents.
  const patches = talos.startsWith('v1.14') ? { patches: [] } : {};
  return {
    ...cluster,
    talos,
    kubernetes,
    nodes: cluster.nodes.map((node) => ({ ...node, talos, kubernetes, ...patches })),
  };
}

function imageOf({ talos, platform, image, hardware, proxmox }: NodeSpec): NodeImage {
  const { arch, extensions, kernelArgs } = image;
  const use = { isVirtual: proxmox !== undefined };
  const plan = planImage({ talos, platform, arch, hardware, extensions, kernelArgs, use });
  return { installer: plan.urls.installer, modules: plan.modules, sysctls: plan.sysctls };
}

async function bringUp(cluster: Cluster): Promise<Simulation> {
  const clock = createVirtualClock();
  const simulation = createSimulation({ clock, seed: cluster.name, machines: machinesFor(cluster) });
  for (const name of simulation.names) simulation.power(name, 'on');
  await clock.advance(60_000);
  const features = withSecrets(cluster, () => 'tskey-auth-sample');
  for (const node of cluster.nodes) {
    const { config } = renderNode({ cluster, node, bundle: BUNDLE, image: imageOf(node), features });
    const reply = simulation.act(node.name, (turn) =>
      applyConfiguration(turn, { text: config, mode: 'auto', isDryRun: false }, simulation.validator),
    );
    if (reply.kind === 'refused') throw new Error(`${node.name}: ${reply.message}`);
  }
  await clock.advance(240_000);
  const [first] = controlPlanes(cluster);
  if (first === undefined) throw new Error('no control plane');
  const bootstrapped = simulation.act(first.name, (turn) => bootstrap(turn, { recoverEtcd: false }));
  if (bootstrapped.kind === 'refused') throw new Error(bootstrapped.message);
  await clock.advance(240_000);
  return simulation;
}

function expectUp(cluster: Cluster, simulation: Simulation): void {
  const isReady = cluster.network.cni.kind !== 'none';
  const found = simulation.inspect().map((machine) => ({
    name: machine.name,
    stage: machine.stage,
    isInstalled: machine.installedOn !== undefined,
    nodeReady: machine.nodeReady,
    isVoter: machine.isVoter,
    keepsAddress: true,
  }));
  const wanted = cluster.nodes.map((node) => ({
    name: node.name,
    stage: 'running',
    isInstalled: true,
    nodeReady: isReady,
    isVoter: node.role === 'controlplane',
    keepsAddress: true,
  }));

  expect(found).toEqual(wanted);
  for (const node of cluster.nodes) {
    const ip = wantedIp(node);
    if (ip !== undefined)
      expect(simulation.view(node.name).network.addresses.map((address) => address.ip)).toContain(ip);
  }
}

describe('the examples on simulated machines', () => {
  it.each(EXAMPLES)('%s comes up', async (name) => {
    const cluster = await load(name);

    const simulation = await bringUp(cluster);

    expectUp(cluster, simulation);
  });

  it.each(
    Object.keys(KUBERNETES).flatMap((talos) => [
      ['4-pxe-vip', talos],
      ['2-proxmox', talos],
    ]),
  )('%s comes up with %s', async (name, talos) => {
    const cluster = await load(name, talos);

    const simulation = await bringUp(cluster);

    expectUp(cluster, simulation);
    expect(simulation.inspect().every((machine) => machine.talos === talos)).toBe(true);
  });
});
