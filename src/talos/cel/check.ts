/** placeholder */
import type { TalosMinor } from '../documents/tables.ts';
export type CelEnvironment = 'disk' | 'volume' | 'member-volume' | 'link' | 'oom-trigger' | 'oom-ranking';
export function celProblem(_expression: string, _environment: CelEnvironment, _minor: TalosMinor): string | undefined {
  return undefined;
}
