/**
 * Where secrets come from on a real machine: files, commands, the environment. The one place of this room that starts processes.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { IchorError } from '../errors.ts';
import { findIdentities, type Identities } from './age.ts';
import { readOptionalFile } from './private-file.ts';
import type { SecretResolverOptions } from './reference.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface SystemSourcesOptions {
  /** Relative paths and commands start from here: the folder of the cluster file. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Default one minute: a password manager may ask the person first. */
  readonly timeoutMs?: number;
}

/** Options for `createSecretResolver`; identities are looked for once, when the first encrypted file is met. */
export function createSystemSources(options: SystemSourcesOptions): SecretResolverOptions {
  let identities: Promise<Identities> | undefined;
  const exec = (command: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<string> =>
    execute(command, extra, options);
  return {
    folder: options.folder,
    env: options.env,
    readFile: readOptionalFile,
    exec,
    identities: () => {
      identities ??= findIdentities({ env: options.env, readFile: readOptionalFile, exec });
      return identities;
    },
  };
}

async function execute(
  command: readonly string[],
  extra: Readonly<Record<string, string>>,
  options: SystemSourcesOptions,
): Promise<string> {
  const [program, ...args] = command;
  if (program === undefined) throw new IchorError('invalid-input', 'the command is empty');
  const { stdout } = await run(program, args, {
    cwd: options.folder,
    env: { ...options.env, ...extra },
    timeout: options.timeoutMs ?? 60_000,
    maxBuffer: MAX_OUTPUT_BYTES,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return stdout;
}
