/** The end of every run: the health conditions of the whole cluster, looked at until they hold or time is up. */
import { checkHealth, isSettled } from '../health/health.ts';
import type { HealthInput, HealthNode } from '../health/check.ts';
import type { Condition } from '../health/condition.ts';
import type { Cluster } from '../spec/model.ts';
import { sleep, type Clock } from '../system.ts';
import type { LiveObserver } from './observe.ts';

export interface VerifyParts {
  readonly cluster: Cluster;
  readonly observer: LiveObserver;
  readonly clock: Clock;
}

/** Zero: look once and report. */
export interface VerifyRequest {
  readonly patienceMs: number;
  /** Called for each condition whose state or message is new. */
  readonly onChange: (condition: Condition) => void;
}

const PAUSE_MS = 1_000;

export async function verifyHealth(
  parts: VerifyParts,
  request: VerifyRequest,
  signal: AbortSignal,
): Promise<readonly Condition[]> {
  const startedAt = parts.clock.now();
  const seen = new Map<string, string>();
  for (;;) {
    const conditions = await checkHealth(await healthInput(parts, signal));
    for (const condition of conditions) {
      const text = `${condition.state} ${condition.message}`;
      if (seen.get(condition.name) !== text) request.onChange(condition);
      seen.set(condition.name, text);
    }
    if (isSettled(conditions) || parts.clock.now() - startedAt >= request.patienceMs) return conditions;
    await sleep(parts.clock, PAUSE_MS, signal);
  }
}

async function healthInput(parts: VerifyParts, signal: AbortSignal): Promise<HealthInput> {
  const { cluster, observer } = parts;
  const nodes = await Promise.all(
    cluster.nodes.map(async (spec): Promise<HealthNode> => {
      const door = await observer.reach.reach(spec.name, 'quick', signal);
      if (door.kind === 'shut') return { kind: 'shut', spec, why: door.reached.why };
      if (door.reached.kind !== 'secure') return { kind: 'shut', spec, why: 'it is in maintenance' };
      return { kind: 'open', spec, address: door.reached.address, session: door.session };
    }),
  );
  const addresses = nodes.flatMap((node) =>
    node.kind === 'open' && node.spec.role === 'controlplane' ? [node.address] : [],
  );
  const answer = await observer.kubernetes.read(addresses, signal);
  const session = observer.kubernetes.session();
  if (answer.kind === 'unread') return { cluster, nodes, kubernetes: { kind: 'shut', why: answer.why }, signal };
  return {
    cluster,
    nodes,
    kubernetes: session === undefined ? { kind: 'shut', why: 'no control plane answered' } : { kind: 'open', session },
    signal,
  };
}
