/**
 * What differs between the YAML libraries that the Talos minors are built with (1.11: yaml.v3, 1.12: yaml v4 rc.3, 1.13: rc.4,
 * 1.14: rc.6), as far as it shows in written configs (talos-3-config.md §5.4). Each difference is named once, here.
 */
import { IchorError } from '../../errors.ts';
import { isNewerThanKnown, TALOS_MINORS, talosMinorOf } from '../documents/tables.ts';
import type { TalosMinor } from '../documents/tables.ts';

export interface YamlDialect {
  /** Quotes of strings that YAML 1.1 readers would take for booleans or base-60 numbers. */
  readonly oldWords: 'single' | 'double';
  /** yaml.v3 does not quote `<<`. */
  readonly quotesMergeWord: boolean;
  /** From v4 on, a text of nothing but white space with line breaks is not a block scalar. */
  readonly quotesBlankBlocks: boolean;
  /** How a block scalar begins whose text begins with a line break: yaml.v3 drops that break. */
  readonly leadingBreak: 'lost' | 'hinted' | 'kept';
}

const DIALECTS: Readonly<Record<TalosMinor, YamlDialect>> = {
  '1.11': { oldWords: 'double', quotesMergeWord: false, quotesBlankBlocks: false, leadingBreak: 'lost' },
  '1.12': { oldWords: 'double', quotesMergeWord: true, quotesBlankBlocks: true, leadingBreak: 'hinted' },
  '1.13': { oldWords: 'double', quotesMergeWord: true, quotesBlankBlocks: true, leadingBreak: 'kept' },
  '1.14': { oldWords: 'single', quotesMergeWord: true, quotesBlankBlocks: true, leadingBreak: 'kept' },
};

export function dialectOf(minor: TalosMinor): YamlDialect {
  return DIALECTS[minor];
}

/** The minor by whose rules a version's configs are read and written: a version beyond the known ones counts as the newest known. */
export function minorOf(version: string): TalosMinor {
  const known = talosMinorOf(version);
  if (known !== undefined) return known;
  if (isNewerThanKnown(version)) return '1.14';
  throw new IchorError(
    'invalid-input',
    `${JSON.stringify(version)} is not a Talos version that Ichor writes configs for`,
    {
      hint: 'Use v1.11 or later.',
    },
  );
}

export function isAtLeast(minor: TalosMinor, other: TalosMinor): boolean {
  return TALOS_MINORS.indexOf(minor) >= TALOS_MINORS.indexOf(other);
}
