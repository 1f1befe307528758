/** Gives the events of a run their head and number, and hands them to all sinks in order. */
import type { Clock } from '../system.ts';
import type { Emit } from './engine.ts';
import type { EventSink } from './event.ts';

export function createEmitter(runId: string, clock: Clock, sinks: readonly EventSink[]): Emit {
  let seq = 0;
  return (body, about = {}) => {
    seq += 1;
    const { node, step } = about;
    const event = {
      v: 1 as const,
      runId,
      seq,
      time: clock.now(),
      ...(node === undefined ? {} : { node }),
      ...(step === undefined ? {} : { step }),
      ...body,
    };
    for (const sink of sinks) sink(event);
  };
}
