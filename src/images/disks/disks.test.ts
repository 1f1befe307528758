import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderDiskBar } from './bar.ts';
import { planDiskBudget } from './budget.ts';
import type { BudgetVolume } from './budget.ts';
import { bothUnits } from './disk.ts';
import type { DiskFacts } from './disk.ts';
import { matchesGlob } from './expression.ts';
import { foreignContent } from './foreign.ts';
import { decideInstallDisk, lintInstallDiskSize } from './install-disk.ts';
import { describeResolvedDisk, resolveDiskSelector } from './selector.ts';

const GB = 10n ** 9n;
const GIB = 2n ** 30n;

const NVME: DiskFacts = {
  devPath: '/dev/nvme0n1',
  sizeBytes: 2_000_398_934_016n,
  readonly: false,
  cdrom: false,
  model: 'Samsung SSD 990 PRO 2TB',
  serial: 'S6Z1',
  wwid: 'eui.0025',
  transport: 'nvme',
  rotational: false,
  symlinks: ['/dev/disk/by-id/nvme-S6Z1'],
};
const SECOND: DiskFacts = {
  ...NVME,
  devPath: '/dev/nvme1n1',
  serial: 'S6Z2',
  wwid: 'eui.0026',
  symlinks: ['/dev/disk/by-id/nvme-S6Z2'],
};
const HDD: DiskFacts = {
  devPath: '/dev/sda',
  sizeBytes: 4_000_787_030_016n,
  readonly: false,
  cdrom: false,
  model: 'WDC WD40',
  serial: 'WD1',
  transport: 'sata',
  rotational: true,
};
const CDROM: DiskFacts = { devPath: '/dev/sr0', sizeBytes: 0, readonly: true, cdrom: true, transport: 'sata' };
const DISKS = [NVME, SECOND, HDD, CDROM];

function taken(
  selector: Parameters<typeof resolveDiskSelector>[0],
  systemDisk?: string | null,
): readonly string[] | string {
  const resolved = resolveDiskSelector(selector, { disks: DISKS, ...(systemDisk === undefined ? {} : { systemDisk }) });
  if (resolved.kind === 'one') return [resolved.disk.devPath];
  return resolved.kind === 'many' ? resolved.disks.map(({ devPath }) => devPath) : resolved.kind;
}

test.each([
  [{ serial: 'S6Z1' }, ['/dev/nvme0n1']],
  [{ serial: 'S6*' }, ['/dev/nvme0n1', '/dev/nvme1n1']],
  [{ wwid: 'eui.0026' }, ['/dev/nvme1n1']],
  [{ type: 'hdd' }, ['/dev/sda']],
  [{ type: 'nvme', size: '>= 3TB' }, 'none'],
  [{ size: '> 3TB' }, ['/dev/sda']],
  [{ size: '2000398934016', type: 'ssd' }, ['/dev/nvme0n1', '/dev/nvme1n1']],
  [{ size: 'huge' }, 'unknown'],
  [{ match: 'disk.rotational', serial: 'W*' }, ['/dev/sda']],
  ['disk.transport == "nvme" && disk.serial == "S6Z2"', ['/dev/nvme1n1']],
  ['disk.size > 2000u * GB && disk.size < 1900u * GiB', ['/dev/nvme0n1', '/dev/nvme1n1']],
  ["'/dev/disk/by-id/nvme-S6Z2' in disk.symlinks", ['/dev/nvme1n1']],
  ['disk.model.startsWith("WDC") || disk.serial == "S6Z1"', ['/dev/nvme0n1', '/dev/sda']],
  ['disk.rotational ? true : false', ['/dev/sda']],
] as const)('S1-34 F1-24 the selector %j takes %j', (selector, expected) => {
  expect(taken(selector)).toEqual(expected);
});

test('S4-63 system_disk keeps data volumes off the install disk, and is not certain before there is one', () => {
  expect(taken('disk.transport == "nvme" && !system_disk', '/dev/nvme0n1')).toEqual(['/dev/nvme1n1']);
  expect(taken('disk.transport == "nvme" && !system_disk', null)).toBe('unknown');
});

