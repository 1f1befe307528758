import { describe, expect, it } from 'vitest';
import { makeMachine } from '../../../test/contract/sim-support.ts';
import type { InstallWish } from './config.ts';
import { chooseDisk } from './disk-selector.ts';
import { newMachine } from './state.ts';

const MACHINE = newMachine(
  makeMachine(1, {
    disks: [
      { name: 'sda', sizeBytes: 32e9, transport: 'usb', model: 'Stick', serial: 'U1' },
      { name: 'sdb', sizeBytes: 4e12, transport: 'ata', model: 'WD Red', serial: 'H1', rotational: true },
      { name: 'nvme0n1', sizeBytes: 1e12, transport: 'nvme', model: 'Samsung 990', serial: 'N1' },
    ],
  }),
);

function choose(wish: Partial<InstallWish>): string | undefined {
  const choice = chooseDisk(MACHINE, { wipe: false, isUnattended: false, reboots: true, ...wish });
  return choice.kind === 'found' ? choice.disk.name : undefined;
}

describe('the disk that an install wish means', () => {
  it.each<readonly [string, Partial<InstallWish>, string | undefined]>([
    ['a device', { device: '/dev/sdb' }, 'sdb'],
    ['a device that is not there', { device: '/dev/vda' }, undefined],
    ['a udev name', { device: '/dev/disk/by-id/nvme-Samsung_990_N1' }, 'nvme0n1'],
    ['a type', { selector: { type: 'nvme' } }, 'nvme0n1'],
    ['a spinning disk', { selector: { type: 'hdd' } }, 'sdb'],
    ['a model with a star', { selector: { model: 'Samsung*' } }, 'nvme0n1'],
    ['a size at least', { selector: { size: '>= 500GB' } }, 'sdb'],
    ['a size at most', { selector: { size: '<= 64GB' } }, 'sda'],
    ['type and serial that do not go together', { selector: { type: 'nvme', serial: 'H1' } }, undefined],
    ['an expression', { match: 'disk.transport == "nvme" && !system_disk' }, 'nvme0n1'],
    ['an expression with a size', { match: 'disk.size > 500u * GB && !disk.rotational' }, 'nvme0n1'],
    ['an expression with a glob', { match: 'glob("WD*", disk.model)' }, 'sdb'],
    ['an expression by path', { match: 'disk.dev_path == "/dev/sda"' }, 'sda'],
    ['an expression that cannot be evaluated', { match: 'disk.nosuch == 1' }, undefined],
  ])('%s', (_, wish, expected) => {
    expect(choose(wish)).toBe(expected);
  });

  it('a disk that has gone is not chosen', () => {
    const choice = chooseDisk(
      { ...MACHINE, missingDisks: ['sdb'] },
      { device: '/dev/sdb', wipe: false, isUnattended: false, reboots: true },
    );

    expect(choice).toMatchObject({ kind: 'missing' });
  });
});
