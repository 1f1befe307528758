import fc from 'fast-check';
import { expect, test } from 'vitest';
import { load, loadSound } from '../../test/support/cluster-file.ts';
import { hasErrors } from './load.ts';
import { renderTemplate } from './template.ts';

test('the template loads; what is left to fill in is warned of, and nothing else', async () => {
  const { cluster, findings } = await load(renderTemplate({ name: 'homelab', controlPlanes: 3, workers: 2 }));

  expect(cluster?.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
    'cp-1 controlplane',
    'cp-2 controlplane',
    'cp-3 controlplane',
    'worker-1 worker',
    'worker-2 worker',
  ]);
  expect(new Set(findings.map(({ severity, rule }) => `${severity} ${rule}`))).toEqual(
    new Set(['warning placeholder-left']),
  );
  expect(findings).toHaveLength(10);
});

test('its first line tells editors where the schema is', () => {
  expect(renderTemplate({ name: 'a', controlPlanes: 1, workers: 0 }).split('\n')[0]).toBe(
    '# yaml-language-server: $schema=https://unpkg.com/ichor/schema/cluster.schema.json',
  );
});

test('one machine gets no VIP and carries workloads', async () => {
  const cluster = await loadSound(renderTemplate({ name: 'one', controlPlanes: 1, workers: 0, subnet: '10.9.0.0/24' }));

  expect(cluster.network.vip).toBeUndefined();
  expect(cluster.endpoint.url).toBe('https://10.9.0.11:6443');
  expect(cluster.scheduleOnControlPlanes).toBe(true);
});

test('what is known of machines is written, and then there is no finding', async () => {
  const machine = (index: number) => ({
    name: `m${index}`,
    address: `10.0.4.${100 + index}`,
    mac: `00:23:24:00:00:0${index}`,
    diskSerial: `123${index}`,
  });
  const text = renderTemplate({
    name: 'known',
    controlPlanes: [machine(1), machine(2), machine(3)],
    workers: [machine(4)],
    subnet: '10.0.4.0/24',
    vip: '10.0.4.100',
    talos: '1.12.11',
  });
  const { cluster, findings } = await load(text);

  expect(findings.filter(({ rule }) => rule !== 'talos-known-bad')).toEqual([]);
  expect(cluster).toMatchObject({ talos: 'v1.12.11', kubernetes: 'v1.35.4', endpoint: { host: '10.0.4.100' } });
  expect(cluster?.nodes[3]).toMatchObject({ name: 'm4', install: { disk: { serial: '1234' } } });
});

test('no control plane, and a subnet without room, are refused', () => {
  expect(() => renderTemplate({ name: 'a', controlPlanes: 0, workers: 1 })).toThrow('needs a control plane');
  expect(() => renderTemplate({ name: 'a', controlPlanes: 3, workers: 0, subnet: '10.0.0.0/29' })).toThrow('no room');
});

test('any number of machines in any private subnet loads', async () => {
  const subnet = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
    .map(([a, b]) => `192.168.${a ^ b}.0/24`);
  await fc.assert(
    fc.asyncProperty(
      subnet,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 40 }),
      async (net, controlPlanes, workers) => {
        const { findings } = await load(renderTemplate({ name: 'any', controlPlanes, workers, subnet: net }));
        return !hasErrors(findings);
      },
    ),
    { numRuns: 25 },
  );
});
