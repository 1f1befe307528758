import { expect, test } from 'vitest';
import { documentTable, isNewerThanKnown, shapeOf, TALOS_MINORS, talosMinorOf } from './tables.ts';

test('every minor knows the legacy document and its own kinds', () => {
  const counts = TALOS_MINORS.map((minor) => documentTable(minor).kinds.size);

  expect(counts).toEqual([18, 37, 45, 90]);
  for (const minor of TALOS_MINORS) expect(documentTable(minor).kinds.get('v1alpha1')?.root).toBe('v1alpha1.Config');
});

test('fields stand in the order of writing, with the inlined ones in their place', () => {
  const table = documentTable('1.14');
  const keys = table.types.get('block.UserVolumeConfigV1Alpha1')?.fields.map((field) => field.key);

  expect(keys).toEqual([
    'apiVersion',
    'kind',
    'name',
    'volumeType',
    'provisioning',
    'filesystem',
    'encryption',
    'mount',
    'trim',
    'scrub',
  ]);
});

test('a type is followed through pointers, and merge rules and enumerations are kept', () => {
  const table = documentTable('1.13');
  const rule = table.types.get('network.RuleConfigV1Alpha1');
  const bond = table.types.get('network.BondConfigV1Alpha1')?.fields.find((field) => field.key === 'bondMode');

  expect(rule?.fields.find((field) => field.key === 'ingress')?.replace).toBe(true);
  expect(bond === undefined ? [] : shapeOf(table, bond.type)?.values).toContain('802.3ad');
  expect(table.types.get('v1alpha1.Unstructured')?.rest).toEqual({ kind: 'any' });
});

test('every type that a field names is in the table', () => {
  for (const minor of TALOS_MINORS) {
    const table = documentTable(minor);
    for (const shape of table.types.values()) {
      for (const field of shape.fields)
        expect(
          JSON.stringify(field.type).includes('"named"')
            ? named(field.type).every((name) => table.types.has(name))
            : true,
        ).toBe(true);
    }
  }
});

test('versions are mapped to minors, newer ones are told apart from older ones', () => {
  expect(['v1.11.0', '1.14.1', 'v1.12', 'v1.15.0', 'v1.10.9', 'main'].map(talosMinorOf)).toEqual([
    '1.11',
    '1.14',
    '1.12',
    undefined,
    undefined,
    undefined,
  ]);
  expect(['v1.15.0-alpha.0', 'v2.0.0', 'v1.14.9', 'v1.10.0'].map(isNewerThanKnown)).toEqual([true, true, false, false]);
});

function named(type: unknown): string[] {
  return [...JSON.stringify(type).matchAll(/"kind":"named","name":"([^"]+)"/g)].map((match) => match[1] ?? '');
}
