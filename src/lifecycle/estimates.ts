/**
 * How long things take, as operators have measured it (field.md F2-19: machines, Talos and the API 5–10 minutes, a CNI 2–3): what a
 * plan adds up and a wait shows as its expected end. Estimates only; no step ends by them.
 */
import type { Step } from './step.ts';

const MINUTE = 60_000;

export const ESTIMATES_MS = {
  /** POST, bootloader, network and the start of Talos of a machine that has just been powered on. */
  reachMetal: 4 * MINUTE,
  reachVirtual: 1 * MINUTE,
  apply: 5_000,
  /** Pulling the installer, writing the disk, rebooting. A server's firmware takes most of it. */
  installMetal: 5 * MINUTE,
  installVirtual: 2 * MINUTE,
  /** Pulling etcd's image and electing a leader. */
  bootstrap: 30_000,
  /** Joining as a learner and being promoted; promotion is tried every 15 s (talos-1 §1.6). */
  joinEtcd: 45_000,
  kubernetesApi: 90_000,
  nodeReady: 60_000,
} as const;

/** Length of the longest chain of steps that wait for each other. Steps must come after those that they wait for. */
export function criticalPathMs(steps: readonly Step[]): number {
  const endOf = new Map<string, number>();
  let longest = 0;
  for (const step of steps) {
    const start = Math.max(0, ...step.waitsFor.map((id) => endOf.get(id) ?? 0));
    const end = start + step.estimateMs;
    endOf.set(step.id, end);
    longest = Math.max(longest, end);
  }
  return longest;
}
