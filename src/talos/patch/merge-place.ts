/**
 * What a merge knows of its surroundings, handed down from value to value.
 */
import type { DocumentTable, TalosMinor } from '../documents/tables.ts';
import type { QuietTypes } from './quiet-types.ts';
import { PatchRefused } from './refusal.ts';

export interface MergeContext {
  readonly minor: TalosMinor;
  readonly table: DocumentTable;
  /** For the spec's own patches: selectors and sizes that a patch does not mention stay. Talos loses them. */
  readonly keepsSelectors: boolean;
  readonly quiet: QuietTypes;
  /** Told of every value that Talos' rules lose although the patch does not mention it. */
  lost(path: readonly string[]): void;
}

/** Where a merge stands: the path for messages, and what the surroundings ask for. */
export interface MergePlace {
  readonly path: readonly string[];
  /** The right side wins whole. */
  readonly replaces: boolean;
  /** The value stands behind a pointer: it overrides even when it is zero. */
  readonly overwrites: boolean;
  readonly context: MergeContext;
}

export function rootPlace(context: MergeContext, path: readonly string[]): MergePlace {
  return { path, replaces: false, overwrites: false, context };
}

/** A value that Go's reflection cannot set: Talos' patcher gives up on it. */
export function notMergeable(place: MergePlace, what: string): PatchRefused {
  return new PatchRefused(
    'apply',
    `${place.path.join('.')}: Talos cannot merge ${what} into one that is already there`,
    {
      hint: 'Delete the old value with $patch: delete in a patch of its own, then set the new one.',
    },
  );
}
