/**
 * References to secrets that stand outside of the cluster file: `env`, `file`, `sops`, `exec`. Each is resolved once a run;
 * messages name the reference, never what it gave.
 */
import { isAbsolute, join } from 'node:path';
import { IchorError, messageOf } from '../errors.ts';
import type { SecretReference } from '../spec/model.ts';
import type { Identities } from './age.ts';
import { readSopsValue } from './sops/edit.ts';
import { openSops, type OpenedSops } from './sops/file.ts';

export interface SecretResolverOptions {
  /** Paths in references are relative to this folder: that of the cluster file. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined when there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** Standard output of the command; rejects when it fails. */
  readonly exec: (command: readonly string[]) => Promise<string>;
  readonly identities: () => Promise<Identities>;
}

export interface SecretResolver {
  resolve(reference: SecretReference): Promise<string>;
  /** What has been resolved so far, for the redactor. */
  values(): readonly string[];
}

export function createSecretResolver(options: SecretResolverOptions): SecretResolver {
  const resolved = new Map<string, Promise<string>>();
  const values: string[] = [];
  const opened = new Map<string, Promise<OpenedSops>>();
  const open = (path: string): Promise<OpenedSops> => once(opened, path, () => openReferenced(path, options));
  const read = async (reference: SecretReference): Promise<string> => {
    const value = await readReference(reference, options, open);
    if (value.trim() === '') {
      throw new IchorError('secret-unavailable', `the secret ${describeReference(reference)} is empty`, {
        hint: 'An empty secret is never handed on. Fill it in, or remove the reference.',
      });
    }
    values.push(value);
    return value;
  };
  return {
    resolve: (reference) => once(resolved, JSON.stringify(reference), () => read(reference)),
    values: () => values,
  };
}

/** As it stands in the cluster file. */
export function describeReference(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `{ env: ${reference.name} }`;
    case 'file':
      return `{ file: ${reference.path} }`;
    case 'sops':
      return `{ sops: ${reference.path}#${reference.key} }`;
    case 'exec':
      return `{ exec: [${reference.command[0] ?? ''}, …] }`;
  }
}

export interface Unresolved {
  /** For example `${TAILSCALE_AUTHKEY}`. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Placeholders that nobody filled in: a template's variable that went out to a machine as it stands (a quoted heredoc did that to
 * a real cluster). Positions count from 1.
 */
export function findUnresolved(text: string): readonly Unresolved[] {
  const found: Unresolved[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const match of line.matchAll(/(?<!\$)\$\{[A-Za-z_][^}\n]*\}/g)) {
      found.push({ text: match[0], line: index + 1, column: match.index + 1 });
    }
  }
  return found;
}

async function readReference(
  reference: SecretReference,
  options: SecretResolverOptions,
  open: (path: string) => Promise<OpenedSops>,
): Promise<string> {
  const unavailable = (why: string, hint: string): IchorError =>
    new IchorError('secret-unavailable', `the secret ${describeReference(reference)} cannot be read: ${why}`, { hint });
  switch (reference.kind) {
    case 'env': {
      const value = options.env[reference.name];
      if (value === undefined)
        throw unavailable('the variable is not set', `Set it for this run: ${reference.name}=… ichor …`);
      return value;
    }
    case 'file': {
      const text = await options.readFile(pathOf(reference.path, options));
      if (text === undefined) throw unavailable('there is no such file', 'Paths are relative to the cluster file.');
      return withoutLineEnd(text);
    }
    case 'sops': {
      const file = await open(reference.path);
      const value = readSopsValue(file, reference.key.split('.')) ?? readSopsValue(file, [reference.key]);
      if (value !== undefined) return value;
      const keys = [...new Set(file.values.map(({ leaf }) => leaf.path.join('.')))];
      throw unavailable('the file has no single value under that key', `It has: ${keys.slice(0, 20).join(', ')}.`);
    }
    case 'exec': {
      try {
        return withoutLineEnd(await options.exec(reference.command));
      } catch {
        // What the command printed may be the secret itself: neither its output nor Node's error with it is carried along.
        throw unavailable('the command failed', 'Run it by hand to see why; its output is not shown here.');
      }
    }
  }
}

async function openReferenced(path: string, options: SecretResolverOptions): Promise<OpenedSops> {
  const text = await options.readFile(pathOf(path, options));
  if (text === undefined) {
    throw new IchorError('secret-unavailable', `the secrets file ${path} does not exist`, {
      hint: 'Paths are relative to the cluster file.',
    });
  }
  try {
    return await openSops(text, path, await options.identities());
  } catch (cause) {
    if (cause instanceof IchorError) throw cause;
    throw new IchorError('secret-unavailable', `${path} cannot be opened: ${messageOf(cause)}`, { cause });
  }
}

function pathOf(path: string, options: SecretResolverOptions): string {
  return isAbsolute(path) ? path : join(options.folder, path);
}

/** Editors and `echo` end a file with a line end that is no part of the secret. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function once<Value>(cache: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
