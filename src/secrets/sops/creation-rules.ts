/**
 * `.sops.yaml`: which recipients and which rule a new file gets. The nearest one upwards counts, its first rule whose path_regex
 * matches, as `sops` does it (config/config.go), but seen from the file and not from the working directory, so that it is the same
 * rule wherever the command is run.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { IchorError } from '../../errors.ts';
import { isRecord, positionOf, readYaml } from '../yaml-source.ts';
import type { SopsEncryption } from './file.ts';
import { goRegExp, ruleOf } from './rules.ts';

export interface CreationRule extends SopsEncryption {
  /** The `.sops.yaml` that it comes from. */
  readonly from: string;
}

const MAX_DEPTH = 100;

/** Undefined when no `.sops.yaml` stands above the file. One without a fitting rule is an error, as for `sops`. */
export async function findCreationRule(
  path: string,
  readFile: (path: string) => Promise<string | undefined>,
): Promise<CreationRule | undefined> {
  const target = resolve(path);
  let folder = dirname(target);
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const config = join(folder, '.sops.yaml');
    const text = await readFile(config);
    if (text !== undefined) return creationRuleFor(text, config, target);
    if (dirname(folder) === folder) return undefined;
    folder = dirname(folder);
  }
  return undefined;
}

/** Undefined when the file has no creation_rules at all. */
export function creationRuleFor(text: string, config: string, path: string): CreationRule | undefined {
  const source = readYaml(text, config);
  const value: unknown = source.document.toJS();
  const rules: unknown = isRecord(value) ? value['creation_rules'] : undefined;
  if (!Array.isArray(rules)) return undefined;
  const local = relative(dirname(config), path);
  for (const [index, rule] of rules.entries()) {
    if (!isRecord(rule)) continue;
    const pattern = rule['path_regex'];
    if (typeof pattern === 'string' && pattern !== '' && !goRegExp(pattern).test(local)) continue;
    const where = positionOf(source, ['creation_rules', index]);
    const recipients = recipientsOf(rule);
    if (recipients.length === 0) {
      throw new IchorError('invalid-input', `${config}: the rule for ${local} names no age recipient`, {
        where,
        hint: 'Add `age: age1…`; other kinds of keys are not supported here.',
      });
    }
    return {
      recipients,
      rule: ruleOf(rule, `${config}: the rule for ${local}`),
      macOnlyEncrypted: rule['mac_only_encrypted'] === true,
      from: config,
    };
  }
  throw new IchorError('invalid-input', `${config} has no creation rule that matches ${local}`, {
    hint: 'Add a rule with a path_regex for it; sops refuses to encrypt the file as well.',
  });
}

function recipientsOf(rule: Readonly<Record<string, unknown>>): readonly string[] {
  const groups: unknown = rule['key_groups'];
  if (Array.isArray(groups) && groups.length > 1) {
    throw new IchorError('invalid-input', 'creation rules with several key_groups (Shamir) are not supported', {
      hint: 'List all recipients under `age`.',
    });
  }
  const [group]: unknown[] = Array.isArray(groups) ? groups : [];
  const given: unknown = isRecord(group) ? group['age'] : rule['age'];
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  return texts
    .flatMap((text) => (typeof text === 'string' ? text.split(',') : []))
    .map((text) => text.trim())
    .filter((text) => text !== '');
}
