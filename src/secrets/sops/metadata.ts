/**
 * The `sops:` block of a file: who can open it, by which rule values are encrypted, and the MAC. Written in the order and form of
 * sops 3.13 (stores/stores.go), so that the real program's next edit makes no needless difference.
 */
import { IchorError } from '../../errors.ts';
import { isRecord } from '../yaml-source.ts';
import { ruleOf, type EncryptionRule } from './rules.ts';

/** The release whose format is written. */
export const SOPS_VERSION = '3.13.3';

export interface AgeEntry {
  readonly recipient: string;
  /** Armoured age file that holds the data key. */
  readonly enc: string;
}

export interface SopsMetadata {
  readonly age: readonly AgeEntry[];
  /** Names of key kinds other than age that can open the file as well (`pgp`, `kms` …). */
  readonly otherKeys: readonly string[];
  readonly rule: EncryptionRule;
  readonly macOnlyEncrypted: boolean;
  readonly lastModified: string;
  readonly mac: string;
  readonly version: string;
}

const OTHER_KEYS = ['pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault'] as const;

export function readMetadata(value: Readonly<Record<string, unknown>>, file: string): SopsMetadata {
  const text = (key: string): string => (typeof value[key] === 'string' ? value[key] : '');
  if (Array.isArray(value['key_groups']) && value['key_groups'].length > 0) {
    throw new IchorError('invalid-input', `${file} splits its key over key groups (Shamir), which is not supported`, {
      hint: 'Encrypt it to age recipients without key_groups.',
    });
  }
  if (text('lastmodified') === '') throw new IchorError('invalid-input', `${file}: the sops block has no lastmodified`);
  const otherKeys = OTHER_KEYS.filter((key) => Array.isArray(value[key]) && value[key].length > 0);
  return {
    age: ageEntries(value['age']),
    otherKeys,
    rule: ruleOf(value, file),
    macOnlyEncrypted: value['mac_only_encrypted'] === true || value['mac_only_encrypted'] === 'true',
    lastModified: text('lastmodified'),
    mac: text('mac'),
    version: text('version'),
  };
}

export function renderMetadata(metadata: SopsMetadata): string {
  const lines = ['sops:', ...(metadata.age.length > 0 ? ['    age:'] : [])];
  for (const { recipient, enc } of metadata.age.toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1))) {
    lines.push(
      '        - enc: |',
      ...enc
        .trimEnd()
        .split('\n')
        .map((line) => `            ${line}`),
      `          recipient: ${recipient}`,
    );
  }
  const { rule } = metadata;
  const fields: readonly [string, string][] = [
    ['lastmodified', `"${metadata.lastModified}"`],
    ['mac', metadata.mac],
    [rule.key, yamlText(rule.value)],
    ...(metadata.macOnlyEncrypted ? [['mac_only_encrypted', 'true'] satisfies [string, string]] : []),
    ['version', metadata.version],
  ];
  for (const [key, value] of fields.toSorted(([a], [b]) => (a < b ? -1 : 1))) lines.push(`    ${key}: ${value}`);
  return `${lines.join('\n')}\n`;
}

function ageEntries(value: unknown): AgeEntry[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.flatMap((entry) => {
    if (!isRecord(entry)) return [];
    const { recipient, enc } = entry;
    return typeof recipient === 'string' && typeof enc === 'string' ? [{ recipient, enc }] : [];
  });
}

function yamlText(text: string): string {
  return /^[A-Za-z_^(][A-Za-z0-9_^()|$.*+-]*$/.test(text) ? text : JSON.stringify(text);
}
