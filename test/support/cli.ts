/** The built command line as a process, in a folder and an environment of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Built by `build-cli.ts`. */
const PROGRAM = process.env['ICHOR_E2E_CLI'] ?? fileURLToPath(new URL('../../bin/ichor.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves when stdout or stderr first holds the text; rejects when the process ends without it. */
  waitFor(text: string): Promise<void>;
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
      stdio: ['ignore', 'pipe', 'pipe'],
    });
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
      waitFor: (text) =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (!stdout.includes(text) && !stderr.includes(text)) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
          look();
          void ended.then((result) =>
            reject(new Error(`ended with ${result.code} before saying "${text}":\n${result.stdout}${result.stderr}`)),
          );
        }),
    };
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    return this.start(args, env).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts `ichor sim` and resolves once its world file is there; `stop` ends it as Ctrl-C does. */
export async function startSimulator(
  sandbox: Sandbox,
  file: string,
  options: { readonly speed: number; readonly faults?: string },
): Promise<{ readonly world: string; stop(): Promise<CliResult> }> {
  const world = sandbox.path('world.json');
  const faults = options.faults === undefined ? [] : ['--faults', options.faults];
  const running = sandbox.start(['sim', file, '--world', world, '--speed', String(options.speed), ...faults]);
  await running.waitFor('SIMULATED');
  return {
    world,
    async stop() {
      running.process.kill('SIGINT');
      return running.ended;
    },
  };
}
