/** Requirements of the mixed cluster of VMs and metal (S0), observed on simulated machines. */
import { beforeAll, describe, expect, test } from 'vitest';
import { imageDifferences } from '../../src/cli/terminal/images.ts';
import { imageOf, renderInput } from '../../src/cli/cluster/render.ts';
import { diffConfigs } from '../../src/lifecycle/config-diff.ts';
import { explainPath } from '../../src/render/provenance.ts';
import { VANILLA_SCHEMATIC_ID } from '../../src/talos/schematic/schematic.ts';
import {
  activeDocument,
  activeText,
  bootedSchematic,
  example,
  operatorWorld,
  valueAt,
  type OperatorWorld,
} from '../support/operators.ts';

describe('examples/0-bare-metal-and-vms', () => {
  let world: OperatorWorld;

  beforeAll(async () => {
    world = await operatorWorld(example('0-bare-metal-and-vms'));
    await world.apply();
  }, 120_000);

  test('S0-1 S0-16 VMs and metal machines in one cluster: each class, and each processor, reports the schematic of its own', async () => {
    const schematics = new Map<string, string | undefined>();
    for (const { name } of world.cluster.nodes) schematics.set(name, await bootedSchematic(world, name));

    const wanted = world.cluster.nodes.map((node) => [node.name, imageOf(world.cluster, node).schematicId]);
    expect([...schematics]).toEqual(wanted);
    expect(schematics.get('tiles-cp-1')).toBe(schematics.get('tiles-wk-3'));
    expect(new Set(['tiles-wk-1', 'lancer', 'acebase'].map((name) => schematics.get(name))).size).toBe(3);
    const partsOf = (name: string): readonly string[] =>
      world.cluster.nodes
        .filter((node) => node.name === name)
        .flatMap((node) => imageOf(world.cluster, node).extensions);
    expect([partsOf('lancer').includes('amd-ucode'), partsOf('lancer').includes('intel-ucode')]).toEqual([true, false]);
    expect([partsOf('acebase').includes('amd-ucode'), partsOf('acebase').includes('intel-ucode')]).toEqual([
      false,
      true,
    ]);
  });

  test('S0-14 an argument of the cluster stands in the schematic of every class beside the arguments of the class', () => {
    const args = world.cluster.nodes.map(
      (node) => imageOf(world.cluster, node).schematic?.customization?.extraKernelArgs ?? [],
    );

    expect(args.every((list) => list.includes('-talos.halt_if_installed'))).toBe(true);
    expect(args.filter((list) => list.includes('vga=792'))).toHaveLength(6);
  });

  test('S0-21 S0-24 a VM and a metal worker run the same base config and secrets; installer, disk and what their class says differ', async () => {
    const [vm, metal] = [await activeText(world, 'tiles-wk-1'), await activeText(world, 'acebase')];
    const secrets = [world.bundle.cluster.secret, world.bundle.secrets.bootstraptoken, world.bundle.certs.os.crt];

    const paths = diffConfigs(vm, metal).map(({ document, path }) => `${document} ${path}`);

    expect(
      paths.filter(
        (path) =>
          !/^(HostnameConfig|LinkAliasConfig)|^v1alpha1 machine\.(install|nodeTaints|sysctls|kernel|kubelet\.extraConfig\.registerWithTaints)/.test(
            path,
          ),
      ),
    ).toEqual([]);
    expect(paths).toContain('v1alpha1 machine.install.image');
    for (const { name } of world.cluster.nodes) {
      const config = await activeDocument(world, name);
      const paths = [
        ['cluster', 'secret'],
        ['cluster', 'token'],
        ['machine', 'ca', 'crt'],
      ];
      expect(
        paths.map((path) => valueAt(config, ...path)),
        name,
      ).toEqual(secrets);
    }
  });

  test('S3-25 the whole bring-up speaks to the Talos API and the Kubernetes API and to no other port', () => {
    expect([...world.ports].toSorted()).toEqual([50_000, 6443]);
  });
});

test('S0-60 one bare-metal worker is added to a running cluster: its schematic is computed, its config applied in maintenance, and its Node is Ready', async () => {
  const worker =
    '  metal-1: { role: worker, hardware: [amd-strix-halo], address: 10.0.4.121, mac: "00:23:24:00:00:21", install: { disk: { serial: S21 } } }\n';
  const file = `ichor: 1
name: grows
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1 }
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
`;
  const world = await operatorWorld(file + worker);
  await (await operatorWorld(file, { inside: world })).apply();
  const before = (await world.kubernetesNodes()).map(({ name }) => name);

  const result = await world.apply();

  const [, added] = world.cluster.nodes;
  if (added === undefined) throw new Error('no worker');
  const nodes = await world.kubernetesNodes();
  expect(before).toEqual(['cp-1']);
  expect(result, result.message).toMatchObject({ exit: 0 });
  expect(nodes.map(({ name, conditions }) => [name, conditions.find(({ type }) => type === 'Ready')?.status])).toEqual([
    ['cp-1', 'True'],
    ['metal-1', 'True'],
  ]);
  expect(await bootedSchematic(world, 'metal-1')).toBe(imageOf(world.cluster, added).schematicId);
  expect(world.changes()).toEqual(['cp-1 ApplyConfiguration 2', 'cp-1 Bootstrap 1', 'metal-1 ApplyConfiguration 2']);
});

