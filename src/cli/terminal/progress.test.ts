import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { EventBody, RunEvent } from '../../lifecycle/event.ts';
import { EMPTY_PROGRESS, advance, renderEventLine, renderProgress } from './progress.ts';

const colours = pc.createColors(false);

function event(time: number, body: EventBody, node?: string): RunEvent {
  return { v: 1, runId: 'r', seq: 1, time, ...(node === undefined ? {} : { node, step: `x/${node}` }), ...body };
}

function play(events: readonly RunEvent[]) {
  return events.reduce(advance, EMPTY_PROGRESS);
}

const start = event(1000, { kind: 'run-started', cluster: 'home', command: 'apply' });

describe('progress of a run', () => {
  it('says what each node is waiting for and for how long', () => {
    const progress = play([
      start,
      event(2000, { kind: 'step-started', description: 'apply the machine config', expectedMs: 5000 }, 'cp-1'),
      event(
        12_000,
        {
          kind: 'step-waiting',
          what: 'Talos to be installed',
          since: 4000,
          sinceMs: 8000,
          expectedMs: 60_000,
          deadlineMs: 900_000,
        },
        'cp-1',
      ),
    ]);

    const lines = renderProgress(progress, { now: 14_000, columns: 100, rows: 10, colours });

    expect(lines[0]).toBe('● cp-1  waiting for Talos to be installed  10 s of about 1 min 00 s');
  });

  it('keeps within the width and the height of the terminal, failures first', () => {
    const working = Array.from({ length: 20 }, (_, index) =>
      event(2000, { kind: 'step-started', description: 'x'.repeat(200), expectedMs: 1 }, `worker-${index}`),
    );
    const failed = event(3000, { kind: 'step-failed', code: 'failed', message: 'refused' }, 'worker-19');

    const lines = renderProgress(play([start, ...working, failed]), { now: 4000, columns: 60, rows: 8, colours });

    expect(lines).toHaveLength(7);
    expect(lines[0]).toMatch(/^✗ worker-19/);
    expect(lines.every((line) => line.length <= 60)).toBe(true);
    expect(lines.at(-2)).toBe('… and 15 more');
  });

  it('counts what was done in earlier rounds when a later one has nothing left to plan', () => {
    const plan = {
      v: 1,
      cluster: 'home',
      specDigest: 'd',
      createdAt: 0,
      steps: [],
      differences: [],
      findings: [],
      estimateMs: 0,
    } as const;
    const done = event(2000, { kind: 'step-done', evidence: 'left maintenance', tookMs: 1 }, 'cp-1');

    const lines = renderProgress(play([start, done, event(3000, { kind: 'plan', plan })]), {
      now: 4000,
      columns: 60,
      rows: 8,
      colours,
    });

    expect(lines.at(-1)).toMatch(/^1\/1 steps/);
  });

  it('prints a failure with its hint on one plain line', () => {
    const failure = event(
      61_000,
      { kind: 'step-failed', code: 'deadline', message: 'no answer within 15 min', hint: 'look at the console' },
      'cp-2',
    );

    expect(renderEventLine(failure, play([start]))).toBe(
      '[1 min 00 s] cp-2: FAILED: no answer within 15 min — look at the console',
    );
  });
});
