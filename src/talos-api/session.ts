/**
 * A session over any channel: puts the groups of calls together. What a call sends and how its answer is read stands in calls/.
 */
import { socketKey } from '../world.ts';
import type { Clock } from '../system.ts';
import { Caller } from './caller.ts';
import { createDiskCalls } from './calls/disks.ts';
import { createEtcdCalls } from './calls/etcd.ts';
import { createImageCalls } from './calls/images.ts';
import { createNodeCalls } from './calls/node.ts';
import { createResourceCalls } from './calls/resources.ts';
import { createServiceCalls } from './calls/services.ts';
import type { NodeChannel } from './channel.ts';
import type { TalosNodeSession, TalosTarget } from './port.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly channel: NodeChannel;
  readonly target: TalosTarget;
  readonly via?: TalosTarget;
}

export function createSession({ clock, channel, target, via }: SessionOptions): TalosNodeSession {
  const node = via === undefined ? describeTarget(target) : `${describeTarget(target)} by way of ${via.node}`;
  const caller = new Caller(
    via === undefined ? { clock, channel, node } : { clock, channel, node, routeTo: target.host },
  );
  return {
    target,
    ...createNodeCalls(caller),
    ...createServiceCalls(caller),
    ...createEtcdCalls(caller),
    ...createImageCalls(caller),
    ...createDiskCalls(caller),
    ...createResourceCalls(caller),
    peerFingerprint: () => channel.peerFingerprint(),
    close: () => caller.close(),
  };
}

/** `cp-1 (10.0.4.101:50000)` */
export function describeTarget(target: TalosTarget): string {
  return `${target.node} (${socketKey(target.host, target.port)})`;
}
