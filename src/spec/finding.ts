/** A problem or remark about a person's file: what `check` lists, all at once, each with its place. */
import type { SourcePosition } from '../errors.ts';

export interface Finding {
  readonly severity: 'error' | 'warning' | 'notice';
  /** Stable, kebab-case: `address-outside-subnet`. */
  readonly rule: string;
  /** What is wrong, on what, and why. */
  readonly message: string;
  /** What to write instead, or to do next. */
  readonly hint?: string;
  readonly where?: SourcePosition;
  /** The text of the file around `where` with a caret line, ready to print. */
  readonly frame?: string;
  /** The node it is about, if one. */
  readonly node?: string;
}
