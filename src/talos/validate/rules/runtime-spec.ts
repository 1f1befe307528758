/** Overrides of the base OCI runtime spec: Talos refuses those that do not fit the spec's types (`json.Unmarshal` into `specs.Spec`). */
import type { Field } from '../field.ts';
import type { RuleContext } from '../rule.ts';

export function baseRuntimeSpec(_overrides: Field, _context: RuleContext): void {
  return;
}
