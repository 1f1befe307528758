/** The built command line as a process, in a folder and an environment of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Built by `build-cli.ts`. */
export const PROGRAM: string =
  process.env['ICHOR_E2E_CLI'] ?? fileURLToPath(new URL('../../bin/ichor.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves when stdout or stderr first holds the text, so many times; rejects when the process ends without it. */
  waitFor(text: string, times?: number): Promise<void>;
  /** Everything written so far. */
  readonly output: () => string;
}

/** Long enough for the slowest machine; what takes longer is stuck, and the message says where. */
const PATIENCE_MS = 75_000;

function within<T>(
  what: string,
  said: () => string,
  start: (resolve: (value: T) => void, reject: (reason: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`waited in vain for ${what}; the program said:\n${said()}`)),
      PATIENCE_MS,
    );
    start(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (reason) => {
        clearTimeout(timer);
        reject(reason);
      },
    );
  });
}

/** A home and a working directory that nothing else knows; removed by `remove`. */
export class Sandbox {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'ichor-e2e-'));
  readonly env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(this.folder, 'home'),
    XDG_STATE_HOME: join(this.folder, 'state'),
    TMPDIR: this.folder,
  };

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: this.folder,
      env: { ...this.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Nobody sits there; whoever reads (`ichor sim --control`) is written to.
    if (!args.includes('--control')) child.stdin.end();
    let stdout = '';
    let stderr = '';
    const waiting = new Set<() => void>();
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      for (const look of waiting) look();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      for (const look of waiting) look();
    });
    const ended = new Promise<CliResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    return {
      process: child,
      ended,
      output: () => stdout + stderr,
      waitFor: (text, times = 1) =>
        within(
          `"${text}"`,
          () => stdout + stderr,
          (resolve, reject) => {
            const look = (): void => {
              if (stdout.split(text).length - 1 < times && stderr.split(text).length - 1 < times) return;
              waiting.delete(look);
              resolve();
            };
            waiting.add(look);
            look();
            void ended.then((result) =>
              reject(new Error(`ended with ${result.code} before saying "${text}":\n${result.stdout}${result.stderr}`)),
            );
          },
        ),
    };
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    return this.start(args, env).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface SimulatorHit {
  readonly machine: string;
  readonly method: string;
  readonly fault: { readonly kind: string };
}

/** What `{"do":"inspect"}` shows, as far as tests look at it. */
export interface SimulatedState {
  readonly etcdBirths: number;
  readonly calls: Readonly<Record<string, number>>;
  readonly machines: readonly {
    readonly name: string;
    readonly stage: string;
    readonly isVoter: boolean;
    readonly nodeReady: boolean;
    readonly addresses: readonly string[];
  }[];
}

/** A running `ichor sim` with its control channel. */
export class Simulator {
  readonly world: string;
  readonly #running: RunningCli;
  readonly #answers: ((answer: Readonly<Record<string, unknown>>) => void)[] = [];
  #hits: SimulatorHit[] = [];
  #hitListener: () => void = () => undefined;

  constructor(running: RunningCli, world: string) {
    this.#running = running;
    this.world = world;
    if (running.process.stdout === null) throw new Error('no standard output');
    createInterface({ input: running.process.stdout }).on('line', (line) => this.#take(line));
  }

  /** Rejects when the simulator could not obey. */
  async command(command: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = new Promise<Readonly<Record<string, unknown>>>((resolve) => this.#answers.push(resolve));
    this.#running.process.stdin?.write(`${JSON.stringify(command)}\n`);
    const given = await answer;
    if (given['ok'] !== true) throw new Error(`${JSON.stringify(command)}: ${String(given['error'])}`);
    return given;
  }

  async inspect(): Promise<SimulatedState> {
    const { state } = await this.command({ do: 'inspect' });
    // The shape is the simulator's own, checked by its unit tests.
    return JSON.parse(JSON.stringify(state));
  }

  /** From now on, this befalls the nth call; hits of earlier rules are forgotten. */
  async rule(rule: {
    readonly machine: string;
    readonly method: string;
    readonly nth?: number;
    readonly fault: object;
  }): Promise<void> {
    await this.command({ rule });
  }

  /** No rules any more, held replies go, and hits are counted anew. */
  async clear(): Promise<void> {
    await this.command({ do: 'clear' });
    this.#hits = [];
  }

  /** Resolves once so many calls were disturbed since `clear`. */
  hits(count: number, run: RunningCli): Promise<readonly SimulatorHit[]> {
    return within(`${count} disturbed calls (${this.#hits.length} now)`, run.output, (resolve, reject) => {
      void run.ended.then((result) =>
        reject(new Error(`ended with ${result.code} before ${count} calls were disturbed:\n${run.output()}`)),
      );
      this.#hitListener = (): void => {
        if (this.#hits.length >= count) resolve([...this.#hits]);
      };
      this.#hitListener();
    });
  }

  /** As Ctrl-C does it. */
  stop(): Promise<CliResult> {
    this.#running.process.kill('SIGINT');
    return this.#running.ended;
  }

  #take(line: string): void {
    const value = JSON.parse(line);
    if (value.hit !== undefined) {
      this.#hits.push(value.hit);
      this.#hitListener();
    } else if (value.ok !== undefined) this.#answers.shift()?.(value);
  }
}

/** Starts `ichor sim` and resolves once its world file is there. */
export async function startSimulator(
  sandbox: Sandbox,
  file: string,
  options: { readonly speed: number; readonly world?: string; readonly args?: readonly string[] },
): Promise<Simulator> {
  const world = sandbox.path(options.world ?? 'world.json');
  const speed = String(options.speed);
  const running = sandbox.start([
    'sim',
    file,
    '--world',
    world,
    '--speed',
    speed,
    '--control',
    '--output',
    'json',
    ...(options.args ?? []),
  ]);
  const simulator = new Simulator(running, world);
  await running.waitFor('SIMULATED');
  return simulator;
}
