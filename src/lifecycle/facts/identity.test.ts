import { describe, expect, test } from 'vitest';
import { smallCluster } from '../../../test/support/small-cluster.ts';
import type { Identity, NodeSpec } from '../../spec/model.ts';
import { compareIdentity } from './identity.ts';

function node(identity: Identity): NodeSpec {
  const [first] = smallCluster({ controlPlanes: 1, nodes: { 'cp-1': { identity } } }).nodes;
  if (first === undefined) throw new Error('no node');
  return first;
}

const machine = {
  macs: ['00:23:24:00:00:01', '00:23:24:00:00:02'],
  uuid: '4c4c4544-0000-1000-8000-000000000001',
  serial: 'ABC123',
};

describe('compareIdentity', () => {
  test.each([
    ['one of its MACs', { macs: ['00:23:24:00:00:02'] }],
    ['a MAC in capitals', { macs: ['00:23:24:00:00:02'.toUpperCase()] }],
    ['one MAC of several', { macs: ['00:23:24:00:00:01', '00:23:24:99:99:99'] }],
    ['its UUID in capitals', { macs: [], uuid: machine.uuid.toUpperCase() }],
    ['its serial number', { macs: [], serial: 'ABC123' }],
    ['all of them', { macs: ['00:23:24:00:00:01'], uuid: machine.uuid, serial: 'ABC123' }],
  ])('is the same by %s', (_, identity) => {
    expect(compareIdentity(node(identity), machine).kind).toBe('same');
  });

  test.each([
    ['another MAC', { macs: ['00:23:24:00:00:03'] }],
    [
      'another UUID although the MAC fits',
      { macs: ['00:23:24:00:00:01'], uuid: '4c4c4544-0000-1000-8000-000000000002' },
    ],
    ['another serial number', { macs: [], serial: 'XYZ' }],
  ])('is another one by %s', (_, identity) => {
    expect(compareIdentity(node(identity), machine)).toMatchObject({
      kind: 'other',
      why: expect.stringContaining('the spec says'),
    });
  });

  test('is unknown when the spec says nothing that a machine could be known by', () => {
    expect(compareIdentity(node({ macs: [], vmid: 301 }), machine).kind).toBe('unknown');
  });
});
