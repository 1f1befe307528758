import { describe, expect, test } from 'vitest';
import { installDiskText, resolveInstallDisk } from './install-disk.ts';
import type { ObservedDisk } from './observation.ts';

function disk(name: string, more: Partial<ObservedDisk> = {}): ObservedDisk {
  return {
    name,
    devPath: `/dev/${name}`,
    sizeBytes: 1e12,
    readonly: false,
    cdrom: false,
    transport: 'ata',
    contents: [],
    ...more,
  };
}

const disks = [
  disk('sda', { model: 'Samsung SSD 870', serial: 'S6Z1', rotational: false }),
  disk('sdb', { model: 'WDC WD40', serial: 'WX11', rotational: true }),
  disk('nvme0n1', { transport: 'nvme', serial: '2TB1' }),
  disk('sr0', { cdrom: true, transport: 'virtio' }),
];

describe('installDiskText', () => {
  test('names model, serial number, size and what is on the disk', () => {
    expect(installDiskText({ disk: { serial: 'S6Z1' }, wipe: false }, disks)).toBe(
      '/dev/sda: Samsung SSD 870, serial S6Z1, 1000.0 GB (931.3 GiB); nothing is on it',
    );
  });

  test('is silent where it is not sure which disk it will be', () => {
    expect(installDiskText({ disk: { type: 'hdd' }, wipe: false }, [...disks, disk('sdc', { rotational: true })])).toBe(
      undefined,
    );
  });
});

describe('resolveInstallDisk', () => {
  test.each([
    [{ serial: 'S6Z*' }, '/dev/sda'],
    [{ type: 'nvme' as const }, '/dev/nvme0n1'],
    [{ type: 'hdd' as const }, '/dev/sdb'],
    [{ model: 'WDC*', type: 'hdd' as const }, '/dev/sdb'],
    [{ name: '/dev/sda' }, '/dev/sda'],
    [{ match: 'disk.transport == "nvme"' }, '/dev/nvme0n1'],
  ])('%j selects %s', (selector, devPath) => {
    expect(resolveInstallDisk({ disk: selector, wipe: false }, disks)).toMatchObject({
      kind: 'found',
      disk: { devPath },
    });
  });

  test('a selector that fits several disks says which', () => {
    expect(resolveInstallDisk({ disk: { type: 'ssd' }, wipe: false }, disks)).toMatchObject({
      kind: 'ambiguous',
      disks: [{ name: 'sda' }, { name: 'nvme0n1' }],
    });
  });

  test('F0-1 a device that is not there lists the disks that are, without read-only ones', () => {
    const result = resolveInstallDisk({ device: '/dev/vda', wipe: false }, disks);

    expect(result).toMatchObject({
      kind: 'missing',
      why: expect.stringContaining('/dev/sda: Samsung SSD 870, serial S6Z1'),
    });
    expect(result).not.toMatchObject({ why: expect.stringContaining('sr0') });
  });

  test('what only Talos can judge is not judged', () => {
    expect(resolveInstallDisk({ disk: { match: 'disk.' }, wipe: false }, disks).kind).toBe('unjudged');
    expect(resolveInstallDisk({ wipe: false }, disks).kind).toBe('unjudged');
    expect(resolveInstallDisk({ device: '/dev/disk/by-id/x', wipe: false }, disks).kind).toBe('unjudged');
  });
});
