/** Requirements of the Proxmox cluster with static addresses, a VIP and Headscale (S2, F2), observed on simulated machines. */
import { beforeAll, describe, expect, test } from 'vitest';
import { imageDifferences } from '../../src/cli/terminal/images.ts';
import type { RunResult } from '../../src/lifecycle/run.ts';
import {
  activeDocument,
  addressesOn,
  example,
  operatorWorld,
  valueAt,
  type OperatorWorld,
} from '../support/operators.ts';

describe('examples/2-proxmox', () => {
  const { text, path } = example('2-proxmox');
  /** The file of the day before: without its last worker, whose machine is there and waits. */
  const before = text.slice(0, text.indexOf('  worker1:')) + text.slice(text.indexOf('certSANs:'));
  let world: OperatorWorld;
  let first: RunResult;
  let untouched: readonly string[];
  let grown: RunResult;

  beforeAll(async () => {
    world = await operatorWorld({ text, path });
    first = await (await operatorWorld({ text: before, path }, { inside: world })).apply();
    untouched = world.changes();
    grown = await world.apply();
    world.simulation.installCni();
    await world.clock.advance(120_000);
  }, 120_000);

  test('S2-41 S2-27 a machine added to the file is brought up by the next run from the addresses in it, and no other machine is touched', () => {
    expect([first.exit, grown.exit]).toEqual([0, 0]);
    expect(untouched.some((call) => call.startsWith('worker1 '))).toBe(false);
    expect(world.changes().filter((call) => !untouched.includes(call))).toEqual(['worker1 ApplyConfiguration 2']);
    expect(grown.plan?.steps.map(({ node }) => node)).toEqual(grown.plan?.steps.map(() => 'worker1'));
  });

  test('three control planes are voters, two workers beside them, and all Ready once a CNI is there', () => {
    const found = world.simulation
      .inspect()
      .map(({ name, stage, isVoter, nodeReady }) => [name, stage, isVoter, nodeReady]);

    expect(found).toEqual([
      ['controlplane0', 'running', true, true],
      ['controlplane1', 'running', true, true],
      ['controlplane2', 'running', true, true],
      ['worker0', 'running', false, true],
      ['worker1', 'running', false, true],
    ]);
  });

  test('F2-1 S4-11 each node has the address of the file on its link and no lease beside it; one control plane has the VIP as well', async () => {
    const wanted = ['10.2.1.1/16', '10.2.1.2/16', '10.2.1.3/16', '10.2.2.1/16', '10.2.2.2/16'];
    const found: (readonly string[])[] = [];
    for (const { name } of world.cluster.nodes) found.push(await addressesOn(world, name));

    expect(found.map((addresses) => addresses.filter((address) => address !== '10.2.3.1/32'))).toEqual(
      wanted.map((ip) => [ip]),
    );
    expect(found.map((addresses) => addresses.length).toSorted()).toEqual([1, 1, 1, 1, 2]);
    expect(
      world.simulation.views().flatMap(({ network }) => network.addresses.filter(({ source }) => source === 'dhcp')),
    ).toEqual([]);
  });

  test('S2-34 the extension’s service config arrives as a document of the one config that is applied, and the service runs', async () => {
    const service = await activeDocument(world, 'worker1', 'ExtensionServiceConfig', 'tailscale');
    const services = await world.ask('worker1', (session) => session.serviceList());

    expect(valueAt(service, 'environment')).toEqual(expect.arrayContaining(['TS_AUTHKEY=tskey-auth-sample']));
    expect(JSON.stringify(service)).toContain('https://headscale.example:8080');
    expect(services.find(({ id }) => id === 'ext-tailscale')?.state).toBe('Running');
    // A dry run and the apply.
    expect(world.simulation.faults.calls.get('worker1 ApplyConfiguration')).toBe(2);
  });

  test('S2-56 the VIP is owned by one control plane and moves to another when that one dies: it fails over, it does not balance', async () => {
    const owners = (): readonly string[] =>
      world.simulation
        .inspect()
        .filter(({ ownsVip }) => ownsVip)
        .map(({ name }) => name);
    const [owner = ''] = owners();

    expect(owners()).toHaveLength(1);
    world.simulation.fault(owner, { kind: 'dead' });
    await world.clock.advance(120_000);

    expect(owners()).toHaveLength(1);
    expect(owners()).not.toEqual([owner]);
  });
});

const small = (edit: (text: string) => string = String): string =>
  edit(`ichor: 1
name: small
endpoint: https://10.0.4.100:6443
talos: v1.13.9
kubernetes: v1.36.3
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, vip: 10.0.4.100 }
nodes:
  cp-1: { role: controlplane, address: dhcp, mac: "00:23:24:00:00:01", install: { disk: { serial: S1 } } }
  w-1: { role: worker, address: 10.0.4.111, mac: "00:23:24:00:00:11", install: { disk: { serial: S11 } } }
features:
  tailscale: { authKey: { env: HEADSCALE_AUTH_KEY }, loginServer: "https://headscale.example:8080" }
`);

test('S2-59 before anything is done, the plan has entries for each node: what is done to it, what that disturbs and what it waits for', async () => {
  const world = await operatorWorld(small());
  await world.clock.advance(60_000);

  const { plan } = await world.plan();

  expect(
    plan.steps.filter(({ node }) => node === 'w-1').map(({ id, impact, waitsFor }) => [id, impact, waitsFor]),
  ).toEqual([
    ['apply-config/w-1', 'reinstall', []],
    ['wait-configured/w-1', expect.any(String), ['apply-config/w-1']],
    ['node-ready/w-1', 'none', expect.arrayContaining(['wait-configured/w-1', 'kubernetes-api'])],
  ]);
  expect(new Set(plan.steps.map(({ node }) => node))).toEqual(new Set(['cp-1', 'w-1', undefined]));
  expect(world.changes()).toEqual([]);
});

