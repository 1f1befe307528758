/** Where journals and locks lie on this machine: the user's state directory by the XDG Base Directory rules. */
import { join } from 'node:path';

export interface StatePlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

export function stateDirectory(places: StatePlaces): string {
  const given = places.env['XDG_STATE_HOME'];
  // A relative value is to be ignored (XDG Base Directory Specification).
  const base = given !== undefined && given.startsWith('/') ? given : join(places.homeDir, '.local', 'state');
  return join(base, 'ichor');
}

/** A cluster's or run's name as one path segment. Names that would not be one are spelled out in hexadecimal. */
export function segmentOf(name: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(name) ? name : `x${Buffer.from(name).toString('hex').slice(0, 200)}`;
}
