/** Rules of the LVM and RAID documents (Talos' `config/types/storage`, 1.14). */
import { celProblem } from '../../cel/check.ts';
import { parseByteSize } from '../../values/sizes.ts';
import { byteLength, quote } from '../checks.ts';
import { at, integer, isSet, isZero, text } from '../field.ts';
import type { Field } from '../field.ts';
import { all } from '../rule.ts';
import type { DocumentRule, DocumentRules, RuleContext } from '../rule.ts';
import { sizeText } from './volumes.ts';

export const storageRules: DocumentRules = {
  LVMVolumeGroupConfig: all(arrayName(63), members),
  LVMLogicalVolumeConfig: all(arrayName(63), layout, sizes),
  RAIDArrayConfig: all(arrayName(32), members),
};

function arrayName(longest: number): DocumentRule {
  return (document, context) => {
    const name = at(document, 'name');
    if (text(name) === '') context.error(name, 'a name is required');
    else if (byteLength(text(name)) > longest) context.error(name, `the name is longer than ${longest} characters`);
    if (!/^[A-Za-z0-9_-]*$/.test(text(name)))
      context.error(name, 'the name may hold only letters, digits, hyphens and underscores');
  };
}

function members(document: Field, context: RuleContext): void {
  const match = at(document, 'provisioning', 'volumeSelector', 'match');
  if (text(match) === '') {
    context.error(match, 'provisioning.volumeSelector.match is required');
    return;
  }
  const problem = celProblem(text(match), 'member-volume', context.minor);
  if (problem !== undefined) context.error(match, `the selector is not valid: ${problem}`);
}

function layout(document: Field, context: RuleContext): void {
  const type = text(at(document, 'type')) || 'linear';
  countOf(at(document, 'mirrors'), { type, kinds: ['raid1', 'raid10'], least: 1 }, context);
  countOf(at(document, 'stripes'), { type, kinds: ['raid0', 'raid10'], least: 2 }, context);
}

interface CountRule {
  readonly type: string;
  readonly kinds: readonly string[];
  readonly least: number;
}

function countOf(field: Field, rule: CountRule, context: RuleContext): void {
  if (!isSet(field)) return;
  if (!rule.kinds.includes(rule.type))
    context.error(field, `it is only for ${rule.kinds.join(' and ')}, not for ${quote(rule.type)}`);
  else if (integer(field) < rule.least) context.error(field, `it must be at least ${rule.least}`);
}

function sizes(document: Field, context: RuleContext): void {
  const provisioning = at(document, 'provisioning');
  const group = at(provisioning, 'volumeGroup');
  if (text(group) === '') context.error(group, 'provisioning.volumeGroup is required');
  const [least, most] = [at(provisioning, 'minSize'), at(provisioning, 'maxSize')];
  if (isZero(most)) context.error(most, 'provisioning.maxSize is required');
  if (sizeText(most).startsWith('-')) context.error(most, 'provisioning.maxSize cannot be negative');
  if (isZero(least) || sizeText(most).includes('%')) return;
  if (amount(least) > amount(most)) context.error(least, 'provisioning.minSize is greater than provisioning.maxSize');
}

function amount(size: Field): bigint {
  return parseByteSize(sizeText(size).replace(/^-/, '')) ?? 0n;
}
