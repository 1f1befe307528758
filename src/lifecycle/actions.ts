/** The changing calls of bring-up over the Talos API. Each looks at the machine once more in the very session that it then uses. */
import { IchorError } from '../errors.ts';
import type { Cluster } from '../spec/model.ts';
import { isTalosError } from '../talos-api/errors.ts';
import type { TalosNodeSession } from '../talos-api/port.ts';
import { compareIdentity, readIdentity } from './facts/identity.ts';
import type { WantedConfig } from './planner.ts';
import type { Door, Reach } from './reach.ts';
import type { ActionOutcome, NodeActions } from './step-kind.ts';

export interface ActionParts {
  readonly cluster: Cluster;
  readonly reach: Reach;
  readonly rendered: ReadonlyMap<string, WantedConfig>;
}

export function createNodeActions(parts: ActionParts): NodeActions {
  return {
    applyInMaintenance: (node, signal) => applyInMaintenance(parts, node, signal),
    bootstrap: (node, signal) => bootstrap(parts, node, signal),
  };
}

async function applyInMaintenance(parts: ActionParts, node: string, signal: AbortSignal): Promise<ActionOutcome> {
  const door = await parts.reach.reach(node, 'quick', signal);
  if (door.kind === 'shut' || door.reached.kind !== 'maintenance')
    return { kind: 'retry', why: `${node} to answer in maintenance` };
  const config = parts.rendered.get(node)?.config;
  if (config === undefined) throw new IchorError('internal', `the config of ${node} was not rendered`);
  try {
    await assertIdentity(parts, node, door, signal);
    await rehearse(door.session, node, config, signal);
    // `auto` is the one mode that every version takes in maintenance (talos-1-api.md).
    await door.session.applyConfiguration({ config, mode: 'auto' }, { signal });
    return { kind: 'accepted' };
  } catch (reason) {
    return outcomeOf(reason, node);
  } finally {
    // The node's API waits for open connections before it switches to the cluster's certificates.
    parts.reach.release(node);
  }
}

/** The config carries the cluster's keys, and a machine may have been swapped since it was found. */
async function assertIdentity(
  parts: ActionParts,
  node: string,
  door: Door & { readonly kind: 'open' },
  signal: AbortSignal,
): Promise<void> {
  const spec = parts.cluster.nodes.find((candidate) => candidate.name === node);
  if (spec === undefined) throw new IchorError('not-found', `the spec has no node ${node}`);
  const verdict = compareIdentity(spec, await readIdentity(door.session, { signal }));
  if (verdict.kind === 'other') {
    throw new IchorError('identity-mismatch', `the machine at ${door.reached.address} is not ${node}: ${verdict.why}`, {
      hint: 'Nothing was sent to it.',
    });
  }
}

/** The node's own verdict on the config. A maintenance server of ≤1.12 takes a dry run but answers the same whatever it holds. */
async function rehearse(session: TalosNodeSession, node: string, config: string, signal: AbortSignal): Promise<void> {
  try {
    await session.applyConfiguration({ config, mode: 'auto', dryRun: true }, { signal });
  } catch (reason) {
    if (!isTalosError(reason, 'invalid-argument')) throw reason;
    throw new IchorError('failed', `${node} refuses its config: ${reason.message}`, {
      cause: reason,
      hint: 'Nothing was changed. `ichor render` writes the config that was refused; `ichor check` may know more.',
    });
  }
}

async function bootstrap(parts: ActionParts, node: string, signal: AbortSignal): Promise<ActionOutcome> {
  const door = await parts.reach.reach(node, 'quick', signal);
  if (door.kind === 'shut' || door.reached.kind !== 'secure') return { kind: 'retry', why: `${node} to answer` };
  try {
    await door.session.bootstrap({}, { signal });
    return { kind: 'accepted' };
  } catch (reason) {
    // It was done before: what matters is what is seen next.
    if (isTalosError(reason, 'already-exists')) return { kind: 'accepted' };
    return outcomeOf(reason, node);
  }
}

function outcomeOf(reason: unknown, node: string): ActionOutcome {
  // `bootstrap is not available yet`, `time is not in sync yet`; another apply is under way.
  if (isTalosError(reason, 'not-available-yet', 'in-progress'))
    return { kind: 'retry', why: `${node}: ${reason.message}` };
  // A maintenance session that outlived the switch: the node has its config already (FINDINGS 3.2).
  if (isTalosError(reason, 'permission-denied', 'certificate-required'))
    return { kind: 'retry', why: `${node} to be seen with its config` };
  throw reason;
}
