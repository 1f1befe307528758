import { describe, expect, it } from 'vitest';
import { smallCluster } from '../../../test/support/small-cluster.ts';
import type { DiskSelector, NodeSpec } from '../../spec/model.ts';
import { installSetting } from './install.ts';

function nodeOn(disk: DiskSelector): NodeSpec {
  const [node] = smallCluster({ controlPlanes: 1 }).nodes;
  if (node === undefined) throw new Error('the cluster has no node');
  return { ...node, install: { disk, wipe: false } };
}

const installOf = (disk: DiskSelector) => installSetting(nodeOn(disk), 'img', '1.13').fragments[0]?.['machine'];

describe('the install disk before 1.14', () => {
  it('is named, or selected', () => {
    expect(installOf({ name: '/dev/sda' })).toMatchObject({ install: { disk: '/dev/sda' } });
    expect(installOf({ serial: 'S1' })).toMatchObject({ install: { diskSelector: { serial: 'S1' } } });
  });

  it('of type virtio is found by its bus path, with all that is asked besides', () => {
    expect(installOf({ type: 'virtio', size: '> 5GB' })).toMatchObject({
      install: { diskSelector: { size: '> 5GB', busPath: '/pci*/virtio*' } },
    });
    expect(installOf({ type: 'virtio', busPath: '/pci*/virtio1' })).toMatchObject({
      install: { diskSelector: { busPath: '/pci*/virtio1' } },
    });
  });

  it('never loses a condition silently', () => {
    expect(() => installOf({ name: '/dev/sda', serial: 'S1' })).toThrow('a name and serial');
  });
});
