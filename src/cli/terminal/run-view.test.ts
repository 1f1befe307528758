import { systemRandom } from '../../system.ts';
import { describe, expect, it } from 'vitest';
import type { EventBody, RunEvent } from '../../lifecycle/event.ts';
import { createVirtualClock } from '../../sim/virtual-clock.ts';
import type { IchorContext } from '../context.ts';
import { createRunView } from './run-view.ts';

function listener(stderr: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number } = {}) {
  const written = { stdout: '', stderr: '' };
  const context: IchorContext = {
    process: {
      stdout: { write: (text) => void (written.stdout += text) },
      stderr: { write: (text) => void (written.stderr += text), ...stderr },
    },
    env: { NO_COLOR: '1' },
    cwd: '/',
    homeDir: '/',
    random: systemRandom,
    signal: new AbortController().signal,
    readStdin: () => Promise.resolve(''),
  };
  return { context, written };
}

function event(seq: number, body: EventBody, node?: string): RunEvent {
  return {
    v: 1,
    runId: 'r',
    seq,
    time: 1000 * seq,
    ...(node === undefined ? {} : { node, step: `x/${node}` }),
    ...body,
  };
}

const RUN: readonly RunEvent[] = [
  event(1, { kind: 'run-started', cluster: 'home', command: 'ichor apply' }),
  event(2, { kind: 'step-started', description: 'send cp-1 its machine config', expectedMs: 5000 }, 'cp-1'),
  event(3, { kind: 'step-done', evidence: 'left maintenance', tookMs: 1000 }, 'cp-1'),
];

describe('views of a run', () => {
  it.each(['json', 'text'] as const)('show nothing after they were closed (%s)', (output) => {
    const { context, written } = listener();
    const view = createRunView(context, createVirtualClock(), output);

    for (const one of RUN.slice(0, 2)) view.sink(one);
    view.close();
    const before = { ...written };
    for (const one of RUN.slice(2)) view.sink(one);

    expect(before.stdout + before.stderr).toContain('send cp-1 its machine config');
    expect(written).toEqual(before);
  });

  it('draws whole lines on a terminal that does not know its size', () => {
    const { context, written } = listener({ isTTY: true, columns: 0, rows: 0 });
    const view = createRunView(context, createVirtualClock(), 'text');

    for (const one of RUN) view.sink(one);
    view.close();

    expect(written.stderr).toContain('cp-1  send cp-1 its machine config');
    expect(written.stderr).toContain('cp-1  left maintenance');
  });
});
