/** The network and the clock that a command lives in: the real ones, or those of a simulation. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { IchorError, messageOf } from '../errors.ts';
import { createSystemClock, type Clock } from '../system.ts';
import { createWorldDialer, directDialer, parseWorld, type Dialer } from '../world.ts';
import type { IchorContext } from './context.ts';
import type { WorldFlags } from './flags.ts';
import { say } from './output.ts';

export interface Surroundings {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** The world file, when the machines are simulated. */
  readonly simulated?: string;
}

export function openSurroundings(context: IchorContext, flags: WorldFlags): Surroundings {
  const named = flags.world ?? context.env['ICHOR_WORLD'];
  if (named === undefined || named === '') return { clock: createSystemClock(), dialer: directDialer };
  const file = resolve(context.cwd, named);
  const world = parseWorld(readWorld(file, named), named);
  say(context, `Simulated machines (${named}, time ×${world.speed}): nothing on your network is touched.`);
  return { clock: createSystemClock(world.speed), dialer: createWorldDialer(file), simulated: file };
}

/** Where runs on a simulation keep their journal and lock: beside its world file, and gone with it. */
export function simulatedState(worldFile: string): string {
  return `${worldFile}.state`;
}

function readWorld(file: string, named: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (reason) {
    throw new IchorError('not-found', `the world file ${named} cannot be read: ${messageOf(reason)}`, {
      hint: 'It is there while its `ichor sim` runs. For real machines leave --world and $ICHOR_WORLD out.',
      cause: reason,
    });
  }
}
