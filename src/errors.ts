/**
 * The one error type of Ichor and its closed set of codes. Each edge (Talos API, Kubernetes, files, HTTP) has one translator
 * that turns what it meets into these; the command line and the HTTP server turn codes into exit codes and statuses.
 */

/** A place in a person's file. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface CodeMeaning {
  /** The exit code of design §4. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 130;
  readonly http: number;
  readonly meaning: string;
}

export const ERROR_CODES = {
  'invalid-input': { exit: 1, http: 400, meaning: 'The spec, a flag or a file that was given is wrong.' },
  'not-found': { exit: 1, http: 404, meaning: 'A file, node or name that was asked for does not exist.' },
  'secret-unavailable': {
    exit: 1,
    http: 400,
    meaning: 'A secret reference could not be resolved, or a key to decrypt with is missing.',
  },
  'changes-pending': { exit: 2, http: 200, meaning: 'There is something to do.' },
  failed: { exit: 3, http: 502, meaning: 'A node or service did not do what was asked of it.' },
  unsupported: {
    exit: 3,
    http: 501,
    meaning: 'The node or service does not know this call in its present version or state.',
  },
  'permission-denied': { exit: 3, http: 403, meaning: 'The credentials are known but do not allow this.' },
  refused: { exit: 4, http: 409, meaning: 'An invariant forbids it, or a confirmation is missing.' },
  'world-moved': { exit: 4, http: 409, meaning: 'A fact that the plan rests on has changed since it was read.' },
  'identity-mismatch': { exit: 4, http: 409, meaning: 'The machine that answered is not the one that was meant.' },
  unreachable: { exit: 5, http: 503, meaning: 'Nothing answered, or the connection broke.' },
  deadline: { exit: 5, http: 504, meaning: 'The answer did not come in time.' },
  interrupted: {
    exit: 130,
    http: 499,
    meaning: 'Stopped by the user; can be continued by running the same command again.',
  },
  internal: { exit: 3, http: 500, meaning: 'A defect in Ichor.' },
} as const satisfies Record<string, CodeMeaning>;

export type IchorErrorCode = keyof typeof ERROR_CODES;

export interface IchorErrorOptions {
  /** What to do next, as a full sentence. */
  readonly hint?: string;
  readonly where?: SourcePosition;
  readonly cause?: unknown;
}

/** The message says what failed, on what, and why; the hint says what to do next. Neither ever holds a secret. */
export class IchorError extends Error {
  override readonly name = 'IchorError';
  readonly code: IchorErrorCode;
  readonly hint: string | undefined;
  readonly where: SourcePosition | undefined;

  constructor(code: IchorErrorCode, message: string, options: IchorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }
}

/** The message of whatever was thrown, without a stack. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** For the end of an exhaustive `switch`: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new IchorError('internal', `unexpected value: ${JSON.stringify(value)}`);
}
