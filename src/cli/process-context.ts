/** The context of the real process. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { systemRandom } from '../system.ts';
import { IchorError } from '../errors.ts';
import type { IchorContext } from './context.ts';

export function createProcessContext(): IchorContext {
  const interrupt = new AbortController();
  // Every open call listens to it: hundreds at once are no leak.
  setMaxListeners(0, interrupt.signal);
  let interrupts = 0;
  const onSignal = (): void => {
    interrupts += 1;
    // The second one means it: leave at once. Nothing needs cleaning up that a run does not do by itself.
    if (interrupts > 1) process.exit(130);
    interrupt.abort(new IchorError('interrupted', 'stopped by the user'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // `ichor … | head` closes the pipe: no error, just nobody who reads on.
  process.stdout.on('error', (reason: NodeJS.ErrnoException) => {
    if (reason.code === 'EPIPE') process.exit(0);
    throw reason;
  });
  return {
    process: {
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      get exitCode(): number | string | null {
        return process.exitCode ?? null;
      },
      set exitCode(code: number | string | null) {
        process.exitCode = code ?? undefined;
      },
    },
    env: process.env,
    cwd: process.cwd(),
    homeDir: process.env['HOME'] ?? homedir(),
    random: systemRandom,
    signal: interrupt.signal,
    readStdin,
  };
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
