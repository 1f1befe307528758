/** The three faces of a run: redrawn lines on a terminal, plain lines elsewhere, NDJSON for machines. All are fed the same events. */
import type { EventSink, RunEvent } from '../../lifecycle/event.ts';
import type { Clock } from '../../system.ts';
import type { IchorContext } from '../context.ts';
import type { OutputFormat } from '../flags.ts';
import { jsonValue, talkColours } from '../output.ts';
import { EMPTY_PROGRESS, advance, renderEventLine, renderProgress, type Progress } from './progress.ts';

export interface RunView {
  readonly sink: EventSink;
  /** Ends the view; the last state stays on the screen, and later events are not shown. */
  close(): void;
}

export function createRunView(context: IchorContext, clock: Clock, output: OutputFormat): RunView {
  if (output === 'json') return closing(createJsonView(context));
  const isLive = context.process.stderr.isTTY === true && context.env['TERM'] !== 'dumb';
  return closing(isLive ? createLiveView(context, clock) : createPlainView(context));
}

function closing(view: RunView): RunView {
  let isOpen = true;
  return {
    sink(event) {
      if (isOpen) view.sink(event);
    },
    close() {
      if (isOpen) view.close();
      isOpen = false;
    },
  };
}

function createJsonView(context: IchorContext): RunView {
  return { sink: (event) => context.process.stdout.write(`${JSON.stringify(event, jsonValue)}\n`), close() {} };
}

function createPlainView(context: IchorContext): RunView {
  let progress = EMPTY_PROGRESS;
  return {
    sink(event) {
      progress = advance(progress, event);
      const line = renderEventLine(event, progress);
      if (line !== undefined) context.process.stderr.write(`${line}\n`);
    },
    close() {},
  };
}

function createLiveView(context: IchorContext, clock: Clock): RunView {
  const { stderr } = context.process;
  const colours = talkColours(context);
  let progress: Progress = EMPTY_PROGRESS;
  let drawn = 0;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${drawn}F\u001b[J`);
  const draw = (above = ''): void => {
    const lines =
      progress.rows.size === 0
        ? []
        : renderProgress(progress, {
            now: clock.now(),
            columns: stderr.columns || 80,
            rows: stderr.rows || 24,
            colours,
          });
    stderr.write(`${erase()}${above}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  // Real time: the picture is for human eyes, however fast the world runs.
  const ticker = setInterval(draw, 250);
  ticker.unref();
  return {
    sink(event: RunEvent) {
      progress = advance(progress, event);
      // Failures and conditions scroll past above the picture, so that they stay readable.
      const line =
        event.kind === 'step-failed' || event.kind === 'condition' ? renderEventLine(event, progress) : undefined;
      draw(line === undefined ? '' : `${line}\n`);
    },
    close() {
      clearInterval(ticker);
      draw();
      drawn = 0;
    },
  };
}