test.each([
  ['disk.size > 100 * GiB', 'a signed number against an unsigned one'],
  ['disk.transprot == "nvme"', 'a field that does not exist'],
  ['disk.rotational || disk.nosuch == 1', 'also behind an || that another evaluator would pass over'],
  ['disk.model', 'no true or false'],
  ['disk.serial ==', 'broken text'],
  ['volume.name == "xfs"', 'another environment'],
  ['', 'nothing'],
])('what Talos would refuse is not guessed at: %j, %s', (expression) => {
  expect(taken(expression)).toBe('unknown');
});

test('F0-1 a disk that the machine does not have is none, with the disks that it has', () => {
  const resolved = resolveDiskSelector({ serial: 'NOPE' }, { disks: DISKS });
  expect(describeResolvedDisk(resolved)).toMatch(
    /^no disk matches serial NOPE; there are \/dev\/nvme0n1: Samsung SSD 990 PRO 2TB, serial S6Z1, 2000\.4 GB \(1863\.0 GiB\); /,
  );
});

test('F3-19 two disks for one selector are many, and both are named', () => {
  expect(describeResolvedDisk(resolveDiskSelector({ type: 'nvme' }, { disks: DISKS }))).toMatch(
    /^2 disks match: .*nvme0n1.*nvme1n1/,
  );
});

test('F3-18 transport scsi matches no virtio disk', () => {
  const virtio = { ...NVME, devPath: '/dev/vda', transport: 'virtio' };
  expect(resolveDiskSelector('disk.transport == "scsi"', { disks: [virtio] }).kind).toBe('none');
});

test.each([
  ['S6*', 'S6Z1', true],
  ['S6?1', 'S6Z1', true],
  ['*', 'a/b', false],
  ['[a-c]1', 'b1', true],
  ['[^a]1', 'a1', false],
  ['a.b', 'axb', false],
  ['\\*', '*', true],
])('the pattern %j and %j: %j', (pattern, value, expected) => {
  expect(matchesGlob(pattern, value)).toBe(expected);
});

const partition = { devPath: '/dev/sda1', kind: 'partition', parentDevPath: '/dev/sda', sizeBytes: 10n * GIB } as const;

