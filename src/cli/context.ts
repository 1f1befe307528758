/**
 * What a command may use of the process: streams, environment, time, randomness and the signal of Ctrl-C. Tests pass their own and
 * read back what was written.
 */
import type { CommandContext, StricliProcess } from '@stricli/core';
import type { Random } from '../system.ts';

export interface OutputStream {
  write(text: string): void;
  readonly isTTY?: boolean;
  /** 0 where the terminal does not know its size. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface IchorContext extends CommandContext {
  readonly process: StricliProcess & { readonly stdout: OutputStream; readonly stderr: OutputStream };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  readonly random: Random;
  /** Aborted by the first Ctrl-C or SIGTERM: commands stop at the next safe point and say how to go on. */
  readonly signal: AbortSignal;
  /** Reads everything from standard input. */
  readStdin(): Promise<string>;
}

/** Whether colours may be written to the stream (https://no-color.org, and FORCE_COLOR for tests and pagers). */
export function hasColour(context: IchorContext, stream: OutputStream): boolean {
  if (context.env['NO_COLOR']) return false;
  if (context.env['FORCE_COLOR']) return context.env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && context.env['TERM'] !== 'dumb';
}