const LAYERED = `ichor: 1
name: layered
endpoint: https://10.0.4.101:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1 }
image: { factory: https://factory.nas.example }
classes:
  own:
    patches: [{ machine: { install: { image: "registry.nas.example/own-installer:v1.13.9" } } }]
patches:
  - machine: { install: { image: "registry.nas.example/common-installer:v1.13.9" }, sysctls: { vm.swappiness: "10" } }
nodes:
  cp-1: { role: controlplane, address: 10.0.4.101, mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
  w-1: { role: worker, class: own, address: 10.0.4.111, mac: "00:23:24:00:00:11", install: { disk: { serial: S11 } } }
`;

describe('installers', () => {
  test('S0-22 the later patch of a class wins over the common one on the node, and the winner is named with what it overrode', async () => {
    const world = await operatorWorld(LAYERED);
    await world.apply();

    const images = await Promise.all(
      ['cp-1', 'w-1'].map(async (name) => valueAt(await activeDocument(world, name), 'machine', 'install', 'image')),
    );
    const [, worker] = world.cluster.nodes;
    if (worker === undefined) throw new Error('no worker');
    const { trace } = explainPath(
      renderInput(world.cluster, worker, { bundle: world.bundle, features: [] }),
      'machine.install.image',
    );

    expect(images).toEqual([
      'registry.nas.example/common-installer:v1.13.9',
      'registry.nas.example/own-installer:v1.13.9',
    ]);
    expect(valueAt(await activeDocument(world, 'w-1'), 'machine', 'sysctls')).toMatchObject({ 'vm.swappiness': '10' });
    expect(trace.slice(-2)).toMatchObject([
      {
        layer: { kind: 'patch', origin: { layer: { kind: 'cluster' } } },
        value: 'registry.nas.example/common-installer:v1.13.9',
      },
      {
        layer: { kind: 'patch', origin: { layer: { kind: 'class', name: 'own' }, where: { line: 10 } } },
        value: 'registry.nas.example/own-installer:v1.13.9',
      },
    ]);
  });

  test('S0-45 S0-41 S1-5 a machine that booted another ISO, of another version, runs the wanted image after the install, from the factory of one’s own; what runs is held against what is wanted', async () => {
    const plain = LAYERED.replace(/patches:\n {2}- machine: .*\n/, '').replace(
      / {4}patches: \[.*\n/,
      '    hardware: [intel]\n',
    );
    const world = await operatorWorld(plain, {
      machine: (machine) => ({ ...machine, media: { talos: 'v1.13.8', schematic: VANILLA_SCHEMATIC_ID } }),
    });
    await world.clock.advance(60_000);
    const before = world.simulation.inspect().map(({ talos, schematic }) => [talos, schematic]);
    await world.apply();
    const { observation } = await world.plan();
    const other = await operatorWorld(plain.replace('hardware: [intel]', 'hardware: [amd]'), { inside: world });
    const later = (await other.plan()).observation;
    const { cluster: unnamed } = await operatorWorld(plain.replace(/image: .*\n/, ''), { inside: world });

    const id = world.cluster.nodes.map((node) => imageOf(world.cluster, node).schematicId)[1];
    expect(before).toEqual([
      ['v1.13.8', VANILLA_SCHEMATIC_ID],
      ['v1.13.8', VANILLA_SCHEMATIC_ID],
    ]);
    expect([await bootedSchematic(world, 'w-1'), world.simulation.inspect()[1]?.talos]).toEqual([id, 'v1.13.9']);
    expect(valueAt(await activeDocument(world, 'w-1'), 'machine', 'install', 'image')).toBe(
      `factory.nas.example/metal-installer/${id}:v1.13.9`,
    );
    expect(unnamed.nodes.map((node) => imageOf(unnamed, node).urls.installer.split('/')[0])).toEqual(
      unnamed.nodes.map(() => 'factory.talos.dev'),
    );
    expect(imageDifferences(world.cluster, world.cluster.nodes, observation)).toEqual([]);
    expect(imageDifferences(other.cluster, other.cluster.nodes, later)).toMatchObject([
      { node: 'w-1', reasons: [{ kind: 'schematic' }] },
    ]);
  });
});
