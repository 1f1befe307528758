/** The port through which the engine looks at the world. `observe.ts` is the real one; tests write worlds of their own. */
import type { FactName, Observation } from './observation.ts';

export interface ObserveRequest {
  /** Names of the spec. */
  readonly nodes: readonly string[];
  /** Only these are read; the others come back unread with `not asked for`. How a node is reached is always found out. */
  readonly facts: readonly FactName[];
  readonly kubernetes: boolean;
  /** `thorough` waits for a search of the subnet where a node is not found at once; `quick` (default) uses what the last one found. */
  readonly effort?: 'quick' | 'thorough';
}

export interface Observer {
  /** Never throws for what a machine does or does not answer: that is what is observed. Rejects only when stopped. */
  observe(request: ObserveRequest, signal: AbortSignal): Promise<Observation>;
}
