import { describe, expect, test } from 'vitest';
import { runControl } from './control.ts';
import type { MachineDefinition } from './definition.ts';
import { createSimulation } from './simulation.ts';
import { createVirtualClock } from './virtual-clock.ts';

const MACHINE: MachineDefinition = {
  name: 'cp-1',
  uuid: '4c4c4544-0000-4000-8000-000000000001',
  serial: 'SN1',
  links: [{ name: 'eth0', mac: '00:23:24:00:00:01' }],
  disks: [{ name: 'sda', sizeBytes: 64 * 2 ** 30, transport: 'ata', serial: 'S6Z1', model: 'Samsung SSD 870' }],
  memoryBytes: 8 * 2 ** 30,
  cores: 4,
  arch: 'amd64',
  platform: 'metal',
  media: { talos: 'v1.13.9', schematic: '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba' },
  bootOrder: ['disk', 'media'],
  addresses: [{ kind: 'dhcp', ip: '10.0.4.151', prefix: 24, gateway: '10.0.4.1' }],
};

function world() {
  return createSimulation({ clock: createVirtualClock(), seed: 'control', machines: [MACHINE] });
}

describe('live commands', () => {
  test('act on machines and are answered', () => {
    const simulation = world();

    const answers = ['{"machine":"cp-1","power":"on"}', '{"machine":"cp-1","fault":{"kind":"silent"}}'].map((line) =>
      runControl(simulation, line),
    );

    expect(answers).toEqual([
      { v: 1, ok: true },
      { v: 1, ok: true },
    ]);
    expect(simulation.view('cp-1').machine).toMatchObject({ power: true, isSilent: true });
  });

  test('add rules for calls, whose hits are told to listeners, and take them away again', () => {
    const simulation = world();
    const hits: unknown[] = [];
    simulation.faults.onHit((hit) => hits.push(hit));

    runControl(simulation, '{"rule":{"machine":"cp-1","method":"Bootstrap","nth":2,"fault":{"kind":"silent"}}}');
    const faults = [1, 2, 3].map(() => simulation.faults.next('cp-1', 'Bootstrap')?.kind);
    runControl(simulation, '{"rule":{"fault":{"kind":"broken"}}}');
    runControl(simulation, '{"do":"clear"}');

    expect(faults).toEqual([undefined, 'silent', undefined]);
    expect(simulation.faults.next('cp-1', 'Version')).toBeUndefined();
    expect(hits).toEqual([{ machine: 'cp-1', method: 'Bootstrap', fault: { kind: 'silent' } }]);
  });

  test('show the world: machines, calls, and how many etcd clusters were born', () => {
    const simulation = world();
    simulation.faults.next('cp-1', 'Version');

    expect(runControl(simulation, '{"do":"inspect"}')).toMatchObject({
      ok: true,
      state: { etcdBirths: 0, calls: { 'cp-1 Version': 1 }, machines: [{ name: 'cp-1', stage: 'off' }] },
    });
  });

  test.each([
    ['{"machine":"cp-9","power":"on"}', 'no simulated machine is called cp-9'],
    ['{"machine":"cp-1","power":"sideways"}', 'expected one of: {"machine":"cp-1","fault":{"kind":"silent"}}'],
    ['{"rule":{"fault":{"kind":"gremlins"}}}', 'fault'],
    ['silent cp-1', 'not a command'],
  ])('what cannot be done is said: %s', (line, why) => {
    expect(runControl(world(), line)).toMatchObject({ ok: false, error: expect.stringContaining(why) });
  });
});
