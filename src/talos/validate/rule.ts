/**
 * What a rule is: a function of one document, with the release whose rules hold, that reports what Talos would refuse or warn of.
 */
import type { TalosMinor } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import type { Field } from './field.ts';

/** `container` is Talos in Docker; `cloud` stands for every platform that brings its own disk image. */
export type ValidationMode = 'metal' | 'cloud' | 'container';

export interface RuleContext {
  /** The rules of this minor hold; a newer Talos is held against the newest known one. */
  readonly minor: TalosMinor;
  /** The patch release; the newest known one when the version names none. */
  readonly patch: number;
  readonly mode: ValidationMode;
  error(field: Field, message: string): void;
  warning(field: Field, message: string): void;
}

export type DocumentRule = (document: Field, context: RuleContext) => void;

export type DocumentRules = Readonly<Record<string, DocumentRule>>;

export function since(context: RuleContext, minor: TalosMinor): boolean {
  return isAtLeast(context.minor, minor);
}

/** Several rules on one document, all of them heard. */
export function all(...rules: readonly DocumentRule[]): DocumentRule {
  return (document, context) => {
    for (const rule of rules) rule(document, context);
  };
}
