/** Writes the world file of a simulation: whole, and in one step, so that a reader never sees half of it (design §6). */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { World } from '../../world.ts';

export interface WorldFile {
  /** Writes when something differs from what is there. */
  write(sockets: World['sockets']): void;
  remove(): void;
}

export function createWorldFile(path: string, speed: number): WorldFile {
  let written = '';
  return {
    write(sockets) {
      const sorted = Object.fromEntries(Object.entries(sockets).sort(([a], [b]) => (a < b ? -1 : 1)));
      const text = `${JSON.stringify({ v: 1, speed, pid: process.pid, sockets: sorted } satisfies World, undefined, 2)}\n`;
      if (text === written) return;
      const draft = `${path}.${process.pid}.part`;
      writeFileSync(draft, text, { mode: 0o600 });
      renameSync(draft, path);
      written = text;
    },
    remove: () => rmSync(path, { force: true }),
  };
}
