/**
 * Which values of a file are encrypted: the rule of its metadata or of `.sops.yaml`. SOPS allows one rule a file.
 */
import { IchorError } from '../../errors.ts';

export const RULE_KEYS = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;

export type RuleKey = (typeof RULE_KEYS)[number];

export interface EncryptionRule {
  readonly key: RuleKey;
  readonly value: string;
}

/** What SOPS takes where nothing is said. */
export const DEFAULT_RULE: EncryptionRule = { key: 'unencrypted_suffix', value: '_unencrypted' };

/** A predicate over the keys on the way to a value. Rules over comments are not decided by keys: undefined. */
export function ruleMatcher(rule: EncryptionRule): ((path: readonly string[]) => boolean) | undefined {
  switch (rule.key) {
    case 'unencrypted_suffix':
      return (path) => !path.some((key) => key.endsWith(rule.value));
    case 'encrypted_suffix':
      return (path) => path.some((key) => key.endsWith(rule.value));
    case 'unencrypted_regex': {
      const expression = goRegExp(rule.value);
      return (path) => !path.some((key) => expression.test(key));
    }
    case 'encrypted_regex': {
      const expression = goRegExp(rule.value);
      return (path) => path.some((key) => expression.test(key));
    }
    case 'unencrypted_comment_regex':
    case 'encrypted_comment_regex':
      return undefined;
  }
}

/** The one rule among a record's keys, or the default; two of them are refused as SOPS refuses them. */
export function ruleOf(record: Readonly<Record<string, unknown>>, what: string): EncryptionRule {
  const given = RULE_KEYS.flatMap((key) => {
    const value = record[key];
    return typeof value === 'string' && value !== '' ? [{ key, value }] : [];
  });
  if (given.length > 1) {
    throw new IchorError(
      'invalid-input',
      `${what} has ${given.map(({ key }) => key).join(' and ')}; SOPS allows one of them`,
    );
  }
  return given[0] ?? DEFAULT_RULE;
}

/** Go's expressions as far as they mean the same here: flags at the beginning are taken over. */
export function goRegExp(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = (flags === null ? pattern : pattern.slice(flags[0].length))
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$');
  try {
    return new RegExp(body, `u${flags?.[1] ?? ''}`);
  } catch (cause) {
    throw new IchorError('invalid-input', `the expression "${pattern}" cannot be read`, {
      hint: 'Use what Go and JavaScript have in common.',
      cause,
    });
  }
}
