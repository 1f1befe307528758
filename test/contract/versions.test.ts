/**
 * Whole files brought up from maintenance to their end state, for every Talos minor and every kind of addressing, and the five examples:
 * rendered by the real renderer, judged by the simulator. In one process, on a virtual clock.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rehearseFile, type Rehearsal } from '../support/rehearsal.ts';

interface Wanted {
  readonly talos: string;
  readonly kubernetes?: string;
  readonly cni?: string;
  readonly controlPlanes: number;
  readonly workers?: number;
  readonly address?: 'dhcp';
}

const KUBERNETES = { 'v1.11.6': 'v1.34.3', 'v1.12.11': 'v1.35.6', 'v1.13.9': 'v1.36.3', 'v1.14.1': 'v1.36.3' } as const;

function fileOf({
  talos,
  kubernetes = 'v1.34.3',
  cni = 'flannel',
  controlPlanes,
  workers = 0,
  address,
}: Wanted): string {
  const line = (name: string, role: string, index: number): string =>
    `  ${name}: { role: ${role}, platform: metal, address: ${address ?? `10.0.4.${100 + index}`}, mac: "00:23:24:00:00:${10 + index}", install: { disk: { serial: S6Z${index} } } }`;
  const endpoint =
    address === undefined ? 'https://10.0.4.100:6443' : '{ url: "https://10.0.4.90:6443", outside: "a load balancer" }';
  const vip = address === undefined ? ', vip: 10.0.4.100' : '';
  return `ichor: 1
name: small
endpoint: ${endpoint}
talos: ${talos}
kubernetes: ${kubernetes}
secrets: secrets.yaml
network: { subnet: 10.0.4.0/24, gateway: 10.0.4.1, nameservers: [1.1.1.1], timeservers: [time.cloudflare.com]${vip}, cni: ${cni} }
nodes:
${[...Array.from({ length: controlPlanes }, (_, index) => line(`cp-${index + 1}`, 'controlplane', index + 1)), ...Array.from({ length: workers }, (_, index) => line(`w-${index + 1}`, 'worker', index + 41))].join('\n')}
`;
}

/** Up, with one etcd, and a second run finds nothing. */
async function expectUp(rehearsal: Rehearsal, isReady = true): Promise<void> {
  const first = await rehearsal.apply();
  const calls = new Map(rehearsal.simulation.faults.calls);
  const second = await rehearsal.apply();

  expect(first, first.message).toMatchObject({ exit: 0 });
  expect(rehearsal.births()).toBe(1);
  const planes = rehearsal.cluster.nodes.filter((node) => node.role === 'controlplane').map((node) => node.name);
  const seen = rehearsal.simulation.inspect();
  expect(seen.filter((machine) => machine.isVoter).map((machine) => machine.name)).toEqual(planes);
  expect(seen.map((machine) => [machine.stage, machine.nodeReady])).toEqual(seen.map(() => ['running', isReady]));
  expect(second, second.message).toMatchObject({ exit: 0, outcomes: [], plan: { steps: [], differences: [] } });
  for (const [call, count] of rehearsal.simulation.faults.calls) {
    if (/ApplyConfiguration|Bootstrap/.test(call)) expect(count, call).toBe(calls.get(call));
  }
}

describe.each(['v1.11.6', 'v1.12.11', 'v1.13.9', 'v1.14.1'] as const)('Talos %s', (talos) => {
  const kubernetes = KUBERNETES[talos];

  test('S0-2 S4-44 three control planes and two workers with static addresses, from leases to their own', async () => {
    await expectUp(await rehearseFile(fileOf({ talos, kubernetes, controlPlanes: 3, workers: 2 })));
  });

  test('F2-8 with `cni: none` it ends when the nodes wait for nothing but a CNI, and is Ready once there is one', async () => {
    const rehearsal = await rehearseFile(fileOf({ talos, kubernetes, cni: 'none', controlPlanes: 1, workers: 1 }));

    const first = await rehearsal.apply();
    expect(first, first.message).toMatchObject({ exit: 0, message: expect.stringContaining('CNI') });
    rehearsal.simulation.installCni();
    await rehearsal.clock.advance(120_000);

    await expectUp(rehearsal);
  });

  test('F1-14 nodes on DHCP are found by their MACs, also where the lease is another one after the install', async () => {
    const rehearsal = await rehearseFile(fileOf({ talos, kubernetes, controlPlanes: 1, workers: 1, address: 'dhcp' }));
    rehearsal.simulation.fault('cp-1', { kind: 'address', ip: '10.0.4.177', atOnce: false });

    await expectUp(rehearsal);

    expect(rehearsal.simulation.inspect()[0]?.addresses).toContain('10.0.4.177');
  });
});

describe('the five examples', () => {
  test.each(['0-bare-metal-and-vms', '1-ryzen', '2-proxmox', '3-talhelper-gpu', '4-pxe-vip'])(
    'S2-1 %s is brought up from its file',
    async (name) => {
      const path = fileURLToPath(new URL(`../../examples/${name}/cluster.yaml`, import.meta.url));
      const rehearsal = await rehearseFile(readFileSync(path, 'utf8'), path);

      await expectUp(rehearsal, rehearsal.cluster.network.cni.kind === 'flannel');
    },
  );
});
