/** How errors leave the program: one text for people, one exit code for scripts (design §4). */
import { ERROR_CODES, IchorError, messageOf } from '../errors.ts';

/**
 * Thrown by a command that has already said everything on the right stream and only has an exit code left to give
 * (`check` with findings, `plan` with changes pending).
 */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export function exitCodeOf(reason: unknown): number {
  if (reason instanceof Exit) return reason.code;
  if (reason instanceof IchorError) return ERROR_CODES[reason.code].exit;
  if (isFileTrouble(reason)) return ERROR_CODES['invalid-input'].exit;
  return ERROR_CODES.internal.exit;
}

/** `error: what` with place and hint on lines of their own; a defect of Ichor shows its stack, to be reported. */
export function renderFailure(reason: unknown): string {
  if (reason instanceof Exit) return '';
  if (isFileTrouble(reason))
    return `error: ${reason.message}\n  hint: Check the path, its folder and the rights on them.`;
  if (!(reason instanceof IchorError)) {
    const stack = reason instanceof Error && reason.stack !== undefined ? reason.stack : messageOf(reason);
    return `error: a defect in Ichor: ${messageOf(reason)}\n${stack}\nPlease report it with what you ran.`;
  }
  const where = reason.where === undefined ? '' : `${reason.where.file}:${reason.where.line}:${reason.where.column}: `;
  const hint = reason.hint === undefined ? '' : `\n  hint: ${reason.hint}`;
  return `${where}error: ${reason.message}${hint}`;
}

/** What the system says of a path that a person gave: not there, a folder, in the way, not allowed. Reading a folder names no path. */
function isFileTrouble(reason: unknown): reason is Error {
  return (
    reason instanceof Error &&
    'syscall' in reason &&
    'code' in reason &&
    typeof reason.code === 'string' &&
    FILE_TROUBLES.has(reason.code)
  );
}

const FILE_TROUBLES = new Set([
  'ENOENT',
  'EISDIR',
  'ENOTDIR',
  'EEXIST',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'ENAMETOOLONG',
  'ELOOP',
]);
