import { describe, expect, it } from 'vitest';
import type { DiskSelector } from '../spec/model.ts';
import { diskExpression, installDiskSelector } from './disk-expression.ts';

describe('disk selectors', () => {
  it.each<[DiskSelector, string]>([
    [{ serial: 'S6Z1' }, 'disk.serial == "S6Z1" && disk.transport != "" && !disk.readonly && !disk.cdrom'],
    [
      { type: 'nvme', serial: '2TB1' },
      'disk.serial == "2TB1" && disk.transport != "" && disk.transport == "nvme" && !disk.readonly && !disk.cdrom',
    ],
    [
      { size: '>= 100GB', type: 'ssd' },
      'disk.size >= 100u * GB && disk.transport != "" && !disk.rotational && !disk.readonly && !disk.cdrom',
    ],
    [{ wwid: 'naa.5000*' }, 'glob("naa.5000*", disk.wwid) && disk.transport != "" && !disk.readonly && !disk.cdrom'],
    [{ match: 'disk.transport == "sata"' }, 'disk.transport == "sata"'],
  ])('writes %o in CEL', (selector, expression) => {
    expect(diskExpression(selector)).toBe(expression);
  });

  it('refuses a size that is no comparison', () => {
    expect(() => diskExpression({ size: 'about 1TB' })).toThrow('not a comparison');
  });

  it('says when the legacy selector cannot express it', () => {
    expect(installDiskSelector({ type: 'virtio' })).toBeUndefined();
    expect(installDiskSelector({ type: 'nvme', wwid: 'x*' })).toEqual({ type: 'nvme', wwid: 'x*' });
  });
});
