/** References to secrets as they stand in the file (design §2): recognised here, resolved by `secrets/`. */
import { dirname, isAbsolute, join } from 'node:path';
import type { SecretReference } from './model.ts';

/** Undefined when the value is no reference. Paths become relative to the folder of `file`. */
export function parseSecretReference(value: unknown, file: string): SecretReference | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  const [key, content] = entries[0] ?? [];
  if (entries.length !== 1 || key === undefined) return undefined;
  if (key === 'exec') return execReference(content);
  if (typeof content !== 'string' || content === '') return undefined;
  if (key === 'env') return { kind: 'env', name: content };
  if (key === 'file') return { kind: 'file', path: beside(file, content) };
  if (key !== 'sops') return undefined;
  const hash = content.lastIndexOf('#');
  return hash <= 0 || hash === content.length - 1
    ? undefined
    : { kind: 'sops', path: beside(file, content.slice(0, hash)), key: content.slice(hash + 1) };
}

/** A path that stands in `file`, as seen from where `file` itself was named. */
export function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

function execReference(content: unknown): SecretReference | undefined {
  if (!Array.isArray(content) || content.length === 0) return undefined;
  const command = content.filter((part): part is string => typeof part === 'string');
  return command.length === content.length ? { kind: 'exec', command } : undefined;
}
