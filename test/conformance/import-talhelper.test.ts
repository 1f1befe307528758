/** Imports of talhelper projects: they load, they render, and every difference from what talhelper makes has its reason. */
import { describe, expect, it } from 'vitest';
import { differencesOf, importProject, projectNames } from '../support/talhelper-import.ts';

/** Differences that change what a machine does; all others mean the same. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  variables: ['HostnameConfig hostname'],
  'several-machines': ['HostnameConfig auto', 'HostnameConfig hostname'],
};

const MANAGED = projectNames().filter((name) => name !== 'too-old');

describe.each(MANAGED)('the talhelper project %s', (name) => {
  it('S3-3 renders to what talhelper makes of it, but for what is listed', async () => {
    const project = await importProject(name);

    const differences = differencesOf(project);

    expect(differences.filter(({ reason }) => reason.startsWith('not explained'))).toEqual([]);
    const changes = new Set(
      differences.filter(({ isSameMeaning }) => !isSameMeaning).map(({ document, path }) => `${document} ${path}`),
    );
    expect([...changes]).toEqual(CHANGES[name] ?? []);
  });
});

it('imports a project of a Talos that is too old, which is then refused by name', async () => {
  const { cluster, findings, imported } = await importProject('too-old');

  expect(cluster?.talos).toBe('v1.9.5');
  expect(findings.find(({ rule }) => rule === 'talos-too-old')?.hint).toContain('talosctl');
  expect(imported.notes.map(({ place }) => place)).toContain('talconfig.yaml: talosVersion');
});

it('says in the file’s own words what they can say', async () => {
  const { imported, cluster } = await importProject('static-links');

  expect(imported.text).toContain('vip: 10.0.4.100');
  expect(imported.text).toContain('subnet: 10.0.4.0/24');
  expect(imported.text).toContain('serial: S6Z1NX0T000001');
  expect(cluster?.nodes[0]).toMatchObject({
    address: { kind: 'static', ip: '10.0.4.11', prefix: 24 },
    gateway: '10.0.4.1',
  });
  expect(cluster?.nodes[0]?.identity.macs).toEqual(['bc:24:11:00:01:01']);
});

it('names patch files instead of copying them, unless they hold variables', async () => {
  expect((await importProject('patches')).imported.text).toContain('"@patches/plain.yaml"');
  // A file that ends without a line break reads differently once it stands among others.
  expect((await importProject('patches')).imported.text).toContain('no line break at the end');
  expect((await importProject('variables')).imported.text).toContain('kernel.hostname_of: "home"');
});

it.each([
  ['variables', 'nodes[0].unknownKey', 'lost'],
  ['variables', 'nodes[0].hostname', 'changed'],
  ['images', 'nodes[1].machineSpec.bootMethod', 'lost'],
  ['several-machines', 'nodes[1].ignoreHostname', 'changed'],
  ['several-machines', 'nodes[1].filenameTmpl', 'lost'],
  ['several-machines', 'endpoint', 'changed'],
])('lists of %s what is not carried over as it was: %s', async (name, place, kind) => {
  const { notes } = (await importProject(name)).imported;

  expect(notes).toContainEqual(
    expect.objectContaining({ place: `talconfig.yaml: ${place}`, kind, reason: expect.stringMatching(/\w/) }),
  );
});

it('makes the same file every time', async () => {
  expect((await importProject('gpu-workers')).imported.text).toBe((await importProject('gpu-workers')).imported.text);
});
