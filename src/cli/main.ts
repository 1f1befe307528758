/** The program: builds the context of the real process and runs one command. */
import { run } from '@stricli/core';
import { application } from './application.ts';
import { createProcessContext } from './process-context.ts';

const context = createProcessContext();
await run(application, process.argv.slice(2), context);
// stricli reports its own failures below zero (wrong flag, unknown command): all of them are wrong input.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = 1;
