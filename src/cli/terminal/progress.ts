/**
 * What a run looks like right now, as a pure function of its events: one line a node with the step it is in, what that waits for and
 * for how long. The live view draws these lines again and again; the plain view prints each event once.
 */
import type { RunEvent } from '../../lifecycle/event.ts';
import type { Colours } from '../output.ts';
import { renderDuration } from './duration.ts';

/** Steps about no single node stand under this name. */
const CLUSTER_ROW = 'cluster';

interface Row {
  readonly state: 'working' | 'done' | 'failed' | 'blocked';
  readonly text: string;
  /** Epoch time at which the present text began to hold. */
  readonly since: number;
  readonly expectedMs: number | undefined;
}

export interface Progress {
  readonly rows: ReadonlyMap<string, Row>;
  readonly stepsDone: number;
  readonly stepsAll: number;
  readonly startedAt: number | undefined;
  readonly descriptions: ReadonlyMap<string, string>;
}

export const EMPTY_PROGRESS: Progress = {
  rows: new Map(),
  stepsDone: 0,
  stepsAll: 0,
  startedAt: undefined,
  descriptions: new Map(),
};

export function advance(progress: Progress, event: RunEvent): Progress {
  const key = event.node ?? CLUSTER_ROW;
  const set = (row: Omit<Row, 'since'>, since = event.time): Progress => ({
    ...progress,
    rows: new Map([...progress.rows, [key, { ...row, since }]]),
  });
  switch (event.kind) {
    case 'run-started':
      return { ...progress, startedAt: event.time };
    case 'plan':
      // A later round plans what is left: what was done before stays counted.
      return { ...progress, stepsAll: progress.stepsDone + event.plan.steps.length };
    case 'step-started': {
      const next = set({ state: 'working', text: event.description, expectedMs: event.expectedMs });
      return { ...next, descriptions: new Map([...progress.descriptions, [event.step ?? '', event.description]]) };
    }
    case 'step-waiting':
      return set({ state: 'working', text: `waiting for ${event.what}`, expectedMs: event.expectedMs }, event.since);
    case 'step-progress':
      return set({ state: 'working', text: event.message, expectedMs: undefined });
    case 'step-done':
    case 'step-skipped':
      return {
        ...set({ state: 'done', text: event.evidence, expectedMs: undefined }),
        stepsDone: progress.stepsDone + 1,
      };
    case 'step-failed':
      return set({ state: 'failed', text: event.message, expectedMs: undefined });
    case 'step-blocked':
      return set({ state: 'blocked', text: `not run: ${event.by}`, expectedMs: undefined });
    default:
      return progress;
  }
}

export interface View {
  /** By the run's clock, milliseconds since the epoch. */
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly colours: Colours;
}

/** The live view: never more lines than `rows`, none longer than `columns`. Failed and working nodes first when there are too many. */
export function renderProgress(progress: Progress, view: View): readonly string[] {
  const names = [...progress.rows.keys()];
  const nameWidth = Math.max(0, ...names.map((name) => name.length));
  const elapsed = progress.startedAt === undefined ? '' : `   ${renderDuration(view.now - progress.startedAt)}`;
  const head = `${progress.stepsDone}/${progress.stepsAll} steps${elapsed}`;
  const room = Math.max(1, view.rows - 2);
  const shown = names.length <= room ? names : chooseRows(progress, room - 1);
  const lines = shown.map((name) => renderRow(name.padEnd(nameWidth), progress.rows.get(name), view));
  if (shown.length < names.length) lines.push(view.colours.dim(`… and ${names.length - shown.length} more`));
  return [...lines, view.colours.dim(head)];
}

function chooseRows(progress: Progress, count: number): readonly string[] {
  const rank = { failed: 0, working: 1, blocked: 2, done: 3 } as const;
  return [...progress.rows]
    .toSorted(([, a], [, b]) => rank[a.state] - rank[b.state])
    .slice(0, count)
    .map(([name]) => name);
}

function renderRow(name: string, row: Row | undefined, view: View): string {
  if (row === undefined) return name;
  const { colours } = view;
  const mark = {
    working: colours.cyan('●'),
    done: colours.green('✓'),
    failed: colours.red('✗'),
    blocked: colours.yellow('–'),
  }[row.state];
  const time = row.state === 'working' ? renderWait(view.now - row.since, row.expectedMs) : '';
  const room = view.columns - name.length - time.length - 6;
  const text = row.text.length > room ? `${row.text.slice(0, Math.max(0, room - 1))}…` : row.text;
  return `${mark} ${name}  ${text}${time === '' ? '' : `  ${colours.dim(time)}`}`;
}

function renderWait(ms: number, expectedMs: number | undefined): string {
  const usual = expectedMs === undefined || expectedMs < 1000 ? '' : ` of about ${renderDuration(expectedMs)}`;
  return `${renderDuration(Math.max(0, ms))}${usual}`;
}

/** The plain view: one line an event that a person wants to know of, with the time since the start; undefined for the others. */
export function renderEventLine(event: RunEvent, progress: Progress): string | undefined {
  const at = `[${renderDuration(event.time - (progress.startedAt ?? event.time)).padStart(10)}]`;
  const who = event.node === undefined ? '' : `${event.node}: `;
  const text = describeEvent(event);
  return text === undefined ? undefined : `${at} ${who}${text}`;
}

function describeEvent(event: RunEvent): string | undefined {
  switch (event.kind) {
    case 'plan':
      return event.plan.steps.length === 0
        ? undefined
        : `${event.plan.steps.length} steps, about ${renderDuration(event.plan.estimateMs)}`;
    case 'step-started':
      return event.description;
    case 'step-waiting':
      return `waiting for ${event.what} (${renderWait(event.sinceMs, event.expectedMs)})`;
    case 'step-progress':
      return event.message;
    case 'step-done':
      return `done: ${event.evidence}`;
    case 'step-skipped':
      return `already done: ${event.evidence}`;
    case 'step-blocked':
      return `not run: ${event.by}`;
    case 'step-failed':
      return `FAILED: ${event.message}${event.hint === undefined ? '' : ` — ${event.hint}`}`;
    case 'condition':
      return `${event.condition.state === 'succeeded' ? 'OK' : event.condition.state}: ${event.condition.title} (${event.condition.message})`;
    default:
      return undefined;
  }
}
