/**
 * Strict validation of a whole machine config as that very Talos release does it (`talosctl validate --strict`): what does not load,
 * what each document says wrong, and what documents do to each other. Our words, Talos' verdicts.
 */
import { decodeDocuments, identityOf } from '../documents/decode.ts';
import type { DecodedConfig } from '../documents/decode.ts';
import type { ConfigFinding } from '../documents/finding.ts';
import { positionAt } from '../documents/position.ts';
import { isNewerThanKnown } from '../documents/tables.ts';
import { LEGACY_KIND } from '../values/document.ts';
import { minorOf } from '../yaml/dialect.ts';
import type { Field } from './field.ts';
import { since } from './rule.ts';
import type { RuleContext, ValidationMode } from './rule.ts';
import { documentRules } from './rules.ts';
import { legacyConflicts } from './rules/conflicts.ts';
import { legacyRule } from './rules/legacy.ts';
import { wholeConfig } from './whole-config.ts';

export interface ValidateOptions {
  /** The node's Talos version: rules differ even between patch releases. */
  readonly talos: string;
  readonly mode: ValidationMode;
  /** Warnings about the document without kind count as errors, as with talosctl's --strict. */
  readonly strict?: boolean;
}

export interface Validation {
  /** Why the text does not load; then nothing else was looked at. */
  readonly load: readonly ConfigFinding[];
  readonly errors: readonly ConfigFinding[];
  readonly warnings: readonly ConfigFinding[];
  /** What is newer than this Ichor and was not looked at. */
  readonly notices: readonly ConfigFinding[];
}

export function validateConfig(text: string, options: ValidateOptions): Validation {
  const config = decodeDocuments(text, options.talos);
  if (config.problems.length > 0) return { load: config.problems, errors: [], warnings: [], notices: config.notices };
  return { load: [], ...validateDocuments(config, options) };
}

/** For documents that were read already. */
export function validateDocuments(config: DecodedConfig, options: ValidateOptions): Omit<Validation, 'load'> {
  const report: Report = { errors: [], warnings: [] };
  const context = contextInto(report, options);
  const roots = config.documents.flatMap((owner) =>
    owner.document.kind === 'typed'
      ? [{ kind: owner.kind, root: { value: owner.document.value, path: [], owner } }]
      : [],
  );
  const legacy = roots.find(({ kind }) => kind === LEGACY_KIND)?.root;
  if (legacy !== undefined) legacyRule(legacy, context);
  const others = roots.filter(({ kind }) => kind !== LEGACY_KIND);
  for (const { kind, root } of others) documentRules[kind]?.(root, context);
  for (const { kind, root } of legacy === undefined ? [] : others) {
    // 1.11 knew of one such conflict only, that of disk encryption.
    if (since(context, '1.12') || kind === 'VolumeConfig') legacyConflicts(kind, root, legacy ?? root, context);
  }
  if (since(context, '1.14')) wholeConfig({ legacy, documents: byKind(others) }, context);
  return { ...report, notices: config.notices };
}

interface Rooted {
  readonly kind: string;
  readonly root: Field;
}

function byKind(roots: readonly Rooted[]): ReadonlyMap<string, readonly Field[]> {
  const kinds = new Map<string, Field[]>();
  for (const { kind, root } of roots) kinds.set(kind, [...(kinds.get(kind) ?? []), root]);
  return kinds;
}

interface Report {
  readonly errors: ConfigFinding[];
  readonly warnings: ConfigFinding[];
}

function contextInto(report: Report, options: ValidateOptions): RuleContext {
  const note = (severity: 'error' | 'warning', field: Field, message: string): void => {
    const { owner } = field;
    const isError = severity === 'error' || (options.strict === true && owner?.kind === LEGACY_KIND);
    (isError ? report.errors : report.warnings).push({
      severity: isError ? 'error' : 'warning',
      document: owner === undefined ? undefined : identityOf(owner),
      path: field.path,
      message,
      position: owner === undefined ? undefined : positionAt(owner.node, field.path),
    });
  };
  return {
    minor: minorOf(options.talos),
    patch: patchOf(options.talos),
    mode: options.mode,
    error: (field, message) => note('error', field, message),
    warning: (field, message) => note('warning', field, message),
  };
}

/** A version without patch release, and one newer than known, is held against the newest rules. */
function patchOf(talos: string): number {
  const patch = /^v?[0-9]+\.[0-9]+\.([0-9]+)/.exec(talos)?.[1];
  return patch === undefined || isNewerThanKnown(talos) ? Number.POSITIVE_INFINITY : Number(patch);
}
