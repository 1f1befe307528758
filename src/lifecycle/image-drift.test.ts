import { expect, test } from 'vitest';
import type { WantedImage } from '../images/drift.ts';
import { imageDifference, nodeImageDrift } from './image-drift.ts';
import { read, unread, type NodeFacts, type NodeObservation } from './observation.ts';

const WANTED: WantedImage = {
  talos: 'v1.13.9',
  schematicId: 'a'.repeat(64),
  extensions: ['amdgpu', 'tailscale'],
  installer: `factory.talos.dev/metal-installer/${'a'.repeat(64)}:v1.13.9`,
};

function observed(facts: Partial<NodeFacts>, kind: 'secure' | 'maintenance' = 'secure'): NodeObservation {
  const none = unread<never>('not asked');
  return {
    node: 'w-1',
    reached: { kind, address: '10.0.4.111' },
    facts: {
      identity: none,
      talos: read('v1.13.9', 'Version'),
      stage: none,
      bootId: none,
      schematic: read('a'.repeat(64), 'ExtensionStatuses'),
      extensions: read(['amdgpu', 'tailscale'], 'ExtensionStatuses'),
      disks: none,
      links: none,
      systemDisk: read({ devPath: '/dev/sda' }, 'SystemDisk'),
      config: none,
      etcd: none,
      services: none,
      addresses: none,
      kubernetesNode: none,
      ...facts,
    },
  };
}

test('a node that runs what is wanted is the same', () => {
  expect(nodeImageDrift(observed({}), WANTED)).toEqual({ kind: 'same' });
  expect(imageDifference(observed({}), WANTED)).toBeUndefined();
});

test('S1-6 another schematic in the same version takes an upgrade, and the extensions are told apart', () => {
  const other = observed({ schematic: read('b'.repeat(64), 'x'), extensions: read(['amdgpu', 'gvisor'], 'x') });
  const found = nodeImageDrift(other, WANTED);

  expect(found.kind === 'differs' && found.drift.text).toEqual([
    'schematic bbbbbbbbbbbb → aaaaaaaaaaaa',
    'extensions +tailscale −gvisor',
  ]);
  expect(imageDifference(other, WANTED)).toMatchObject({
    node: 'w-1',
    differences: [{ document: 'image', path: 'schematic', change: 'changed' }],
  });
});

test('S0-64 a config that names the wanted installer already changes nothing, and that is said', () => {
  const config = read({ digest: 'x', wantedDigest: 'x', differences: [] }, 'MachineConfigs');
  const found = nodeImageDrift(observed({ schematic: read('b'.repeat(64), 'x'), config }), WANTED);

  expect(found.kind === 'differs' && found.drift.reasons.map(({ kind }) => kind)).toEqual(['schematic', 'config-only']);
});

test('what was not read is unknown, never the same', () => {
  expect(nodeImageDrift(observed({ extensions: unread('timeout') }), WANTED)).toEqual({
    kind: 'unknown',
    why: 'timeout',
  });
  expect(nodeImageDrift(observed({}, 'maintenance'), WANTED).kind).toBe('unknown');
  expect(nodeImageDrift(observed({ systemDisk: read(null, 'SystemDisk') }), WANTED).kind).toBe('unknown');
});

test('of an installer of one’s own only the version is compared', () => {
  const own = { ...WANTED, installer: 'registry.example/installer:v1.13.9' };

  expect(nodeImageDrift(observed({ schematic: read('b'.repeat(64), 'x') }), own)).toEqual({ kind: 'same' });
  expect(nodeImageDrift(observed({ talos: read('v1.13.5', 'Version') }), own).kind).toBe('differs');
});
