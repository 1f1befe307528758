/** The fragments of a setting as one patch text. */
import { stringify } from 'yaml';
import type { Fragment } from './setting.ts';

export function renderFragments(fragments: readonly Fragment[]): string {
  // JSON-like scalars: every string quoted, so that no reader of YAML 1.1 takes one for something else.
  return fragments
    .map((fragment) =>
      stringify(fragment, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 }),
    )
    .join('---\n');
}