test('F0-8 S2-28 a VIP on a link with DHCP keeps the lease; the VIP alone on an interface, which ends DHCP there, is refused before anything is sent', async () => {
  const world = await operatorWorld(small());
  const result = await world.apply();
  const addresses = await addressesOn(world, 'cp-1');
  const service = await activeDocument(world, 'w-1', 'ExtensionServiceConfig', 'tailscale');
  const bad = small((text) =>
    text
      .replace(', vip: 10.0.4.100 }', ' }')
      .replace(
        'S1 } } }',
        'S1 } }, patches: [{ machine: { network: { interfaces: [{ interface: eth0, vip: { ip: 10.0.4.100 } }] } } }] }',
      ),
  );

  expect(result, result.message).toMatchObject({ exit: 0 });
  expect(addresses).toEqual([expect.stringMatching(/^10\.0\.4\.2\d\d\/24$/), '10.0.4.100/32']);
  expect(await addressesOn(world, 'w-1')).toEqual(['10.0.4.111/24']);
  expect(JSON.stringify(service)).toContain('headscale.example');
  await expect(operatorWorld(bad)).rejects.toThrow(/neither an address nor DHCP|DHCP/);
});

test('S2-10 S3-19 S3-28 what runs and what is wanted are shown side by side, version and extensions; the config of a running node is not said to change either', async () => {
  const world = await operatorWorld(small((text) => text.replace('v1.13.9', 'v1.13.8')));
  await world.apply();
  const newer = await operatorWorld(small(), { inside: world });
  const other = await operatorWorld(
    small((text) => text.replace('v1.13.9', 'v1.13.8').replace('S11 } }', 'S11 } }, hardware: [longhorn]')),
    { inside: world },
  );

  const after = [await newer.apply(), await other.apply()];
  const versions = imageDifferences(newer.cluster, newer.cluster.nodes, (await newer.plan()).observation);
  const extensions = imageDifferences(other.cluster, other.cluster.nodes, (await other.plan()).observation);

  expect(versions.map(({ node, reasons }) => [node, reasons.find(({ kind }) => kind === 'version')])).toMatchObject([
    ['cp-1', { from: 'v1.13.8', to: 'v1.13.9' }],
    ['w-1', { from: 'v1.13.8', to: 'v1.13.9' }],
  ]);
  expect(extensions).toMatchObject([
    { node: 'w-1', reasons: expect.arrayContaining([expect.objectContaining({ kind: 'schematic' })]) },
  ]);
  expect(after.flatMap(({ plan }) => plan?.steps ?? [])).toEqual([]);
  expect(world.simulation.inspect().map(({ talos }) => talos)).toEqual(['v1.13.8', 'v1.13.8']);
});

test('F1-9 a control plane counts as joined only once its etcd member is a voter, however early Kubernetes calls its Node Ready', async () => {
  const seen: (readonly [step: string, isVoter: boolean])[] = [];
  let wasReadyBefore = false;
  const three = small((text) =>
    text.replace(/ {2}cp-1: (.*)\n/, (_, rest: string) =>
      [1, 2, 3]
        .map((index) => `  cp-${index}: ${rest.replace('00:01', `00:0${index}`).replace('S1 ', `S1${index} `)}\n`)
        .join(''),
    ),
  );
  const world: OperatorWorld = await operatorWorld(three, {
    latencies: { staticPodPull: 100, apiServer: 500, nodeRegistration: 100, cni: 100 },
    onEvent(event) {
      const machine = world.simulation.inspect().find(({ name }) => name === event.node);
      if (machine === undefined || event.step?.startsWith('join-etcd/') !== true) return;
      wasReadyBefore ||= event.kind === 'step-waiting' && machine.nodeReady && !machine.isVoter;
      if (event.kind === 'step-done') seen.push([event.step, machine.isVoter]);
    },
  });

  const result = await world.apply();

  expect(result, result.message).toMatchObject({ exit: 0 });
  expect(seen.toSorted()).toEqual([
    ['join-etcd/cp-2', true],
    ['join-etcd/cp-3', true],
  ]);
  expect(wasReadyBefore).toBe(true);
});

test('F1-20 F0-6 nodes of two Talos minors run side by side, each the version of its line; the next run finds nothing to do, and no config was sent in mode REBOOT', async () => {
  const world = await operatorWorld(
    small((text) =>
      text.replace('kubernetes: v1.36.3', 'kubernetes: v1.35.4').replace('S11 } }', 'S11 } }, talos: v1.12.11'),
    ),
  );

  const result = await world.apply();
  const second = await world.apply();

  expect(result, result.message).toMatchObject({ exit: 0 });
  expect(world.simulation.inspect().map(({ talos, nodeReady }) => [talos, nodeReady])).toEqual([
    ['v1.13.9', true],
    ['v1.12.11', true],
  ]);
  expect(second).toMatchObject({ exit: 0, plan: { steps: [], differences: [] } });
  // A dry run and an apply each. machine.proto: REBOOT is 0, AUTO is 1.
  expect(world.applyModes).toEqual([1, 1, 1, 1]);
  expect(world.changes().filter((call) => call.includes('Reboot'))).toEqual([]);
});