test.each([
  [
    'F1-28 Talos of another cluster',
    { ...partition, name: 'xfs', partitionLabel: 'STATE' },
    'Talos of another cluster on /dev/sda1 (STATE)',
  ],
  ['F1-29 LVM', { ...partition, name: 'lvm2-pv' }, 'LVM on /dev/sda1'],
  ['F1-29 Ceph', { ...partition, devPath: '/dev/sda', kind: 'disk', name: 'bluestore' }, 'Ceph OSD on /dev/sda'],
  ['F1-29 ZFS', { ...partition, name: 'zfs', label: 'tank' }, 'ZFS pool on /dev/sda1 (tank)'],
  [
    'F0-1 Windows',
    { ...partition, name: 'ntfs', partitionLabel: 'Basic data partition' },
    'Windows on /dev/sda1 (Basic data partition)',
  ],
  [
    'Windows, by the type of its reserved partition',
    { ...partition, partitionType: 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE' },
    'Windows on /dev/sda1',
  ],
  ['an unknown partition', partition, 'a partition of unknown content on /dev/sda1'],
] as const)('%s on a disk is named', (_name, volume, text) => {
  const other = { ...partition, devPath: '/dev/sdb1', parentDevPath: '/dev/sdb', name: 'ntfs' };
  expect(foreignContent('/dev/sda', [volume, other], { isOwn: false }).map((content) => content.text)).toEqual([text]);
});

test('an empty disk and the own installation are not foreign, a volume of nobody on it is', () => {
  const own = ['META', 'STATE', 'EPHEMERAL', 'u-data'].map((partitionLabel) => ({
    ...partition,
    name: 'xfs',
    partitionLabel,
  }));
  expect(foreignContent('/dev/sda', [{ devPath: '/dev/sda', kind: 'disk', name: 'gpt' }], { isOwn: false })).toEqual(
    [],
  );
  expect(foreignContent('/dev/sda', own, { isOwn: true, ownLabels: ['u-data'] })).toEqual([]);
  expect(foreignContent('/dev/sda', [{ ...partition, name: 'lvm2-pv' }], { isOwn: true })).toHaveLength(1);
});

const UEFI = { talos: 'v1.13.9', layout: 'sd-boot', ephemeral: { maxSizeBytes: 100n * GIB } } as const;
const SETUP: readonly BudgetVolume[] = [
  { name: 'local-path-provisioner', minSizeBytes: 1405n * GB, maxSizeBytes: 1405n * GB },
  { name: 'blockfile-scratch', minSizeBytes: 500n * GB, maxSizeBytes: 500n * GB },
];

test('S1-28 the volumes of the setup do not fit a "2 TB" disk, to the byte, and fit one of 2.048 TB', () => {
  const budget = planDiskBudget({ diskSizeBytes: 2_000_398_934_016n, system: UEFI, volumes: SETUP });
  const needed = budget.partitions.reduce((sum, { neededBytes }) => sum + neededBytes, 0n);

  // The setup says 2014.5 GB and 14.1 GB short: it took 2.1 GB for Talos' own partitions, which have 2202 MiB (2.3 GB).
  expect(needed).toBe(2_014_683_146_752n);
  expect(needed - 2202n * 2n ** 20n + 21n * 10n ** 8n).toBe(2_014_474_182_400n);
  expect([budget.fits, budget.overByBytes]).toEqual([false, 2_014_683_146_752n + 2n * 2n ** 20n - 2_000_398_934_016n]);
  expect(budget.findings).toMatchObject([
    {
      rule: 'disk-over-committed',
      message: '2014.7 GB (1876.3 GiB) do not fit on 2000.4 GB (1863.0 GiB): short by 14.3 GB (13.3 GiB)',
      hint: 'u-blockfile-scratch could have 485.7 GB (452.4 GiB) at most.',
    },
  ]);
  expect(planDiskBudget({ diskSizeBytes: 2048n * GB, system: UEFI, volumes: SETUP })).toMatchObject({
    fits: true,
    overByBytes: 0n,
    findings: [],
  });
});

test('S1-30 EPHEMERAL without a cap takes the disk before any volume: an error', () => {
  const budget = planDiskBudget({
    diskSizeBytes: 500n * GB,
    system: { talos: 'v1.13.9', layout: 'sd-boot' },
    volumes: [{ name: 'data', minSizeBytes: GB }],
  });
  expect(budget.findings).toMatchObject([{ severity: 'error', rule: 'ephemeral-takes-all' }]);
  expect(budget.fits).toBe(false);
});

test('S1-29 sizes stand in GB and GiB side by side', () => {
  expect(bothUnits(100n * GIB)).toBe('107.4 GB (100.0 GiB)');
});

test('the system partitions follow version and boot loader', () => {
  const sum = (talos: string, layout: 'sd-boot' | 'grub'): bigint =>
    planDiskBudget({ diskSizeBytes: 100n * GIB, system: { talos, layout }, volumes: [] })
      .partitions.filter(({ kind }) => kind === 'system')
      .reduce((total, { sizeBytes }) => total + sizeBytes, 0n) /
    2n ** 20n;
  expect([
    sum('v1.11.0', 'sd-boot'),
    sum('v1.10.9', 'sd-boot'),
    sum('v1.11.0', 'grub'),
    sum('v1.10.9', 'grub'),
    sum('v1.9.6', 'sd-boot'),
  ]).toEqual([2202n, 1202n, 2202n, 1202n, 1202n]);
});

test('S1-34 volumes are made in the order of Talos: those that do not grow, smaller first, then by name', () => {
  const volumes: readonly BudgetVolume[] = [
    { name: 'open' },
    { name: 'grows', maxSizeBytes: GB, grow: true },
    { name: 'b', maxSizeBytes: 2n * GB },
    { name: 'a', maxSizeBytes: 2n * GB },
    { name: 'small', maxSizeBytes: GB },
  ];
  expect(planDiskBudget({ diskSizeBytes: 100n * GB, volumes }).partitions.map(({ label }) => label)).toEqual([
    'u-small',
    'u-a',
    'u-b',
    'u-open',
    'u-grows',
  ]);
});

const volumesOf = fc.array(
  fc.record({
    name: fc.stringMatching(/^[a-z]{1,6}$/),
    minSizeBytes: fc.bigInt({ min: 1n, max: 300n * GB }),
    maxSizeBytes: fc.option(fc.bigInt({ min: 1n, max: 400n * GB }), { nil: undefined }),
  }),
  { maxLength: 5 },
);

test('a budget never gives away more than the disk has, and fits exactly when every part gets what it needs', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 8n * GB, max: 1000n * GB }), volumesOf, (diskSizeBytes, volumes) => {
      const budget = planDiskBudget({ diskSizeBytes, system: UEFI, volumes });
      const given = budget.partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, budget.overheadBytes);
      expect(given + budget.freeBytes).toBe(diskSizeBytes);
      expect(budget.fits).toBe(budget.partitions.every(({ sizeBytes, neededBytes }) => sizeBytes >= neededBytes));
      expect(budget.fits).toBe(budget.overByBytes === 0n);
    }),
  );
});

