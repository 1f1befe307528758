import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorldDialer, type World } from './world.ts';

test('nothing is there any more once the simulation has ended and taken its world file away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ichor-world-'));
  const file = join(folder, 'world.json');
  const world: World = { v: 1, speed: 1, pid: 1, sockets: { '10.0.4.101:50000': { host: '127.0.0.1', port: 4000 } } };
  writeFileSync(file, JSON.stringify(world));
  const dialer = createWorldDialer(file);

  const before = dialer.dial('10.0.4.101', 50000);
  rmSync(folder, { recursive: true });

  expect(before).toEqual({ host: '127.0.0.1', port: 4000 });
  expect(dialer.dial('10.0.4.101', 50000)).toBeUndefined();
});
