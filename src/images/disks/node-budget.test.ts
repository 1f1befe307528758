import { expect, test } from 'vitest';
import { SOUND, loadSound } from '../../../test/support/cluster-file.ts';
import type { NodeSpec } from '../../spec/model.ts';
import { GIB } from '../../catalog/disks.ts';
import type { DiskFacts } from './disk.ts';
import { budgetFindings, declaredBudget, observedBudgets } from './node-budget.ts';

async function clusterWith(worker: string) {
  return loadSound(SOUND.replace('w-1: { role: worker,', `w-1: { role: worker, ${worker},`));
}

async function workerWith(worker: string): Promise<NodeSpec> {
  const node = (await clusterWith(worker)).nodes.find(({ name }) => name === 'w-1');
  if (node === undefined) throw new Error('no worker');
  return node;
}

const VOLUMES = 'volumes: { EPHEMERAL: { maxSize: 20GiB }, data: { size: 40GiB, disk: nvme } }';

function disk(devPath: string, sizeBytes: bigint, transport = 'nvme'): DiskFacts {
  return { devPath, sizeBytes, transport, readonly: false, cdrom: false, serial: devPath.slice(-3) };
}

test('S1-28 what the spec declares is held against the declared disk, to the byte', async () => {
  const cluster = await clusterWith(`${VOLUMES}, proxmox: { disk: 60GiB }`);

  expect(budgetFindings(cluster)).toEqual([
    expect.objectContaining({ severity: 'error', rule: 'disk-over-committed', node: 'w-1' }),
  ]);
  expect(budgetFindings(cluster)[0]?.message).toMatch(/`w-1`: .* GB \(.* GiB\) do not fit on 64\.4 GB \(60\.0 GiB\)/);
  expect(budgetFindings(await clusterWith(`${VOLUMES}, proxmox: { disk: 64GiB }`))).toEqual([]);
});

test('S1-30 an EPHEMERAL without a cap takes the disk before the volumes', async () => {
  const cluster = await clusterWith('volumes: { data: { size: 10GiB, disk: nvme } }, proxmox: { disk: 64GiB }');

  expect(budgetFindings(cluster).map(({ rule }) => rule)).toEqual(['ephemeral-takes-all']);
});

test('a disk whose size nobody says has no budget', async () => {
  expect(declaredBudget(await workerWith(VOLUMES))).toBeUndefined();
  expect(declaredBudget(await workerWith('proxmox: { disk: 10GiB }'))).toBeUndefined();
});

test('observed disks get the volumes that their selectors take, the system disk the partitions of Talos', async () => {
  const node = await workerWith(
    'volumes: { EPHEMERAL: { maxSize: 20GiB }, data: { size: 40GiB, disk: { serial: 1n1 } }, more: { size: 10GiB, disk: { serial: "0n1" } } }',
  );
  const disks = [
    disk('/dev/nvme0n1', 100n * GIB),
    disk('/dev/nvme1n1', 50n * GIB),
    disk('/dev/sda', 10n * GIB, 'sata'),
  ];
  const budgets = observedBudgets(node, disks, '/dev/nvme0n1');

  expect(
    budgets.map(({ devPath, budget }) => [devPath, budget.partitions.map(({ label }) => label), budget.fits]),
  ).toEqual([
    ['/dev/nvme0n1', ['EFI', 'META', 'STATE', 'EPHEMERAL', 'u-more'], true],
    ['/dev/nvme1n1', ['u-data'], true],
  ]);
});

test('a selector that takes two disks counts on neither', async () => {
  const node = await workerWith(VOLUMES);

  expect(observedBudgets(node, [disk('/dev/nvme0n1', GIB), disk('/dev/nvme1n1', GIB)], null)).toEqual([]);
});