test('a bar is as wide as asked for, whatever is on the disk', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 8n * GB, max: 1000n * GB }),
      volumesOf,
      fc.integer({ min: 20, max: 120 }),
      (diskSizeBytes, volumes, width) => {
        const budget = planDiskBudget({ diskSizeBytes, system: UEFI, volumes });
        const { bar } = renderDiskBar(budget, width);
        expect([...bar]).toHaveLength(width);
        expect(bar.includes('!')).toBe(!budget.fits);
      },
    ),
  );
});

test('a bar shows the parts, and how much is missing', () => {
  const fitting = renderDiskBar(planDiskBudget({ diskSizeBytes: 2048n * GB, system: UEFI, volumes: SETUP }), 40);
  expect(fitting.bar).toBe(`▓▒${'█'.repeat(10)}${'▞'.repeat(27)}·`);
  expect(fitting.legend.at(-1)).toBe('· free 33.3 GB (31.0 GiB)');
  const over = renderDiskBar(planDiskBudget({ diskSizeBytes: 2_000_398_934_016n, system: UEFI, volumes: SETUP }), 40);
  expect(over.bar.endsWith('!')).toBe(true);
  expect(over.legend.at(-1)).toBe('! short by 14.3 GB (13.3 GiB)');
});

test('F3-17 F0-19 a disk that is tight for its role is warned about, one too small to install on is an error', () => {
  const rule = (gib: bigint, role: 'controlplane' | 'worker', holdsStorage = false): string | undefined =>
    lintInstallDiskSize({ disk: { ...NVME, sizeBytes: gib * GIB }, role, holdsStorage })[0]?.rule;

  expect([
    rule(5n, 'worker'),
    rule(8n, 'worker'),
    rule(32n, 'worker'),
    rule(32n, 'controlplane'),
    rule(64n, 'worker'),
    rule(64n, 'worker', true),
    rule(128n, 'worker', true),
  ]).toEqual([
    'install-disk-too-small',
    'install-disk-small',
    'install-disk-tight',
    undefined,
    undefined,
    'install-disk-tight',
    undefined,
  ]);
});

const STATE = {
  devPath: '/dev/nvme0n1p3',
  kind: 'partition',
  parentDevPath: '/dev/nvme0n1',
  name: 'xfs',
  partitionLabel: 'STATE',
} as const;

test('F1-21 an install disk other than the one Talos runs from is a mismatch', () => {
  expect(
    decideInstallDisk(SECOND, { volumes: [], systemDisk: '/dev/nvme0n1', ownership: { isOwn: true } }),
  ).toMatchObject({ kind: 'mismatch', text: expect.stringContaining('Talos runs from /dev/nvme0n1') });
});

test('F1-28 F1-29 a disk with data that is not of this cluster needs its name typed', () => {
  const decide = (
    volumes: Parameters<typeof decideInstallDisk>[1]['volumes'],
    systemDisk: string | null,
    isOwn: boolean,
  ): string => decideInstallDisk(NVME, { volumes, systemDisk, ownership: { isOwn } }).kind;

  expect(decide([], null, false)).toBe('free');
  expect(decide([STATE], '/dev/nvme0n1', true)).toBe('free');
  expect(decide([STATE], '/dev/nvme0n1', false)).toBe('confirm');
  expect(decide([STATE], null, true)).toBe('confirm');
  expect(
    decideInstallDisk(NVME, {
      volumes: [{ ...STATE, name: 'zfs', partitionLabel: '' }],
      systemDisk: null,
      ownership: { isOwn: false },
    }),
  ).toMatchObject({ text: expect.stringMatching(/serial S6Z1.* holds ZFS pool on \/dev\/nvme0n1p3$/) });
});
