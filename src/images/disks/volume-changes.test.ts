import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planVolumeChanges } from './volume-changes.ts';
import type { PresentVolume, WantedVolume } from './volume-changes.ts';

const GB = 10n ** 9n;
const PRESENT: PresentVolume = {
  id: 'u-data',
  sizeBytes: 500n * GB,
  diskDevPath: '/dev/nvme0n1',
  filesystem: 'xfs',
  isEncrypted: false,
};
const WANTED: WantedVolume = {
  id: 'u-data',
  minSizeBytes: 500n * GB,
  maxSizeBytes: 500n * GB,
  grow: false,
  diskDevPath: '/dev/nvme0n1',
  filesystem: 'xfs',
  isEncrypted: false,
};

function change(wanted: Partial<WantedVolume>, present: Partial<PresentVolume> = {}): string {
  const [first] = planVolumeChanges([{ ...PRESENT, ...present }], [{ ...WANTED, ...wanted }], 'worker');
  return first === undefined ? 'nothing' : `${first.kind}: ${first.text}`;
}

test('a volume that is as wanted takes nothing, a new one is made, one no longer wanted is left with its data', () => {
  expect(change({})).toBe('nothing');
  expect(planVolumeChanges([], [WANTED], 'worker')).toMatchObject([
    { kind: 'create', text: 'u-data is made with 500.0 GB (465.7 GiB)' },
  ]);
  expect(planVolumeChanges([PRESENT, { ...PRESENT, id: 'STATE' }], [], 'worker')).toMatchObject([
    { kind: 'leave', id: 'u-data' },
  ]);
});

test('S1-32 a smaller size destroys the volume, and says so by its name', () => {
  expect(change({ minSizeBytes: 400n * GB, maxSizeBytes: 400n * GB })).toBe(
    'destroys: destroys u-data: it has 500.0 GB (465.7 GiB) and is to have 400.0 GB (372.5 GiB) at most, and Talos never shrinks a partition',
  );
});

test.each<[string, Partial<WantedVolume>, RegExp]>([
  ['another disk', { diskDevPath: '/dev/sda' }, /it is on \/dev\/nvme0n1 and is to be on \/dev\/sda/],
  ['encryption', { isEncrypted: true }, /it is to be encrypted/],
  ['another file system', { filesystem: 'ext4' }, /it has xfs and is to have ext4/],
  ['a larger minimum without growing', { minSizeBytes: 600n * GB, maxSizeBytes: 600n * GB }, /it does not grow/],
  [
    'a larger minimum without space',
    { minSizeBytes: 600n * GB, maxSizeBytes: 600n * GB, grow: true },
    /not enough free space directly behind it/,
  ],
])('%s destroys it as well', (_name, wanted, text) => {
  expect(change(wanted)).toMatch(/^destroys: /);
  expect(change(wanted)).toMatch(text);
});

test('growing takes the free space directly behind, up to the maximum', () => {
  expect(change({ maxSizeBytes: 800n * GB, grow: true }, { freeBehindBytes: 200n * GB })).toBe(
    'grow: u-data grows from 500.0 GB (465.7 GiB) to 700.0 GB (651.9 GiB) at the next boot',
  );
  expect(change({ maxSizeBytes: 600n * GB, grow: true }, { freeBehindBytes: 200n * GB })).toMatch(/to 600\.0 GB/);
  expect(change({ maxSizeBytes: 800n * GB, grow: true })).toBe('nothing');
});

test('F1-22 EPHEMERAL is made smaller by dropping its partition from maintenance, on a control plane after leaving etcd', () => {
  const ephemeral = { ...PRESENT, id: 'EPHEMERAL' };
  const smaller = { ...WANTED, id: 'EPHEMERAL', minSizeBytes: undefined, maxSizeBytes: 100n * GB };
  const [controlplane] = planVolumeChanges([ephemeral], [smaller], 'controlplane');
  const [worker] = planVolumeChanges([ephemeral], [smaller], 'worker');

  const steps = controlplane?.kind === 'destroys' ? controlplane.procedure : [];
  expect(steps.findIndex((step) => step.startsWith('leave etcd'))).toBeLessThan(
    steps.findIndex((step) => step.includes('drop the partition')),
  );
  expect(steps.at(-1)).toBe('wait until etcd on it is a voter again');
  expect(worker?.kind === 'destroys' && worker.procedure.join(' ')).not.toMatch(/etcd/);
});

test('S1-33 a user volume is remade by its label', () => {
  const [remade] = planVolumeChanges([PRESENT], [{ ...WANTED, isEncrypted: true }], 'worker');
  expect(remade?.kind === 'destroys' && remade.procedure).toContain('reset u-data by its label and drop its partition');
});

test('nothing is ever destroyed for a volume that already satisfies what is wanted', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: GB, max: 900n * GB }),
      fc.bigInt({ min: 0n, max: 90n * GB }),
      fc.bigInt({ min: 0n, max: 90n * GB }),
      fc.boolean(),
      (size, below, above, grow) => {
        const wanted = { ...WANTED, minSizeBytes: size > below ? size - below : 0n, maxSizeBytes: size + above, grow };
        return planVolumeChanges([{ ...PRESENT, sizeBytes: size }], [wanted], 'worker').every(
          ({ kind }) => kind === 'grow',
        );
      },
    ),
  );
});
